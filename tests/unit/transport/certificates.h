// Certificates for the tests of the transport, made at the moment: self-signed, for tools and for clients, with their
// PEM files.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace ptb::test {

struct CertificateOptions {
  const char* alternative_names = "IP:127.0.0.1";
  const char* common_name = "test";
  long valid_from_s = -3600;  ///< from now
  long valid_until_s = 3600;
};

class Certificate {
 public:
  explicit Certificate(const CertificateOptions& options = {});
  explicit Certificate(const char* alternative_names) : Certificate(CertificateOptions{alternative_names}) {}
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  /// The certificate, which is also its own authority.
  [[nodiscard]] std::string pem() const { return path("ca.pem"); }
  [[nodiscard]] std::string key_pem() const { return path("key.pem"); }
  /// The key under a passphrase.
  [[nodiscard]] std::string encrypted_key_pem() const { return path("encrypted.pem"); }
  /// A file beside them, with that content.
  [[nodiscard]] std::string file(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + ("/" + name); }

  /// For a server that shows it.
  [[nodiscard]] SSL_CTX* context() const { return context_; }
  /// The server asks its clients for a certificate, `needed` or not, and believes that of `client`.
  void ask_for(const Certificate& client, bool needed) const;

 private:
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  SSL_CTX* context_ = nullptr;
  char folder_[32] = "/tmp/ptb_tls_XXXXXX";
};

/// The common name that the peer of a connection has shown; empty where it has shown no certificate.
std::string peer_name(const SSL* ssl);

}  // namespace ptb::test
