#include "lti/rsa_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <array>

#include "text/base64.h"

namespace host {

namespace {

constexpr unsigned int kBits = 2048;

template <typename Type, void (*Free)(Type*)>
struct FreeWith {
  void operator()(Type* one) const { Free(one); }
};
using Number = std::unique_ptr<BIGNUM, FreeWith<BIGNUM, BN_clear_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM, OSSL_PARAM_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string number_of(evp_pkey_st* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const Number number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(raw)), '\0');
  BN_bn2bin(raw, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

tl::expected<RsaKey, std::string> RsaKey::make() {
  evp_pkey_st* key = EVP_RSA_gen(kBits);
  if (key == nullptr) return tl::make_unexpected(std::string("OpenSSL cannot make an RSA key: try again"));
  return RsaKey(key);
}

tl::expected<RsaKey, std::string> RsaKey::from_pem(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // An encrypted key must not make OpenSSL ask on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  evp_pkey_st* key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr;
  if (key == nullptr) return tl::make_unexpected(std::string("it holds no private key in PEM without a passphrase"));
  RsaKey made(key);
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return tl::make_unexpected(std::string("the key is no RSA key"));
  return made;
}

tl::expected<RsaKey, std::string> RsaKey::from_numbers(std::string_view modulus, std::string_view exponent) {
  const Number n(BN_bin2bn(bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_num_bits(n.get()) < static_cast<int>(kBits))
    return tl::make_unexpected(fmt::format("an RSA key of less than {} bits is not trusted", kBits));
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  evp_pkey_st* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return tl::make_unexpected(std::string("the numbers make no RSA key"));
  return RsaKey(key);
}

std::string RsaKey::pem() const {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

std::string RsaKey::modulus() const { return number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N); }
std::string RsaKey::exponent() const { return number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E); }

std::string RsaKey::kid() const {
  const auto canonical = fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", base64_encode(exponent(), Base64::url),
                                     base64_encode(modulus(), Base64::url));
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes_of(canonical), canonical.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}, Base64::url);
}

std::string RsaKey::sign(std::string_view bytes) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(bytes), bytes.size()) != 1)
    return {};
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), out, &size, bytes_of(bytes), bytes.size()) != 1) return {};
  signature.resize(size);
  return signature;
}

bool RsaKey::verify(std::string_view bytes, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
}

}  // namespace host
