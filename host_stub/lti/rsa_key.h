// RSA keys as LTI uses them: RS256 (RSASSA-PKCS1-v1_5 with SHA-256) and the key's name. Knows no tokens and no files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

struct evp_pkey_st;

namespace host {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};

/// Shared by both halves: a public key, or a pair.
class RsaKey {
 public:
  /// A new pair of 2048 bits. The errors of all of these are one line.
  static tl::expected<RsaKey, std::string> make();
  /// A private key in PEM.
  static tl::expected<RsaKey, std::string> from_pem(const std::string& pem);
  /// A public key from the big-endian bytes of modulus and exponent; at least 2048 bits (NIST SP 800-131A).
  static tl::expected<RsaKey, std::string> from_numbers(std::string_view modulus, std::string_view exponent);

  /// The private key, PKCS #8.
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] std::string modulus() const;   ///< big-endian, no leading zero
  [[nodiscard]] std::string exponent() const;  ///< likewise
  /// The name that tokens and key sets know it by: its thumbprint (RFC 7638, SHA-256, base64url).
  [[nodiscard]] std::string kid() const;

  /// Empty where OpenSSL refuses.
  [[nodiscard]] std::string sign(std::string_view bytes) const;
  [[nodiscard]] bool verify(std::string_view bytes, std::string_view signature) const;

 private:
  explicit RsaKey(evp_pkey_st* key) : key_(key, FreeKey()) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace host
