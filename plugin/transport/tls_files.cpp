#include "transport/tls_files.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace ptb {

namespace {

struct Closing {
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using File = std::unique_ptr<std::FILE, Closing>;
using Certificate = std::unique_ptr<X509, Closing>;
using Key = std::unique_ptr<EVP_PKEY, Closing>;

/// OpenSSL would else ask for a passphrase on the host's terminal.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

File open_file(const std::string& path, std::string& problem) {
  File file(std::fopen(path.c_str(), "re"));
  if (file != nullptr && std::fgetc(file.get()) != EOF) {
    std::rewind(file.get());
  } else {
    problem = file != nullptr && std::ferror(file.get()) == 0 ? "it is empty" : std::generic_category().message(errno);
    file = nullptr;
  }
  return file;
}

Certificate read_certificate(const std::string& path, std::string& problem) {
  const File file = open_file(path, problem);
  if (file == nullptr) return nullptr;
  Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) problem = "it holds no certificate in PEM form";
  ERR_clear_error();  // the thread is the host's
  return certificate;
}

Key read_key(const std::string& path, std::string& problem) {
  const File file = open_file(path, problem);
  if (file == nullptr) return nullptr;
  bool asked = false;
  Key key(PEM_read_PrivateKey(file.get(), nullptr, &refuse_passphrase, &asked));
  if (key == nullptr)
    problem = asked ? "it needs a passphrase, which cannot be given" : "it holds no private key in PEM form";
  ERR_clear_error();
  return key;
}

}  // namespace

std::string authorities_problem(const std::string& ca_file, const std::string& system_file) {
  std::string problem;
  const std::string& path = ca_file.empty() ? system_file : ca_file;
  if (!path.empty() && read_certificate(path, problem) != nullptr) problem = "libcurl does not take it";
  if (!ca_file.empty())
    return fmt::format("the CA file {} cannot be used: {}; correct --ca-file for this tool", ca_file, problem);
  if (system_file.empty())
    return "the system has no certificate authorities: install ca-certificates, or give this tool a --ca-file";
  return fmt::format(
      "the system's certificate authorities in {} cannot be used: {}; install ca-certificates, or give this tool a "
      "--ca-file",
      system_file, problem);
}

std::string client_identity_problem(const std::string& cert_file, const std::string& key_file) {
  std::string problem;
  const Certificate certificate = read_certificate(cert_file, problem);
  if (certificate == nullptr)
    return fmt::format("the client certificate {} cannot be used: {}; correct --client-cert for this tool", cert_file,
                       problem);
  const Key key = read_key(key_file, problem);
  if (key == nullptr)
    return fmt::format("the client key {} cannot be used: {}; correct --client-key for this tool", key_file, problem);
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (fits) return {};
  return fmt::format("the client key {} does not belong to the certificate {}: give the two that were made together",
                     key_file, cert_file);
}

}  // namespace ptb
