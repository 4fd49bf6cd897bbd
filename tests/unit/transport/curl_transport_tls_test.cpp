// TLS of the curl transport: whom it believes, and what a failed handshake is called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "certificates.h"
#include "exchanges.h"
#include "loopback_server.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;

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
