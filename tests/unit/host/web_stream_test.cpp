// The HTTP server with event streams, and with TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/web_server.h"
#include "tls_peer.h"
#include "web_peer.h"

namespace host {
namespace {

using std::chrono::milliseconds;
using test::comes_true;
using test::get;
using test::HttpPeer;
using test::RunningServer;
using testing::HasSubstr;

/// /events is a stream of the channel; all else a page.
WebHandlers streams_of(EventChannel& channel) {
  WebHandlers handlers;
  handlers.answer = [&](const Request& request) -> Answer {
    if (request.target != "/events") return Page{200, "text/plain", "page"};
    const auto last = request.headers.find("last-event-id");
    return channel.join(last == request.headers.end() ? "" : last->second);
  };
  return handlers;
}

TEST(WebStreams, TellAllWhoReadAndDropWhoDoesNot) {
  EventChannel channel;
  RunningServer server({}, streams_of(channel));
  constexpr std::size_t kClients = 64;
  std::vector<std::unique_ptr<HttpPeer>> peers;
  for (std::size_t i = 0; i < kClients; ++i) {
    peers.push_back(std::make_unique<HttpPeer>(server.port()));
    peers.back()->send(get("/events"));
  }
  EXPECT_TRUE(comes_true([&] { return server->counts().streams == kClients && channel.size() == kClients; }));
  // The first never reads, so that what waits for it fills the kernel's buffers and then its queue.
  const std::string large(100'000, 'x');
  const auto all_others_read = [&](const std::string& data) {
    channel.post("", data);
    for (std::size_t i = 1; i < kClients; ++i) {
      if (!peers[i]->read_up_to("data: " + data + "\n\n")) return false;
      peers[i]->forget_pending();
    }
    return true;
  };
  for (int i = 0; channel.size() == kClients && i < 1000; ++i) ASSERT_TRUE(all_others_read(large + std::to_string(i)));
  EXPECT_EQ(channel.size(), kClients - 1);
  EXPECT_TRUE(all_others_read("end"));
  EXPECT_TRUE(comes_true([&] { return server->counts().streams == kClients - 1; }));
  HttpPeer page(server.port());
  page.send(get("/"));
  EXPECT_EQ(page.read_answer().status, 200);
}

TEST(WebStreams, HaveTheirHeadersACommentInSilenceAndTheirEnd) {
  EventChannel channel;
  WebOptions options;
  options.comment_time = milliseconds(20);
  RunningServer server(options, streams_of(channel));
  HttpPeer peer(server.port());
  peer.send(get("/events"));
  EXPECT_TRUE(peer.read_up_to("\n\n:\n\n:\n\n"));
  EXPECT_THAT(peer.pending(), HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(peer.pending(), HasSubstr("Cache-Control: no-store"));
  channel.post("note", "last");
  channel.end();
  EXPECT_EQ(peer.read_end(), 0);
  EXPECT_THAT(peer.pending(), HasSubstr("event: note\ndata: last\n\n"));
  EXPECT_TRUE(comes_true([&] { return server->counts().streams == 0; }));
}

TEST(WebStreams, GoOnAfterTheLastEventThatTheClientNames) {
  EventChannel channel;
  RunningServer server({}, streams_of(channel));
  std::string id;
  {
    HttpPeer peer(server.port());
    peer.send(get("/events"));
    EXPECT_TRUE(comes_true([&] { return channel.size() == 1; }));
    channel.post("", "1");
    EXPECT_TRUE(peer.read_up_to("data: 1\n\n"));
    const auto at = peer.pending().find("id: ") + 4;
    id = peer.pending().substr(at, peer.pending().find('\n', at) - at);
  }
  EXPECT_TRUE(comes_true([&] { return channel.size() == 0; })) << "a client that went is noticed without a post";
  channel.post("", "2");
  HttpPeer peer(server.port());
  peer.send(get("/events", "Last-Event-ID: " + id + "\r\n"));
  EXPECT_TRUE(peer.read_up_to("data: 2\n\n"));
  EXPECT_EQ(peer.pending().find("data: 1\n"), std::string::npos);
}

TEST(WebStreams, AreCountedApartAndLimited) {
  EventChannel channel;
  WebOptions options;
  options.max_streams = 1;
  options.max_connections = 1;
  RunningServer server(options, streams_of(channel));
  HttpPeer stream(server.port());
  stream.send(get("/events"));
  EXPECT_TRUE(stream.read_up_to(": connected"));
  HttpPeer other(server.port());
  other.send(get("/events"));
  EXPECT_EQ(other.read_answer().status, 503);
}

TEST(WebStreams, EndWhenTheServerStops) {
  EventChannel channel;
  RunningServer server({}, streams_of(channel));
  HttpPeer peer(server.port());
  peer.send(get("/events"));
  EXPECT_TRUE(peer.read_up_to(": connected"));
  server->stop();
  EXPECT_EQ(peer.read_end(), 0);
}

class WebTls : public testing::Test {
 protected:
  WebTls() {
    test::write_certificate(directory_);
    options_.tls_cert = directory_ / "cert.pem";
    options_.tls_key = directory_ / "key.pem";
    options_.header_time = milliseconds(2000);
  }
  test::TemporaryDirectory directory_;
  WebOptions options_;
  EventChannel channel_;
};

TEST_F(WebTls, IsSpokenFromVersion12) {
  RunningServer server(options_, streams_of(channel_));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    test::TlsPeer peer(server.port(), version);
    ASSERT_TRUE(peer.connected());
    peer.send(get("/a") + get("/b", "Connection: close\r\n"));
    const auto all = peer.read_all();
    EXPECT_THAT(all, HasSubstr("page"));
    EXPECT_TRUE(peer.ended_properly());
    EXPECT_NE(all.find("200 OK"), all.rfind("200 OK")) << "both are answered";
  }
  EXPECT_FALSE(test::TlsPeer(server.port(), TLS1_1_VERSION).connected());
}

TEST_F(WebTls, RefusesAnUploadOverTheLimitInWords) {
  RunningServer server(options_, streams_of(channel_));
  test::TlsPeer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + std::string(10'000, 'x'));
  peer.send(std::string(10'000, 'x'));
  EXPECT_THAT(peer.read_all(), HasSubstr(" 413 "));
}

TEST_F(WebTls, CarriesEventStreams) {
  RunningServer server(options_, streams_of(channel_));
  test::TlsPeer peer(server.port());
  peer.send(get("/events"));
  EXPECT_TRUE(comes_true([&] { return channel_.size() == 1; }));
  channel_.post("", "over TLS");
  EXPECT_TRUE(comes_true([&] { return server->counts().streams == 1; }));
  channel_.end();
  peer.read_all();
}

TEST_F(WebTls, SendsPlainHttpAway) {
  options_.header_time = milliseconds(200);
  RunningServer server(options_, streams_of(channel_));
  HttpPeer plain(server.port());
  plain.send(get("/"));
  EXPECT_NE(plain.read_end(), ETIMEDOUT);
  HttpPeer silent(server.port());
  EXPECT_NE(silent.read_end(), ETIMEDOUT) << "a handshake that never begins";
  EXPECT_EQ(server->counts().requests, 0U);
}

TEST_F(WebTls, WantsTheKeyOfTheCertificate) {
  test::TemporaryDirectory other;
  test::write_certificate(other);
  options_.tls_key = other / "key.pem";
  const auto opened = WebServer::open(options_, streams_of(channel_));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), HasSubstr("cannot use the key"));
}

}  // namespace
}  // namespace host
