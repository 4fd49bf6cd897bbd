// Mutual TLS of the curl transport, and what it says of files that cannot be used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "certificates.h"
#include "exchanges.h"
#include "loopback_server.h"
#include "transport/curl_exchange.h"
#include "transport/tls_files.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Answers each request with the name of whoever sent it.
void answer_name(Stream& stream) {
  while (!stream.read_request().empty()) {
    const std::string name = peer_name(stream.ssl());
    stream.write(http_answer(200, name.empty() ? "nobody" : name));
  }
}

std::shared_ptr<Destination> as_client(const Certificate& server, const std::string& cert_file,
                                       const std::string& key_file) {
  auto destination = trusting(server.pem());
  destination->client_cert_file = cert_file;
  destination->client_key_file = key_file;
  return destination;
}

std::shared_ptr<Destination> as_client(const Certificate& server, const Certificate& client) {
  return as_client(server, client.pem(), client.key_pem());
}

TEST(ClientCertificate, IsShownToTheToolThatAsksForIt) {
  const Certificate tool;
  const Certificate client({.common_name = "the lms"});
  tool.ask_for(client, true);
  LoopbackServer server(answer_name, tool.context());
  const auto transport = make_transport();
  for (int i = 0; i < 3; ++i) {
    const auto result = exchange(*transport, request_for(as_client(tool, client), server.url("https")));
    ASSERT_EQ(result.fault, Fault::none) << result.fault_text;
    EXPECT_EQ(result.body, "the lms");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientCertificate, WithoutItAToolThatNeedsItHearsNothing) {
  const Certificate tool;
  const Certificate client({.common_name = "the lms"});
  const Certificate stranger({.common_name = "a stranger"});
  tool.ask_for(client, true);
  std::atomic<int> heard{0};
  LoopbackServer server(
      [&](Stream& stream) {
        while (!stream.read_request().empty()) ++heard;
      },
      tool.context());
  for (const auto& destination : {trusting(tool.pem()), as_client(tool, stranger)}) {
    const auto result = exchange(*make_transport(), request_for(destination, server.url("https")));
    EXPECT_THAT(result.fault, ::testing::AnyOf(Fault::broken, Fault::tls_handshake)) << result.fault_text;
    EXPECT_THAT(result.fault_text, HasSubstr("--client-cert"));
  }
  EXPECT_EQ(heard, 0);
}

TEST(ClientCertificate, AConnectionOfOneIsNotUsedWithAnother) {
  const Certificate tool;
  const Certificate first({.common_name = "first"});
  const Certificate second({.common_name = "second"});
  tool.ask_for(first, false);
  tool.ask_for(second, false);
  LoopbackServer server(answer_name, tool.context());
  const auto transport = make_transport();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(exchange(*transport, request_for(as_client(tool, first), server.url("https"))).body, "first");
    EXPECT_EQ(exchange(*transport, request_for(as_client(tool, second), server.url("https"))).body, "second");
    EXPECT_EQ(exchange(*transport, request_for(trusting(tool.pem()), server.url("https"))).body, "nobody");
  }
}

TEST(ClientCertificate, AFileThatCannotBeUsedIsNamedWithTheReason) {
  const Certificate tool;
  const Certificate client;
  const Certificate other;
  tool.ask_for(client, true);
  std::atomic<int> heard{0};
  LoopbackServer server(
      [&](Stream& stream) {
        if (!stream.read_request().empty()) ++heard;
      },
      tool.context());
  const std::string folder = client.path(".");
  const std::string garbage = client.file("garbage.pem", "-----BEGIN NOTHING-----\n");
  const std::string empty = client.file("empty.pem", "");
  struct Row {
    std::string cert;
    std::string key;
    std::string named;
    const char* reason;
  };
  const Row rows[] = {
      {"/nowhere/c.pem", client.key_pem(), "/nowhere/c.pem", "No such file"},
      {client.pem(), "/nowhere/k.pem", "/nowhere/k.pem", "No such file"},
      {folder, client.key_pem(), folder, "Is a directory"},
      {client.pem(), folder, folder, "Is a directory"},
      {empty, client.key_pem(), empty, "it is empty"},
      {client.pem(), empty, empty, "it is empty"},
      {garbage, client.key_pem(), garbage, "no certificate in PEM form"},
      {client.pem(), garbage, garbage, "no private key in PEM form"},
      {client.pem(), client.pem(), client.pem(), "no private key in PEM form"},
      {client.pem(), other.key_pem(), other.key_pem(), "does not belong to the certificate"},
      {client.pem(), client.encrypted_key_pem(), client.encrypted_key_pem(), "passphrase"},
  };
  for (const auto& [cert, key, named, reason] : rows) {
    const auto result = exchange(*make_transport(), request_for(as_client(tool, cert, key), server.url("https")));
    EXPECT_EQ(result.fault, Fault::broken) << named;  // not a failed handshake: no other base URL would mend it
    EXPECT_THAT(result.fault_text, HasSubstr(named));
    EXPECT_THAT(result.fault_text, HasSubstr(reason));
  }
  EXPECT_EQ(heard, 0);
}

