// TLS of the curl transport: whom it believes, and what a failed handshake is called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "exchanges.h"
#include "loopback_server.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;

/// A self-signed certificate for `name`, made now, and its PEM file.
class Certificate {
 public:
  explicit Certificate(const char* subject_alternative_name) {
    key_ = EVP_EC_gen("P-256");
    certificate_ = X509_new();
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* const name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alternative_name);
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
    context_ = SSL_CTX_new(TLS_server_method());
    EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate_), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key_), 1);
    EXPECT_NE(mkdtemp(folder_), nullptr);
    FILE* const file = std::fopen(pem().c_str(), "w");
    PEM_write_X509(file, certificate_);
    std::fclose(file);
  }
  ~Certificate() {
    std::filesystem::remove_all(folder_);
    SSL_CTX_free(context_);
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::string pem() const { return std::string(folder_) + "/ca.pem"; }
  [[nodiscard]] SSL_CTX* context() const { return context_; }

 private:
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  SSL_CTX* context_ = nullptr;
  char folder_[32] = "/tmp/ptb_tls_XXXXXX";
};

std::shared_ptr<Destination> trusting(const std::string& ca_file) {
  auto destination = loopback();
  destination->allow_http = false;
  destination->ca_file = ca_file;
  return destination;
}

void answer_all(Stream& stream) {
  while (!stream.read_request().empty()) stream.write(http_answer(200, "<result>SUCCESS<result>"));
}

TEST(CurlTransportTls, BelievesTheAuthorityOfTheDestinationAndKeepsTheConnection) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(answer_all, certificate.context());
  const auto transport = make_transport();
  for (int i = 0; i < 5; ++i) {
    const auto result = exchange(*transport, request_for(trusting(certificate.pem()), server.url("https")));
    ASSERT_EQ(result.fault, Fault::none) << result.fault_text;
    EXPECT_EQ(result.body, "<result>SUCCESS<result>");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransportTls, DoesNotBelieveAnybodyElse) {
  const Certificate certificate("IP:127.0.0.1");
  const Certificate other("IP:127.0.0.1");
  LoopbackServer server(answer_all, certificate.context());
  const auto transport = make_transport();
  for (const std::string& ca_file : {std::string(), other.pem()}) {
    const auto result = exchange(*transport, request_for(trusting(ca_file), server.url("https")));
    EXPECT_EQ(result.fault, Fault::tls_handshake) << result.fault_text;
    EXPECT_THAT(result.fault_text, HasSubstr("no TLS session"));
  }
}

TEST(CurlTransportTls, AConnectionOfOneAuthorityIsNotUsedUnderAnother) {
  const Certificate certificate("IP:127.0.0.1");
  const Certificate other("IP:127.0.0.1");
  LoopbackServer server(answer_all, certificate.context());
  const auto transport = make_transport();
  ASSERT_EQ(exchange(*transport, request_for(trusting(certificate.pem()), server.url("https"))).fault, Fault::none);
  EXPECT_EQ(exchange(*transport, request_for(trusting(other.pem()), server.url("https"))).fault, Fault::tls_handshake);
}

TEST(CurlTransportTls, TheNameMustBeInTheCertificate) {
  const Certificate certificate("DNS:tool.example");
  LoopbackServer server(answer_all, certificate.context());
  const auto result = exchange(*make_transport(), request_for(trusting(certificate.pem()), server.url("https")));
  EXPECT_EQ(result.fault, Fault::tls_handshake) << result.fault_text;
}

TEST(CurlTransportTls, AServerThatSpeaksNoTlsFailsTheHandshake) {
  LoopbackServer server([](Stream& stream) {
    char bytes[512];
    if (recv(stream.fd(), bytes, sizeof bytes, 0) > 0) stream.write(http_answer(400, "speak http"));
  });
  const auto result = exchange(*make_transport(), request_for(trusting(""), server.url("https")));
  EXPECT_EQ(result.fault, Fault::tls_handshake) << result.fault_text;
}

TEST(CurlTransportTls, NeitherAClosedPortNorASilentServerIsAFailedHandshake) {
  std::string closed;
  {
    LoopbackServer server([](Stream&) {});
    closed = server.url("https");
  }
  const auto transport = make_transport();
  EXPECT_EQ(exchange(*transport, request_for(trusting(""), closed)).fault, Fault::broken);
  LoopbackServer silent([](Stream& stream) { stream.read_request(); });
  auto hasty = trusting("");
  hasty->total_timeout_ms = 100;
  EXPECT_EQ(exchange(*transport, request_for(hasty, silent.url("https"))).fault, Fault::timed_out);
}

TEST(CurlTransportTls, AMissingCaFileIsNamed) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(answer_all, certificate.context());
  const auto result = exchange(*make_transport(), request_for(trusting("/nowhere/ca.pem"), server.url("https")));
  EXPECT_EQ(result.fault, Fault::broken);
  EXPECT_THAT(result.fault_text, HasSubstr("/nowhere/ca.pem"));
}

TEST(CurlTransportTls, ARequestThatWasHeardAndNotAnsweredIsNotRepeatedUnasked) {
  const Certificate certificate("IP:127.0.0.1");
  std::atomic<int> heard{0};
  LoopbackServer server(
      [&](Stream& stream) {
        while (!stream.read_request().empty()) {
          if (++heard == 2) return;
          stream.write(http_answer(200, "x"));
        }
      },
      certificate.context());
  const auto transport = make_transport();
  const auto once = [&] { return exchange(*transport, request_for(trusting(certificate.pem()), server.url("https"))); };
  EXPECT_EQ(once().fault, Fault::none);
  EXPECT_EQ(once().fault, Fault::broken);
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(once().fault, Fault::none);
}

TEST(CurlTransportTls, AConnectionClosedBetweenExchangesIsNoFailure) {
  const Certificate certificate("IP:127.0.0.1");
  std::atomic<int> requests{0};
  std::atomic<int> closed{0};
  LoopbackServer server(
      [&](Stream& stream) {
        if (stream.read_request().empty()) return;
        ++requests;
        stream.write(http_answer(200, "x"));
        shutdown(stream.fd(), SHUT_RDWR);
        ++closed;
      },
      certificate.context());
  const auto transport = make_transport();
  for (int i = 1; i <= 20; ++i) {
    const auto result = exchange(*transport, request_for(trusting(certificate.pem()), server.url("https")));
    ASSERT_EQ(result.fault, Fault::none) << "exchange " << i << ": " << result.fault_text;
    ASSERT_EQ(requests, i);
    while (closed < i) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace ptb::test
