// The reference tool as a process: what it prints, answers, logs, and how it misbehaves on request.
#include "receive/receive.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "receive/log_reader.h"
#include "receive/verifier.h"
#include "tool_process.h"

namespace host {
namespace {

using test::HttpPeer;
using test::TemporaryDirectory;
using test::ToolProcess;

constexpr const char* kSuccess = "<result>SUCCESS<result>";
constexpr const char* kError = "<result>ERROR<result>";

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return out;
}

/// A call with a fresh nonce, signed with "secret"; `more` goes in as well.
std::string signed_form(const Params& more, std::int64_t age_ms = 0, std::string nonce = {}) {
  static int count = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  if (nonce.empty()) nonce = fmt::format("{:032x}", ++count);
  Params params = {{"timestamp", std::to_string(now_ms - age_ms)}, {"nonce", nonce}};
  params.insert(params.end(), more.begin(), more.end());
  params.emplace_back("mac", mac_of(params, "secret", Digest::md5));
  std::string form;
  for (const auto& [name, value] : params) form += (form.empty() ? "" : "&") + encode(name) + "=" + encode(value);
  return form;
}

class Receive : public testing::Test {
 protected:
  ReceiveOptions options(const std::string& script = "ok*") const {
    ReceiveOptions options;
    options.script = script;
    options.log_file = log_path_;
    options.secret_file = secret_path_;
    return options;
  }
  std::vector<LogLine> log() const {
    auto lines = read_log(log_path_);
    if (!lines) ADD_FAILURE() << lines.error();
    return lines ? *lines : std::vector<LogLine>();
  }

