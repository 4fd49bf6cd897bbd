// A certificate for 127.0.0.1 made on the spot, and a client that speaks TLS by OpenSSL alone.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "tool_process.h"

namespace host::test {

/// Writes cert.pem and key.pem into the directory.
inline void write_certificate(const TemporaryDirectory& directory) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const auto close = [](FILE* file) { return std::fclose(file); };
  const std::unique_ptr<FILE, decltype(close)> cert_file(std::fopen((directory / "cert.pem").c_str(), "w"), close);
  const std::unique_ptr<FILE, decltype(close)> key_file(std::fopen((directory / "key.pem").c_str(), "w"), close);
  PEM_write_X509(cert_file.get(), certificate.get());
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class TlsPeer {
 public:
  explicit TlsPeer(std::uint16_t port, int most_version = TLS1_3_VERSION) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_max_proto_version(context_, most_version);
    bio_ = BIO_new_ssl_connect(context_);
    BIO_set_conn_hostname(bio_, fmt::format("127.0.0.1:{}", port).c_str());
    connected_ = BIO_do_connect(bio_) == 1;
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer() {
    BIO_free_all(bio_);
    SSL_CTX_free(context_);
  }
  bool connected() const { return connected_; }
  void send(std::string_view text) { BIO_write(bio_, text.data(), static_cast<int>(text.size())); }
  /// What comes until the server ends the connection.
  std::string read_all() {
    std::string all;
    std::array<char, 4096> piece{};
    while (true) {
      const int got = BIO_read(bio_, piece.data(), piece.size());
      if (got > 0) {
        all.append(piece.data(), static_cast<std::size_t>(got));
        continue;
      }
      SSL* ssl = nullptr;
      BIO_get_ssl(bio_, &ssl);
      ended_properly_ = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
      return all;
    }
  }
  bool ended_properly() const { return ended_properly_; }

 private:
  SSL_CTX* context_;
  BIO* bio_ = nullptr;
  bool connected_ = false;
  bool ended_properly_ = false;
};

}  // namespace host::test
