// See rsa_loop.h.
#include "rsa_loop.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>

namespace bench {

RsaLoop::RsaLoop(std::size_t text_bytes) : key_(EVP_RSA_gen(2048)), text_(text_bytes, 't') {
  if (key_ == nullptr) throw std::runtime_error("OpenSSL makes no RSA key");
}

std::string RsaLoop::pem() const {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), BIO_free);
  if (memory == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    throw std::runtime_error("OpenSSL does not write the key");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Sample RsaLoop::sign(int count) {
  std::array<unsigned char, 256> signature{};
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const std::int64_t start = monotonic_ns();
  for (int at = 0; at < count; ++at) {
    std::size_t size = signature.size();
    EVP_MD_CTX_reset(context.get());
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(text_.data()),
                       text_.size()) != 1)
      throw std::runtime_error("OpenSSL refused to sign");
  }
  return {static_cast<double>(count), static_cast<double>(monotonic_ns() - start) / 1e9};
}

}  // namespace bench
