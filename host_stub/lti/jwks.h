// Sets of public keys (RFC 7517): writes one, reads one, and finds a token's key in a file or at an address.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "lti/rsa_key.h"

namespace host {

/// {"keys":[…]} with the public half of `key`.
nlohmann::ordered_json jwks_of(const RsaKey& key);

/// The RSA keys of a set, by kid; other keys are passed over. The error is one line.
tl::expected<std::map<std::string, RsaKey>, std::string> read_jwks(const std::string& text);

/// Where the keys of a platform are published. Reads them when one is asked for that is not known, so that a platform
/// may change its key, but an address at most every ten seconds, so that forged tokens cannot make it be asked.
class JwksSource {
 public:
  /// A file, or an http or https URL.
  explicit JwksSource(std::string place) : place_(std::move(place)) {}

  /// The key, or one line that says why there is none.
  tl::expected<RsaKey, std::string> find(const std::string& kid, std::int64_t now_ms);
  [[nodiscard]] bool is_file() const;
  /// Reads the set now. The error is one line.
  tl::expected<void, std::string> load();

 private:
  std::string place_;
  std::map<std::string, RsaKey> keys_;
  std::optional<std::int64_t> read_at_ms_;
  std::string problem_;  // of the last reading
};

}  // namespace host
