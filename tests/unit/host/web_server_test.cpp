// The HTTP server: what it lets a client do, what it refuses, how it ends.
#include "http/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <mutex>

#include "web_peer.h"

namespace host {
namespace {

using std::chrono::milliseconds;
using test::comes_true;
using test::Gate;
using test::get;
using test::HttpPeer;
using test::RunningServer;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMuch = 100'000'000;

Page text(std::string body) { return {200, "text/plain", std::move(body)}; }

/// Says back what it was asked.
WebHandlers echo() {
  WebHandlers handlers;
  handlers.answer = [](const Request& request) {
    return Answer(text(request.method + " " + request.target + " " + request.body));
  };
  return handlers;
}

std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}", target, more, body.size(),
                     body);
}

TEST(WebServer, AnswersRequestAfterRequestOnOneConnection) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  for (int i = 0; i < 50; ++i) {
    peer.send(post("/x?" + std::to_string(i), "body"));
    EXPECT_EQ(peer.read_answer().body, fmt::format("POST /x?{} body", i));
  }
  EXPECT_EQ(server->counts().connections, 1U);
  EXPECT_EQ(server->counts().requests, 50U);
}

TEST(WebServer, AnswersPipelinedRequestsInTheirOrder) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += post("/" + std::to_string(i), "b");
  peer.send(all);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(peer.read_answer().body, fmt::format("POST /{} b", i));
}

TEST(WebServer, AnswersHeadWithTheLengthOnly) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  peer.send("HEAD /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  peer.read_end();
  EXPECT_THAT(peer.pending(), HasSubstr("Content-Length: 10\r\n"));
  EXPECT_TRUE(peer.pending().ends_with("\r\n\r\n")) << peer.pending();
}

