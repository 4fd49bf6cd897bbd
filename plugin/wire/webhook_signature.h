// Signatures of Standard Webhooks 1.0.0. Knows keys and bytes, nothing of events; keeps no secret.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace ptb {

/// What the header webhook-signature holds: one signature for each key of `secret`, in its order, between spaces.
///
/// `secret`: one or more keys between white space (several while a key is being rotated, at most 8).
/// `whsec_` + base64 of 24 to 64 bytes signs as `v1,` (HMAC-SHA256); `whsk_` + base64 of an Ed25519 private key, the
/// 32 bytes alone or followed by the 32 of its public key, signs as `v1a,`. Signed is id.timestamp.body.
/// Errors: Status::argument, one line that names the key by its place and holds nothing of it.
Result<std::string> webhook_signatures(std::string_view secret, std::string_view id, std::string_view timestamp,
                                       std::string_view body);

}  // namespace ptb
