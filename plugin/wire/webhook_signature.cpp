#include "wire/webhook_signature.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "wire/encoding.h"
#include "wire/openssl.h"

namespace ptb {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kSymmetric = "whsec_";
constexpr std::string_view kAsymmetric = "whsk_";
constexpr int kMaxKeys = 8;
constexpr std::size_t kEd25519Bytes = 32;

using Key = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using Digest = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Decoded key bytes, gone with this object.
class KeyBytes {
 public:
  explicit KeyBytes(std::string_view encoded) : bytes_(bytes_of_base64(encoded)) {}
  ~KeyBytes() {
    if (bytes_) OPENSSL_cleanse(bytes_->data(), bytes_->size());
  }
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  [[nodiscard]] bool valid() const { return bytes_.has_value(); }
  [[nodiscard]] std::string_view view() const { return *bytes_; }

 private:
  std::optional<std::string> bytes_;
};

/// A signature, or what is wrong with the key, to be put behind its place.
using Signed = tl::expected<std::string, std::string>;

/// What is signed, in pieces, since the last of them may be a megabyte.
using Pieces = std::array<std::string_view, 5>;

Signed sign_v1(std::string_view encoded_key, const Pieces& message) {
  const KeyBytes key(encoded_key);
  if (!key.valid()) return tl::unexpected<std::string>("is not base64 behind whsec_");
  if (key.view().size() < 24 || key.view().size() > 64)
    return tl::unexpected<std::string>(fmt::format("has {} bytes, not 24 to 64", key.view().size()));
  const OpensslPtr<EVP_MAC, EVP_MAC_free> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free> context(hmac == nullptr ? nullptr : EVP_MAC_CTX_new(hmac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM with_sha256[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                    OSSL_PARAM_construct_end()};
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  std::size_t size = 0;
  const auto takes = [&](std::string_view piece) {
    return EVP_MAC_update(context.get(), bytes_of(piece), piece.size()) == 1;
  };
  if (context == nullptr || EVP_MAC_init(context.get(), bytes_of(key.view()), key.view().size(), with_sha256) != 1 ||
      !std::all_of(message.begin(), message.end(), takes) ||
      EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1)
    return tl::unexpected<std::string>("cannot sign: OpenSSL offers no HMAC-SHA256 here; check its configuration");
  return "v1," + base64({reinterpret_cast<const char*>(mac.data()), size});
}

/// Ed25519 signs what it has in one piece.
Signed sign_v1a(std::string_view encoded_key, const Pieces& pieces) {
  const KeyBytes bytes(encoded_key);
  if (!bytes.valid()) return tl::unexpected<std::string>("is not base64 behind whsk_");
  const std::string_view given = bytes.view();
  if (given.size() != kEd25519Bytes && given.size() != 2 * kEd25519Bytes)
    return tl::unexpected<std::string>(fmt::format("has {} bytes, not 32 or 64", given.size()));
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(given), kEd25519Bytes));
  std::array<unsigned char, kEd25519Bytes> half{};
  std::size_t size = half.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), half.data(), &size) != 1)
    return tl::unexpected<std::string>("cannot sign: OpenSSL offers no Ed25519 here; check its configuration");
  const std::string_view public_half(reinterpret_cast<const char*>(half.data()), half.size());
  if (given.size() > kEd25519Bytes && given.substr(kEd25519Bytes) != public_half)
    return tl::unexpected<std::string>("holds a public key that is not of its private key");

  const std::string message = fmt::format("{}", fmt::join(pieces, ""));
  const Digest context(EVP_MD_CTX_new());
  std::array<unsigned char, 64> signature{};
  size = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) != 1)
    return tl::unexpected<std::string>("cannot sign: OpenSSL refused to use it");
  return "v1a," + base64({reinterpret_cast<const char*>(signature.data()), size});
}

Signed sign_with(std::string_view key, const Pieces& message) {
  if (key.starts_with(kSymmetric)) return sign_v1(key.substr(kSymmetric.size()), message);
  if (key.starts_with(kAsymmetric)) return sign_v1a(key.substr(kAsymmetric.size()), message);
  return tl::unexpected<std::string>("starts with neither whsec_ nor whsk_");
}

}  // namespace

Result<std::string> webhook_signatures(std::string_view secret, std::string_view id, std::string_view timestamp,
                                       std::string_view body) {
  const KeepErrorQueue keep;
  const Pieces message = {id, ".", timestamp, ".", body};
  std::string signatures;
  int place = 0;
  while (true) {
    secret.remove_prefix(std::min(secret.find_first_not_of(kSpace), secret.size()));
    if (secret.empty()) break;
    const auto end = std::min(secret.find_first_of(kSpace), secret.size());
    if (++place > kMaxKeys)
      return fail(Status::argument, fmt::format("the secret holds more than {} keys: remove old ones", kMaxKeys));
    const Signed signature = sign_with(secret.substr(0, end), message);
    if (!signature)
      return fail(Status::argument, fmt::format("key {} of the secret {}: store a good one, then save the tool", place,
                                                signature.error()));
    signatures += (place > 1 ? " " : "") + *signature;
    secret.remove_prefix(end);
  }
  if (place == 0)
    return fail(Status::argument, "the secret holds no key: store one that starts with whsec_, then save the tool");
  return signatures;
}

}  // namespace ptb