TEST(WebServer, SpeaksHttp10) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  peer.send("GET /old HTTP/1.0\r\n\r\n");
  peer.read_end();
  EXPECT_THAT(peer.pending(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(peer.pending(), HasSubstr("GET /old "));
}

TEST(WebServer, RefusesWhatIsNoGoodRequest) {
  RunningServer server({}, echo());
  const struct {
    std::string request;
    int status;
  } cases[] = {{"not http\r\n\r\n", 400},
               {"GET / HTTP/1.1\r\n\r\n", 400},
               {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
               {"GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
               {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
               {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
               {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
               {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
               {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", 417}};
  for (const auto& one : cases) {
    HttpPeer peer(server.port());
    peer.send(one.request);
    EXPECT_EQ(peer.read_answer().status, one.status) << one.request;
    EXPECT_EQ(peer.read_end(), 0) << one.request;
  }
  EXPECT_EQ(server->counts().requests, 0U) << "no handler saw any of them";
}

TEST(WebServer, GivesWhatCannotBeReadToItsHandler) {
  auto handlers = echo();
  handlers.unreadable = [](const Request& request) {
    return Answer(Page{request.http_status, "application/json", "{\"error\":\"" + request.http_problem + "\"}"});
  };
  RunningServer server({}, handlers);
  HttpPeer peer(server.port());
  peer.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(peer.read_answer().body, HasSubstr("{\"error\":\"the request needs one Host header"));
}

TEST(WebServer, RefusesEndlessHeadersEarly) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  std::thread reader([&] { peer.read_end(); });
  const std::string line = "X-Long: " + std::string(64 * 1024, 'x') + "\r\n";
  std::uint64_t sent = 0;
  while (sent < kMuch && peer.send(line)) sent += line.size();
  reader.join();
  EXPECT_LT(sent, kMuch) << "the connection was ended before all was sent";
  EXPECT_THAT(peer.pending(), HasSubstr("HTTP/1.1 431 "));
}

TEST(WebServer, RefusesAnUploadOverTheLimitBeforeItIsRead) {
  auto handlers = echo();
  handlers.plan = [](const Request& request) {
    RequestPlan plan;
    plan.max_body_bytes = request.target == "/large" ? 1000 : 10;
    return plan;
  };
  RunningServer server({}, handlers);
  {
    HttpPeer peer(server.port());
    peer.send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", kMuch));
    EXPECT_EQ(peer.read_answer().status, 413);
  }
  {
    HttpPeer peer(server.port());
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(peer.read_answer().status, 413) << "and not 100";
  }
  {
    HttpPeer peer(server.port());
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n");
    EXPECT_EQ(peer.read_answer().status, 413);
  }
  HttpPeer peer(server.port());
  peer.send(post("/large", std::string(1000, 'x')));
  EXPECT_EQ(peer.read_answer().status, 200);
  EXPECT_EQ(server->counts().requests, 1U);
}

TEST(WebServer, RefusesByTheHeaderAlone) {
  auto handlers = echo();
  handlers.plan = [](const Request& request) {
    RequestPlan plan;
    if (!request.headers.contains("authorization")) plan.refusal = Page{401, "text/plain", "no"};
    return plan;
  };
  RunningServer server({}, handlers);
  HttpPeer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_answer().status, 401);
  EXPECT_EQ(peer.read_end(), 0);
  HttpPeer other(server.port());
  other.send(get("/"));
  EXPECT_EQ(other.read_answer().status, 401);
  other.send(get("/", "Authorization: x\r\n"));
  EXPECT_EQ(other.read_answer().status, 200) << "without a body the connection lives on";
}

TEST(WebServer, SaysContinueWhenAsked) {
  RunningServer server({}, echo());
  HttpPeer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_answer().status, 100);
  peer.send("body");
  EXPECT_EQ(peer.read_answer().body, "POST / body");
}

TEST(WebServer, KeepsAnUploadAsAFileForAsLongAsItIsHandled) {
  const test::TemporaryDirectory directory;
  directory.write(".ptb-upload-killed", "left by an earlier life");
  WebHandlers handlers;
  handlers.plan = [](const Request&) {
    RequestPlan plan;
    plan.max_body_bytes = kMuch;
    plan.to_file = true;
    return plan;
  };
  handlers.answer = [](const Request& request) {
    struct stat found {};
    ::stat(request.body_file.c_str(), &found);
    return Answer(text(fmt::format("{:o} {} {}", found.st_mode & 0777, found.st_size, request.body.size())));
  };
  WebOptions options;
  options.upload_directory = directory / ".";
  RunningServer server(options, handlers);
  const auto files = [&] { return std::distance(std::filesystem::directory_iterator(options.upload_directory), {}); };
  HttpPeer peer(server.port());
  peer.send(post("/", std::string(3'000'000, 'x')));
  EXPECT_EQ(peer.read_answer().body, "600 3000000 0");
  EXPECT_EQ(files(), 0);
  {
    HttpPeer cut(server.port());
    cut.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf");
    EXPECT_TRUE(comes_true([&] { return files() == 1; }));
  }
  EXPECT_TRUE(comes_true([&] { return files() == 0; })) << "a client that went leaves nothing";
}

TEST(WebServer, CutsSlowClientsWhileOthersAreServed) {
  WebOptions options;
  options.header_time = options.body_time = milliseconds(300);
  options.idle_time = milliseconds(300);
  RunningServer server(options, echo());
  HttpPeer slow_header(server.port());
  HttpPeer slow_body(server.port());
  HttpPeer silent(server.port());
  slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  slow_header.send("GET / HTTP/1.1\r\n");
  std::atomic<bool> header_cut = false;
  std::atomic<bool> body_cut = false;
  const auto drip = [](const HttpPeer& peer, std::string_view piece, std::atomic<bool>& cut) {
    for (int i = 0; i < test::kPatienceMs / 10 && !cut; ++i) {
      ::poll(nullptr, 0, 10);
      cut = !peer.send(piece);
    }
  };
  std::thread header_drip([&] { drip(slow_header, "X: y\r\n", header_cut); });
  std::thread body_drip([&] { drip(slow_body, "x", body_cut); });
  for (int i = 0; i < 200; ++i) {
    HttpPeer peer(server.port());
    peer.send(get("/quick"));
    EXPECT_EQ(peer.read_answer().status, 200);
  }
  header_drip.join();
  body_drip.join();
  EXPECT_TRUE(header_cut);
  EXPECT_TRUE(body_cut);
  EXPECT_EQ(silent.read_end(), 0);
  EXPECT_EQ(server->counts().requests, 200U);
}

TEST(WebServer, EndsAConnectionThatAsksNothingMore) {
  WebOptions options;
  options.idle_time = milliseconds(50);
  RunningServer server(options, echo());
  HttpPeer peer(server.port());
  peer.send(get("/"));
  EXPECT_EQ(peer.read_answer().status, 200);
  EXPECT_EQ(peer.read_end(), 0);
}

TEST(WebServer, CutsAClientThatDoesNotReadItsAnswer) {
  WebOptions options;
  options.write_time = milliseconds(200);
  WebHandlers handlers;
  handlers.answer = [](const Request&) { return Answer(text(std::string(kMuch, 'x'))); };
  RunningServer server(options, handlers);
  const HttpPeer peer(server.port());
  peer.send(get("/"));
  EXPECT_TRUE(comes_true([&] { return server->counts().requests == 1; }));
  EXPECT_TRUE(comes_true([&] { return server->counts().connections == 0; }));
}

TEST(WebServer, TurnsConnectionsAwayBeyondItsLimit) {
  WebOptions options;
  options.max_connections = 2;
  RunningServer server(options, echo());
  {
    HttpPeer first(server.port());
    HttpPeer second(server.port());
    EXPECT_TRUE(comes_true([&] { return server->counts().connections == 2; }));
    HttpPeer third(server.port());
    EXPECT_EQ(third.read_answer().status, 503);
    EXPECT_EQ(third.read_end(), 0);
    first.send(get("/"));
    EXPECT_EQ(first.read_answer().status, 200);
  }
  EXPECT_TRUE(comes_true([&] { return server->counts().connections == 0; }));
  HttpPeer again(server.port());
  again.send(get("/"));
  EXPECT_EQ(again.read_answer().status, 200);
}

TEST(WebServer, Says503WhenAllThreadsAreBusyAndTheLineIsFull) {
  Gate gate;
  WebOptions options;
  options.threads = 2;
  options.max_waiting = 1;
  std::atomic<int> begun = 0;
  WebHandlers handlers;
  handlers.plan = [](const Request& request) {
    RequestPlan plan;
    plan.is_quick = request.target == "/quick";
    return plan;
  };
  handlers.answer = [&](const Request& request) {
    if (request.target == "/quick") return Answer(text("quick"));
    ++begun;
    gate.wait();
    return Answer(text("done"));
  };
  RunningServer server(options, handlers);
  HttpPeer first(server.port());
  HttpPeer second(server.port());
  HttpPeer third(server.port());
  first.send(get("/"));
  second.send(get("/"));
  EXPECT_TRUE(comes_true([&] { return begun == 2; }));
  third.send(get("/"));
  EXPECT_TRUE(comes_true([&] { return server->counts().requests == 3; }));
  HttpPeer fourth(server.port());
  fourth.send(get("/"));
  const auto full = fourth.read_answer();
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.head, HasSubstr("Retry-After: 1"));
  fourth.send(get("/quick"));
  EXPECT_EQ(fourth.read_answer().body, "quick") << "needs no thread";
  gate.open();
  for (auto* peer : {&first, &second, &third}) EXPECT_EQ(peer->read_answer().body, "done");
}

TEST(WebServer, NeedsNoThreadsWhereHandlersNeverWait) {
  WebOptions options;
  options.threads = 0;
  std::thread::id runs_on;
  WebHandlers handlers;
  handlers.answer = handlers.unreadable = [&](const Request&) {
    runs_on = std::this_thread::get_id();
    return Answer(text("here"));
  };
  RunningServer server(options, handlers);
  HttpPeer peer(server.port());
  peer.send(get("/"));
  EXPECT_EQ(peer.read_answer().body, "here");
  const auto first = runs_on;
  peer.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(peer.read_answer().body, "here");
  EXPECT_EQ(runs_on, first) << "also what cannot be read";
}

TEST(WebServer, AnswersFaultsAsItIsTold) {
  WebHandlers handlers;
  handlers.answer = [](const Request& request) -> Answer {
    if (request.target == "/close") return Answer(Answer::Act::close);
    if (request.target == "/reset") return Answer(Answer::Act::reset);
    if (request.target == "/throw") throw std::runtime_error("a secret reason");
    Answer answer(text("begin"));
    if (request.target == "/endless") answer.act = Answer::Act::endless;
    if (request.target == "/later") answer.delay = milliseconds(20);
    if (request.target == "/end") answer.end = "that was enough";
    if (request.target == "/header") answer.page.headers = {{"X-A", "one"}, {"X-B", "two\r\nX-C: three"}};
    return answer;
  };
  RunningServer server({}, handlers);
  const auto ask = [&](const char* target) {
    auto peer = std::make_unique<HttpPeer>(server.port());
    peer->send(get(target));
    return peer;
  };
  EXPECT_EQ(ask("/close")->read_end(), 0);
  EXPECT_EQ(ask("/reset")->read_end(), ECONNRESET);
  EXPECT_EQ(ask("/later")->read_answer().body, "begin");
  EXPECT_GE(ask("/endless")->read_bytes(10 << 20), static_cast<std::size_t>(10 << 20));
  const auto thrown = ask("/throw")->read_answer();
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, Not(HasSubstr("secret")));
  const auto headers = ask("/header")->read_answer().head;
  EXPECT_THAT(headers, HasSubstr("X-A: one\r\n"));
  EXPECT_THAT(headers, Not(HasSubstr("X-C"))) << "a header cannot bring another";
  EXPECT_EQ(ask("/end")->read_answer().status, 0);
  const auto ended = server.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), "that was enough");
}

TEST(WebServer, TellsTheAccessLog) {
  std::mutex mutex;
  std::vector<AccessLine> lines;
  auto handlers = echo();
  handlers.access = [&](const AccessLine& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  };
  std::uint64_t bytes = 0;
  {
    RunningServer server({}, handlers);
    HttpPeer head(server.port());
    head.send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(head.read_up_to("\r\n\r\n"));
    bytes = head.pending().size();
    HttpPeer peer(server.port());
    peer.send(get("/b"));
    peer.read_answer();
    peer.send("nonsense\r\n\r\n");
    peer.read_end();
  }
  ASSERT_EQ(lines.size(), 3U) << "also those of the last moment";
  EXPECT_EQ(lines[0].method, "HEAD");
  EXPECT_EQ(lines[0].target, "/a");
  EXPECT_EQ(lines[0].status, 200U);
  EXPECT_EQ(lines[0].bytes, bytes);
  EXPECT_THAT(lines[0].peer, HasSubstr("127.0.0.1:"));
  EXPECT_EQ(lines[2].status, 400U);
  EXPECT_THAT(lines[2].problem, HasSubstr("cannot be read"));
}

TEST(WebServer, StopsWhenTheHandlerInFlightHasAnswered) {
  Gate gate;
  std::atomic<bool> begun = false;
  WebHandlers handlers;
  handlers.answer = [&](const Request&) {
    begun = true;
    gate.wait();
    return Answer(text("done"));
  };
  WebOptions options;
  options.stop_time = milliseconds(test::kPatienceMs);
  RunningServer server(options, handlers);
  HttpPeer idle(server.port());
  HttpPeer peer(server.port());
  peer.send(get("/"));
  EXPECT_TRUE(comes_true([&] { return begun.load(); }));
  server->stop();
  EXPECT_EQ(idle.read_end(), 0);
  EXPECT_FALSE(HttpPeer(server.port()).connected()) << "nobody new is let in";
  gate.open();
  const auto answer = peer.read_answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(server.join());
}

TEST(WebServer, WaitsForAHandlerOnlySoLong) {
  Gate gate;
  std::atomic<bool> begun = false;
  WebHandlers handlers;
  handlers.answer = [&](const Request&) {
    begun = true;
    gate.wait();
    return Answer(text("done"));
  };
  WebOptions options;
  options.stop_time = milliseconds(50);
  RunningServer server(options, handlers);
  HttpPeer peer(server.port());
  peer.send(get("/"));
  EXPECT_TRUE(comes_true([&] { return begun.load(); }));
  server->stop();
  EXPECT_TRUE(server.join()) << "run() has returned although the handler waits";
  gate.open();
}

TEST(WebServer, SaysInOneLineWhyItCannotBegin) {
  RunningServer server({}, echo());
  const test::TemporaryDirectory directory;
  WebOptions used;
  used.port = server.port();
  WebOptions address;
  address.address = "nowhere";
  WebOptions half;
  half.tls_cert = "cert.pem";
  WebOptions missing = half;
  missing.tls_key = "key.pem";
  WebOptions wrong;
  wrong.tls_cert = wrong.tls_key = directory.write("wrong.pem", "no certificate");
  const struct {
    WebOptions options;
    const char* text;
  } cases[] = {{used, "is in use"},
               {address, "'nowhere' is no address"},
               {half, "--tls-key"},
               {missing, "cannot use the certificate 'cert.pem'"},
               {wrong, "wrong.pem"}};
  for (const auto& one : cases) {
    const auto opened = WebServer::open(one.options, echo());
    ASSERT_FALSE(opened) << one.text;
    EXPECT_THAT(opened.error(), HasSubstr(one.text));
    EXPECT_EQ(opened.error().find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace host