  TemporaryDirectory directory_;
  std::string log_path_ = directory_ / "log.jsonl";
  std::string secret_path_ = directory_.write("secret", "secret\n");
};

TEST_F(Receive, PrintsOneLineAndEndsCleanlyOnASignal) {
  for (const int number : {SIGINT, SIGTERM}) {
    auto with_port_file = options();
    with_port_file.port_file = directory_ / "port";
    ToolProcess tool(with_port_file);
    ASSERT_NE(tool.port(), 0);
    std::ifstream file(with_port_file.port_file);
    int port = 0;
    file >> port;
    EXPECT_EQ(port, tool.port());
    HttpPeer idle(tool.port());
    tool.signal(number);
    EXPECT_EQ(tool.wait_for_end(), 0);
    EXPECT_EQ(tool.stdout_text(), fmt::format("listening on http://127.0.0.1:{}\n", port));
    EXPECT_EQ(tool.stderr_text(), "");
  }
}

TEST_F(Receive, AnswersAndLogsCallsOnOneConnection) {
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/a/b?q", signed_form({{"event_id", "e1"}, {"key", "\u00e4 &"}})).body, kSuccess);
  EXPECT_EQ(log().size(), 1U);
  const auto answer = peer.post("/a", signed_form({{"event_id", "e1"}}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kSuccess);
  const auto lines = log();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].method, "POST");
  EXPECT_EQ(lines[0].path, "/a/b?q");
  EXPECT_EQ(lines[0].param("key"), "\u00e4 &");
  EXPECT_EQ(lines[0].params.front().first, "timestamp");
  EXPECT_EQ(lines[0].headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(std::to_string(lines[0].body_bytes), lines[0].headers.at("content-length"));
  EXPECT_EQ(lines[0].mac_ok, true);
  EXPECT_FALSE(lines[0].repeat);
  EXPECT_TRUE(lines[1].repeat);
  EXPECT_EQ(lines[1].answer, "ok");
  EXPECT_EQ(lines[1].problem, "");
}

TEST_F(Receive, RefusesWhatACarefulToolRefuses) {
  ToolProcess tool(options());
  const auto nonce = std::string(32, 'a');
  HttpPeer peer(tool.port());
  ASSERT_EQ(peer.post("/", signed_form({{"event_id", "e0"}}, 0, nonce)).body, kSuccess);
  const struct {
    std::string form;
    const char* problem;
    std::optional<bool> mac_ok;
  } cases[] = {
      {signed_form({{"event_id", "e1"}}) + "&more=1", "wrong mac", false},
      {"event_id=e1", "no mac", false},
      {signed_form({{"event_id", "e1"}}, 121'000), "timestamp is", true},
      {signed_form({{"event_id", "e1"}}, -125'000), "timestamp is", true},
      {signed_form({{"event_id", "e1"}}, 0, nonce), "nonce was used", true},
      {"event_id=%zz", "wrong percent escape", std::nullopt},
  };
  std::size_t count = 1;
  for (const auto& one : cases) {
    const auto answer = peer.post("/", one.form);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, kError) << one.problem;
    const auto lines = log();
    ASSERT_EQ(lines.size(), ++count);
    EXPECT_NE(lines.back().problem.find(one.problem), std::string::npos) << lines.back().problem;
    EXPECT_EQ(lines.back().mac_ok, one.mac_ok);
    EXPECT_EQ(lines.back().answer, "error");
    EXPECT_FALSE(was_received(lines.back()));
  }
  EXPECT_EQ(peer.post("/", signed_form({{"event_id", "e1"}})).body, kSuccess);
  EXPECT_FALSE(log().back().repeat) << "refused calls are not remembered";
}

TEST_F(Receive, WantsAForm) {
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  peer.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\na=1");
  EXPECT_EQ(peer.read_answer().body, kError);
  EXPECT_NE(log().back().problem.find("content type"), std::string::npos);
}

TEST_F(Receive, RefusedCallsTakeNoStepOfTheScript) {
  ToolProcess tool(options("error, ok*"));
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", "a=1").body, kError);
  EXPECT_EQ(peer.post("/", signed_form({})).body, kError);
  EXPECT_EQ(peer.post("/", signed_form({})).body, kSuccess);
  const auto lines = log();
  EXPECT_NE(lines[0].problem, "");
  EXPECT_EQ(lines[1].problem, "");
}

TEST_F(Receive, DropsAndResets) {
  ToolProcess tool(options("drop, reset, ok*"));
  {
    HttpPeer peer(tool.port());
    peer.send_post("/", signed_form({{"event_id", "e"}}));
    EXPECT_EQ(peer.read_end(), 0);
  }
  {
    HttpPeer peer(tool.port());
    peer.send_post("/", signed_form({{"event_id", "e"}}));
    EXPECT_EQ(peer.read_end(), ECONNRESET);
  }
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", signed_form({{"event_id", "e"}})).body, kSuccess);
  const auto lines = log();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].answer, "drop");
  EXPECT_EQ(lines[1].answer, "reset");
  EXPECT_TRUE(lines[2].repeat);
}

TEST_F(Receive, AnswersWithErrorStatusAndGarbage) {
  ToolProcess tool(options("error, status 503, status 204, garbage, ok*"));
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", signed_form({})).body, kError);
  const auto unavailable = peer.post("/", signed_form({}));
  EXPECT_EQ(unavailable.status, 503);
  EXPECT_EQ(unavailable.body, "");
  EXPECT_EQ(peer.post("/", signed_form({})).status, 204);
  const auto garbage = peer.post("/", signed_form({}));
  EXPECT_EQ(garbage.status, 200);
  EXPECT_NE(garbage.body, "");
  EXPECT_EQ(garbage.body.find("<result>"), std::string::npos);
  EXPECT_EQ(peer.post("/", signed_form({})).body, kSuccess);
  EXPECT_EQ(log()[1].answer, "status 503");
}

TEST_F(Receive, IsSlowForOneAndServesOthersMeanwhile) {
  ToolProcess tool(options("when who=slow: slow 300; ok*"));
  HttpPeer slow(tool.port());
  const auto started = std::chrono::steady_clock::now();
  slow.send_post("/", signed_form({{"who", "slow"}}));
  HttpPeer other(tool.port());
  EXPECT_EQ(other.post("/", signed_form({})).body, kSuccess);
  EXPECT_EQ(slow.read_answer().body, kSuccess);
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(300));
}

TEST_F(Receive, NeverEndsAHugeAnswer) {
  ToolProcess tool(options("huge, ok*"));
  {
    HttpPeer peer(tool.port());
    peer.send_post("/", signed_form({}));
    EXPECT_GE(peer.read_bytes(20 << 20), static_cast<std::size_t>(20 << 20));
  }
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", signed_form({})).body, kSuccess);
}

TEST_F(Receive, DiesBeforeOrAfterAnsweringAndRemembersInItsNextLife) {
  {
    ToolProcess tool(options("die before"));
    HttpPeer peer(tool.port());
    peer.send_post("/", signed_form({{"event_id", "before"}}));
    EXPECT_EQ(tool.wait_for_end(), 42);
    EXPECT_EQ(peer.read_answer().status, 0);
  }
  {
    ToolProcess tool(options("die after"));
    HttpPeer peer(tool.port());
    EXPECT_EQ(peer.post("/", signed_form({{"event_id", "after"}}, 0, "n1")).body, kSuccess);
    EXPECT_EQ(tool.wait_for_end(), 42);
  }
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", signed_form({{"event_id", "before"}})).body, kSuccess);
  EXPECT_EQ(peer.post("/", signed_form({{"event_id", "after"}})).body, kSuccess);
  EXPECT_EQ(peer.post("/", signed_form({{"event_id", "other"}}, 0, "n1")).body, kError);
  const auto lines = log();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].answer, "die");
  EXPECT_EQ(lines[1].answer, "die after");
  EXPECT_FALSE(lines[2].repeat);
  EXPECT_TRUE(lines[3].repeat);
}

