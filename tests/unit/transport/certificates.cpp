#include "certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace ptb::test {

Certificate::Certificate(const CertificateOptions& options) {
  key_ = EVP_EC_gen("P-256");
  certificate_ = X509_new();
  X509_set_version(certificate_, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate_), options.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate_), options.valid_until_s);
  X509_set_pubkey(certificate_, key_);
  X509_NAME* const name = X509_get_subject_name(certificate_);
  const auto* const common_name = reinterpret_cast<const unsigned char*>(options.common_name);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate_, name);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, options.alternative_names);
  X509_add_ext(certificate_, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate_, key_, EVP_sha256());
  context_ = SSL_CTX_new(TLS_server_method());
  EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate_), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key_), 1);
  EXPECT_NE(mkdtemp(folder_), nullptr);
  FILE* file = std::fopen(pem().c_str(), "w");
  PEM_write_X509(file, certificate_);
  std::fclose(file);
  file = std::fopen(key_pem().c_str(), "w");
  PEM_write_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen(encrypted_key_pem().c_str(), "w");
  const auto* const passphrase = reinterpret_cast<const unsigned char*>("open sesame");
  PEM_write_PrivateKey(file, key_, EVP_aes_128_cbc(), passphrase, 11, nullptr, nullptr);
  std::fclose(file);
}

Certificate::~Certificate() {
  std::filesystem::remove_all(folder_);
  SSL_CTX_free(context_);
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string Certificate::file(const std::string& name, const std::string& content) const {
  std::ofstream(path(name)) << content;
  return path(name);
}

void Certificate::ask_for(const Certificate& client, bool needed) const {
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | (needed ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  EXPECT_EQ(SSL_CTX_load_verify_locations(context_, client.pem().c_str(), nullptr), 1);
  EXPECT_EQ(SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>("test"), 4), 1);
}

std::string peer_name(const SSL* ssl) {
  X509* const certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  char text[100] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  X509_free(certificate);
  return text;
}

}  // namespace ptb::test
