// JSON Web Tokens signed with RS256 (RFC 7515, RFC 7519): writes them, and takes them apart with their signature
// verified. Knows nothing of what the claims mean and reads no clock.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "lti/rsa_key.h"

namespace host {

using JwtClaims = nlohmann::ordered_json;

/// Empty where OpenSSL refuses.
std::string sign_jwt(const JwtClaims& claims, const RsaKey& key);

/// A token taken apart; nothing of it is to be believed before `verified_by` has said yes.
struct Jwt {
  JwtClaims header;
  JwtClaims claims;
  std::string signed_part;
  std::string signature;

  /// The error is one line: not three parts, not base64url, no JSON objects, an algorithm other than RS256.
  static tl::expected<Jwt, std::string> parse(std::string_view text);
  [[nodiscard]] bool verified_by(const RsaKey& key) const { return key.verify(signed_part, signature); }
  [[nodiscard]] std::string kid() const;
};

}  // namespace host