TEST_F(Receive, WithoutASecretMacIsNull) {
  auto open = options();
  open.secret_file.clear();
  ToolProcess tool(open);
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", "event_id=e").body, kSuccess);
  EXPECT_EQ(log().back().mac_ok, std::nullopt);
}

TEST_F(Receive, ShowsAPage) {
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  peer.post("/", signed_form({}));
  peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto page = peer.read_answer();
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("id=\"count-received\">1<"), std::string::npos) << page.body;
  peer.send("GET /other HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(peer.read_answer().status, 404);
  peer.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(peer.read_answer().status, 405);
  EXPECT_EQ(log()[1].answer, "page");
}

TEST_F(Receive, LimitsWhatItReads) {
  ToolProcess tool(options());
  {
    HttpPeer peer(tool.port());
    peer.send_post("/", "a=" + std::string((1 << 20) - 1, 'x'));
    EXPECT_EQ(peer.read_answer().status, 413);
  }
  EXPECT_EQ(log().back().answer, "status 413");
  {
    HttpPeer peer(tool.port());
    peer.send("POST / HTTP/1.1\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(peer.read_answer().status, 431);
  }
  {
    HttpPeer peer(tool.port());
    peer.send("not http\r\n\r\n");
    EXPECT_EQ(peer.read_answer().status, 400);
  }
  HttpPeer peer(tool.port());
  EXPECT_EQ(peer.post("/", signed_form({{"a", std::string(300'000, '/')}})).body, kSuccess);
}

TEST_F(Receive, SaysContinueWhenAsked) {
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  const auto form = signed_form({});
  peer.send(
      fmt::format("POST / HTTP/1.1\r\nHost: t\r\nContent-Type: Application/X-WWW-Form-urlencoded ; charset=utf-8\r\n"
                  "Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                  form.size()));
  EXPECT_EQ(peer.read_answer().status, 100);
  peer.send(form);
  EXPECT_EQ(peer.read_answer().body, kSuccess);
}

TEST_F(Receive, AnswersARequestThatCameInPiecesOrTogether) {
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  const auto form = signed_form({});
  peer.send(
      "POST / HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (const char c : form) peer.send(fmt::format("1\r\n{}\r\n", c));
  peer.send("0\r\n\r\n");
  EXPECT_EQ(peer.read_answer().body, kSuccess);
  peer.send_post("/1", signed_form({}));
  peer.send_post("/2", signed_form({}));
  EXPECT_EQ(peer.read_answer().body, kSuccess);
  EXPECT_EQ(peer.read_answer().body, kSuccess);
  EXPECT_EQ(log().back().path, "/2");
}

TEST_F(Receive, AnswersOnOtherWiresWithStatuses) {
  auto webhooks = options("ok, error, ok*");
  webhooks.wire = "standard-webhooks";
  webhooks.secret_file.clear();
  ToolProcess tool(webhooks);
  HttpPeer peer(tool.port());
  const auto now_s =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto post = [&](const std::string& id, const std::string& body) {
    peer.send(
        fmt::format("POST /e HTTP/1.1\r\nHost: tool\r\nContent-Type: application/cloudevents+json\r\n"
                    "Webhook-Id: {}\r\nWebhook-Timestamp: {}\r\nContent-Length: {}\r\n\r\n{}",
                    id, now_s, body.size(), body));
    return peer.read_answer().status;
  };
  const std::string event = R"({"specversion":"1.0","id":"e1","source":"s","type":"org.ptbridge.course.copied"})";
  EXPECT_EQ(post("e1", event), 200);
  EXPECT_EQ(post("e1", event), 400) << "the script's error";
  EXPECT_EQ(post("e1", event), 200);
  EXPECT_EQ(post("e1", "{}"), 400);
  EXPECT_EQ(post("", event), 401);
  const auto lines = log();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].param("action"), "course-copied");
  EXPECT_FALSE(lines[0].repeat);
  EXPECT_TRUE(lines[2].repeat);
  EXPECT_EQ(lines[3].answer, "status 400");
  EXPECT_NE(lines[4].problem, "");
}

TEST_F(Receive, SaysInOneLineWhyItCannotStart) {
  ToolProcess first(options());
  auto taken = options();
  taken.log_file.clear();
  taken.port = first.port();
  auto script = options("explode");
  auto digest = options();
  digest.digest = "crc";
  auto window = options();
  window.window_ms = -1;
  auto no_secret = options();
  no_secret.secret_file = directory_ / "none";
  auto empty_secret = options();
  empty_secret.secret_file = directory_.write("empty", "\n");
  auto bad_log = options();
  bad_log.log_file = directory_ / "no/such/log";
  auto foreign_log = options();
  foreign_log.log_file = directory_.write("foreign", "a,b,c\n");
  auto wire = options();
  wire.wire = "smoke-signals";
  auto bad_key = options();
  bad_key.wire = "standard-webhooks";
  auto stray_jwks = options();
  stray_jwks.jwks = "x";
  auto stray_secret = options();
  stray_secret.wire = "lti-notice";
  auto no_jwks = options();
  no_jwks.wire = "lti-notice";
  no_jwks.secret_file.clear();
  no_jwks.jwks = directory_ / "none";
  const struct {
    ReceiveOptions options;
    int status;
    const char* text;
  } cases[] = {{taken, 1, "is in use"},       {options(), 1, "another receive"},
               {script, 2, "'explode'"},      {digest, 2, "md5 or sha1"},
               {window, 2, "--window-ms"},    {no_secret, 1, "--secret-file"},
               {empty_secret, 1, "is empty"}, {bad_log, 1, "--log"},
               {foreign_log, 1, "line 1 of"}, {wire, 2, "smoke-signals"},
               {bad_key, 1, "whsec_"},        {stray_jwks, 2, "--jwks"},
               {stray_secret, 2, "--jwks"},   {no_jwks, 1, "--jwks"}};
  for (const auto& one : cases) {
    ToolProcess tool(one.options);
    EXPECT_EQ(tool.wait_for_end(), one.status) << one.text;
    EXPECT_NE(tool.stderr_text().find(one.text), std::string::npos) << tool.stderr_text();
    EXPECT_EQ(std::count(tool.stderr_text().begin(), tool.stderr_text().end(), '\n'), 1) << tool.stderr_text();
    EXPECT_EQ(tool.stdout_text(), "");
  }
}

TEST_F(Receive, EndsWithoutAnAnswerWhenItCannotLog) {
  const test::FullDisk full;
  ToolProcess tool(options());
  HttpPeer peer(tool.port());
  peer.send_post("/", signed_form({}));
  EXPECT_EQ(tool.wait_for_end(), 1);
  EXPECT_EQ(peer.read_answer().status, 0);
  EXPECT_NE(tool.stderr_text().find("cannot write the log"), std::string::npos) << tool.stderr_text();
}

}  // namespace
}  // namespace host
