#include "wire/rsa_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "wire/encoding.h"

namespace ptb {

namespace {

using Bio = OpensslPtr<BIO, BIO_free_all>;
using Digest = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr int kMinBits = 2048;
constexpr int kMaxBits = 8192;  ///< beyond, one signature takes longer than a receiver waits
constexpr std::size_t kMaxPemBytes = std::size_t{64} * 1024;

/// OpenSSL would else ask for a passphrase on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// A number of the key as big-endian bytes, base64url.
std::string number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) return {};
  const OpensslPtr<BIGNUM, BN_free> number(found);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return base64url(bytes);
}

}  // namespace

Result<RsaKey> RsaKey::from_pem(std::string_view pem) {
  const KeepErrorQueue keep;
  RsaKey made;
  if (pem.size() <= kMaxPemBytes) {
    const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    made.key_.reset(text == nullptr ? nullptr : PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  }
  if (made.key_ == nullptr)
    return fail(Status::argument,
                "the secret is no private key in PEM without a passphrase: store the platform's RSA key there");
  if (EVP_PKEY_get_base_id(made.key_.get()) != EVP_PKEY_RSA)
    return fail(Status::argument, "the secret is a private key, but not of RSA: LTI notices are signed with RS256");
  const int bits = EVP_PKEY_get_bits(made.key_.get());
  if (bits < kMinBits || bits > kMaxBits)
    return fail(Status::argument,
                fmt::format("the RSA key of the secret has {} bits: use one of {} to {}", bits, kMinBits, kMaxBits));
  made.n_ = number_of(made.key_.get(), OSSL_PKEY_PARAM_RSA_N);
  made.e_ = number_of(made.key_.get(), OSSL_PKEY_PARAM_RSA_E);
  made.kid_ = base64url(sha256(fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", made.e_, made.n_)));
  return made;
}

Result<std::string> RsaKey::sign_rs256(std::string_view bytes) const {
  const KeepErrorQueue keep;
  const Digest context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) != 1)
    return fail(Status::internal, "OpenSSL refused to sign with the platform's RSA key: check its configuration");
  signature.resize(size);
  return signature;
}

Result<std::shared_ptr<const RsaKey>> RsaKeys::of(std::string_view pem) const {
  const std::string digest = sha256(pem);
  {
    const std::lock_guard lock(mutex_);
    for (Slot& slot : slots_) {
      if (slot.key == nullptr || slot.digest != digest) continue;
      slot.used = ++uses_;
      return slot.key;
    }
  }
  auto parsed = RsaKey::from_pem(pem);
  if (!parsed) return fail(parsed.error());
  auto key = std::make_shared<const RsaKey>(*std::move(parsed));
  const std::lock_guard lock(mutex_);
  const auto oldest =
      std::min_element(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) { return a.used < b.used; });
  *oldest = {digest, key, ++uses_};
  return key;
}

}  // namespace ptb
