// The RSA key that a platform signs its LTI messages with. Knows keys and bytes, nothing of LTI.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/result.h"
#include "wire/openssl.h"

namespace ptb {

class RsaKey {
 public:
  /// A private key of 2048 to 8192 bits, PEM, PKCS #8 or PKCS #1, without a passphrase. Errors: Status::argument, one
  /// line that holds nothing of the key.
  static Result<RsaKey> from_pem(std::string_view pem);

  /// RFC 7638: base64url of the SHA-256 of the public JWK.
  [[nodiscard]] const std::string& kid() const { return kid_; }
  /// Modulus and exponent as a JWK holds them.
  [[nodiscard]] const std::string& n() const { return n_; }
  [[nodiscard]] const std::string& e() const { return e_; }

  /// RSASSA-PKCS1-v1_5 with SHA-256, the raw bytes. Callable from any thread. Errors: Status::internal.
  [[nodiscard]] Result<std::string> sign_rs256(std::string_view bytes) const;

 private:
  RsaKey() = default;
  OpensslPtr<EVP_PKEY, EVP_PKEY_free> key_;
  std::string n_;
  std::string e_;
  std::string kid_;
};

/// Keys parsed lately, since parsing costs as much as signing. Holds a few, found by a digest of their PEM; the one
/// used longest ago goes first, and all when this goes. Callable from any thread.
class RsaKeys {
 public:
  Result<std::shared_ptr<const RsaKey>> of(std::string_view pem) const;

 private:
  struct Slot {
    std::string digest;
    std::shared_ptr<const RsaKey> key;
    std::uint64_t used = 0;
  };
  mutable std::mutex mutex_;
  mutable std::array<Slot, 4> slots_;
  mutable std::uint64_t uses_ = 0;
};

}  // namespace ptb