TEST(ClientCertificate, ARenewedFileIsUsedFromTheNextConnectionOn) {
  const Certificate tool;
  const Certificate client({.common_name = "renewed"});
  tool.ask_for(client, true);
  LoopbackServer server(answer_name, tool.context());
  const auto transport = make_transport();
  const auto destination = as_client(tool, client.path("c.pem"), client.path("k.pem"));
  EXPECT_EQ(exchange(*transport, request_for(destination, server.url("https"))).fault, Fault::broken);
  std::filesystem::copy_file(client.pem(), client.path("c.pem"));
  std::filesystem::copy_file(client.key_pem(), client.path("k.pem"));
  EXPECT_EQ(exchange(*transport, request_for(destination, server.url("https"))).body, "renewed");
}

TEST(Authorities, AFileThatCannotBeUsedIsNamedWithTheReason) {
  const Certificate tool;
  LoopbackServer server(answer_all, tool.context());
  const std::pair<std::string, const char*> rows[] = {
      {"/nowhere/ca.pem", "No such file"},
      {tool.path("."), "Is a directory"},
      {tool.file("empty.pem", ""), "it is empty"},
      {tool.file("garbage.pem", "garbage"), "no certificate in PEM form"},
  };
  for (const auto& [file, reason] : rows) {
    const auto result = exchange(*make_transport(), request_for(trusting(file), server.url("https")));
    EXPECT_EQ(result.fault, Fault::broken) << file;
    EXPECT_THAT(result.fault_text, HasSubstr("the CA file " + file + " cannot be used: "));
    EXPECT_THAT(result.fault_text, HasSubstr(reason));
    EXPECT_THAT(result.fault_text, HasSubstr("--ca-file"));
  }
}

TEST(Authorities, ASystemWithoutAnyIsSaidToHaveNone) {
  EXPECT_EQ(authorities_problem("", ""),
            "the system has no certificate authorities: install ca-certificates, or give this tool a --ca-file");
  EXPECT_EQ(authorities_problem("", "/nowhere/ca-certificates.crt"),
            "the system's certificate authorities in /nowhere/ca-certificates.crt cannot be used: No such file or "
            "directory; install ca-certificates, or give this tool a --ca-file");
}

TEST(Authorities, ThoseOfTheSystemAreNamedByTheExchangeThatMissesThem) {
  struct Watcher final : CurlExchange::SocketWatcher {
    void opened(curl_socket_t) override {}
    void closing(curl_socket_t) override {}
    [[nodiscard]] curl_socket_t socket_at(int) const override { return CURL_SOCKET_BAD; }
  } watcher;
  ASSERT_TRUE(make_transport());  // initialises libcurl
  const auto place = CurlExchange::create(watcher);
  CURLcode problem = CURLE_OK;
  ASSERT_TRUE(place->prepare(1, request_for(trusting(""), "https://tool.example/"), problem));
  const auto result = place->finish(CURLE_SSL_CACERT_BADFILE);
  EXPECT_EQ(result.fault, Fault::broken);
  EXPECT_THAT(result.fault_text, HasSubstr("ca-certificates, or give this tool a --ca-file"));
  EXPECT_THAT(result.fault_text, Not(HasSubstr("  ")));
}

}  // namespace
}  // namespace ptb::test
