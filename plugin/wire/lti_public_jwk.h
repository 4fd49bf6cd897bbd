// What a platform publishes, so that tools can verify its LTI messages. Never holds anything private.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace ptb {

/// The public JWK (RFC 7517) of a platform's private RSA key, PEM: one JSON object for the `keys` of its JWKS. Its kid
/// is the one that notices name. Errors: Status::argument where the PEM is no such key.
Result<std::string> lti_public_jwk(std::string_view private_pem);

}  // namespace ptb
