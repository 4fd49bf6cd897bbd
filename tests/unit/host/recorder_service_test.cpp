// The recorder's page and JSON as a browser and a program meet them, at the running reference tool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "receive/log_reader.h"
#include "tool_process.h"

namespace host {
namespace {

using nlohmann::json;
using test::HttpAnswer;
using test::HttpPeer;
using test::ToolProcess;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kForm = "Content-Type: application/x-www-form-urlencoded\r\n";
constexpr const char* kJson = "Content-Type: application/json\r\n";

class RecorderService : public testing::TestWithParam<const char*> {
 protected:
  RecorderService() {
    options_.wire = GetParam();
    options_.log_file = directory_ / "log.jsonl";
    tool_ = std::make_unique<ToolProcess>(options_);
  }
  HttpAnswer ask(const std::string& method, const std::string& target, const std::string& body = "",
                 const std::string& headers = "", const std::string& host = "127.0.0.1") const {
    HttpPeer peer(tool_->port());
    peer.send(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n{}", method, target, host, headers,
                          body.size(), body));
    return peer.read_answer();
  }
  json read(const std::string& target) const { return json::parse(ask("GET", target).body); }
  /// Any call of this wire, without a signature.
  HttpAnswer call() const {
    const std::string wire = GetParam();
    if (wire == "proxy-tool") return ask("POST", "/x", "action=course-copied&event_id=%3Cb%3E", kForm);
    if (wire == "lti-notice") return ask("POST", "/x", R"({"notices":[]})", kJson);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
    return ask("POST", "/x", R"({"id":"<b>","source":"/a","type":"t","specversion":"1.0"})",
               fmt::format("Content-Type: application/cloudevents+json\r\nWebhook-Id: m{}\r\nWebhook-Timestamp: {}\r\n",
                           ++calls_, now.count()));
  }

  test::TemporaryDirectory directory_;
  ReceiveOptions options_;
  std::unique_ptr<ToolProcess> tool_;
  mutable int calls_ = 0;
};

TEST_P(RecorderService, ListsWhatCame) {
  call();
  call();
  const auto list = read("/_receive/requests");
  EXPECT_EQ(list.at("requests").size(), 2U);
  EXPECT_EQ(list.at("requests").at(0).at("number"), 2) << "the newest first";
  EXPECT_EQ(list.at("requests").at(0).at("path"), "/x");
  EXPECT_EQ(list.at("received").get<int>() + list.at("refused").get<int>(), 2);
  EXPECT_EQ(read("/_receive/requests?limit=1&before=2").at("requests").at(0).at("number"), 1);
  EXPECT_EQ(read("/_receive/requests/1").at("answer"), list.at("requests").at(1).at("answer"));
  EXPECT_EQ(ask("GET", "/_receive/requests/3").status, 404);
  EXPECT_EQ(ask("GET", "/_receive/view/x").status, 404);
  EXPECT_EQ(read_log(options_.log_file)->size(), 2U) << "looking is no request to the tool";
}

TEST_P(RecorderService, EscapesAllThatCame) {
  call();
  ask("POST", "/<script>alert(1)</script>", "a=%3Cb%3E%26%22", std::string(kForm) + "X-Evil: <img src=x>\r\n");
  for (const char* target : {"/", "/_receive/view/1", "/_receive/view/2", "/_receive/rows?after=0"}) {
    const auto page = ask("GET", target);
    EXPECT_EQ(page.status, 200) << target;
    for (const char* evil : {"<b>", "<script>alert", "<img"}) EXPECT_THAT(page.body, Not(HasSubstr(evil))) << target;
    EXPECT_THAT(page.head, HasSubstr("Content-Security-Policy: default-src 'none'")) << target;
  }
  EXPECT_THAT(ask("GET", "/").body, HasSubstr("&lt;script&gt;alert"));
}

TEST_P(RecorderService, SwitchesTheFaultScript) {
  const auto switched = ask("PUT", "/_receive/script", R"({"script":"status 507*"})", kJson);
  EXPECT_EQ(switched.status, 200) << switched.body;
  EXPECT_EQ(read("/_receive/script").at("script"), "status 507*");
  const bool is_taken = std::string(GetParam()) != "lti-notice";  // its call is refused, and takes no step
  if (is_taken) {
    EXPECT_EQ(call().status, 507);
    EXPECT_EQ(
        ask("PUT", "/_receive/script", "when /x: status 508*\r\nstatus 418*", "Content-Type: text/plain\r\n").status,
        200);
    EXPECT_EQ(call().status, 508);
  }
  const auto form = ask("POST", "/_receive/script", "script=when+%2Fx%3A+drop%0D%0Aok*", kForm);
  EXPECT_EQ(form.status, 303);
  EXPECT_THAT(form.head, HasSubstr("Location: /\r\n"));
  EXPECT_EQ(read("/_receive/script").at("script"), "when /x: drop\nok*");
  if (is_taken) {
    EXPECT_EQ(call().status, 0) << "dropped";
  }
}

TEST_P(RecorderService, SaysWhatIsWrongWithAScriptAndKeepsTheOld) {
  const auto page = ask("POST", "/_receive/script", "script=%3Cexplode%3E", kForm);
  EXPECT_EQ(page.status, 400);
  EXPECT_THAT(page.body, HasSubstr("&lt;explode&gt;</textarea>"));
  EXPECT_THAT(page.body, HasSubstr("aria-invalid"));
  const auto answer = ask("PUT", "/_receive/script", R"({"script":"explode"})", kJson);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(json::parse(answer.body).at("error").get<std::string>(), HasSubstr("'explode'"));
  EXPECT_EQ(ask("PUT", "/_receive/script", R"({"script":7})", kJson).status, 400);
  EXPECT_EQ(ask("PUT", "/_receive/script", "ok*").status, 415);
  EXPECT_EQ(ask("PUT", "/_receive/script", R"({"script":"@/etc/passwd"})", kJson).status, 400) << "reads no file";
  EXPECT_EQ(read("/_receive/script").at("script"), "ok*");
}

TEST_P(RecorderService, Clears) {
  call();
  EXPECT_EQ(ask("POST", "/_receive/clear").status, 200);
  const auto list = read("/_receive/requests");
  EXPECT_TRUE(list.at("requests").empty());
  EXPECT_EQ(list.at("received"), 0);
  call();
  EXPECT_EQ(ask("POST", "/_receive/clear", "", kForm).status, 303);
  EXPECT_TRUE(read("/_receive/requests").at("requests").empty());
}

TEST_P(RecorderService, RefusesOtherSites) {
  for (const char* header : {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
                             "Origin: http://evil.example\r\n", "Origin: null\r\n"}) {
    EXPECT_EQ(ask("POST", "/_receive/script", "script=drop*", std::string(kForm) + header).status, 403) << header;
    EXPECT_EQ(ask("PUT", "/_receive/script", R"({"script":"drop*"})", std::string(kJson) + header).status, 403);
    EXPECT_EQ(ask("POST", "/_receive/clear", "", header).status, 403) << header;
  }
  for (const char* target : {"/", "/_receive/requests", "/_receive/script", "/_receive/events"})
    EXPECT_EQ(ask("GET", target, "", "", "evil.example").status, 403) << target;
  EXPECT_EQ(ask("POST", "/_receive/clear", "", "", "evil.example").status, 403);
  EXPECT_EQ(read("/_receive/script").at("script"), "ok*");
  EXPECT_NE(ask("POST", "/x", "", "Sec-Fetch-Site: cross-site\r\n", "evil.example").status, 403)
      << "the tool itself is for whoever knows the secret";
}

TEST_P(RecorderService, AllowsWhatThereIs) {
  EXPECT_EQ(ask("DELETE", "/_receive/script").status, 405);
  EXPECT_EQ(ask("GET", "/_receive/clear").status, 405);
  EXPECT_THAT(ask("PUT", "/_receive/clear").head, HasSubstr("Allow: POST\r\n"));
  EXPECT_EQ(ask("GET", "/_receive/nothing").status, 404);
  EXPECT_EQ(ask("PUT", "/_receive/script", std::string(70'000, 'x'), kJson).status, 413);
  EXPECT_THAT(ask("GET", "/_receive/style.css").head, HasSubstr("Content-Type: text/css"));
  EXPECT_THAT(ask("GET", "/_receive/recorder.js").head, HasSubstr("Content-Type: text/javascript"));
}

TEST_P(RecorderService, TellsWhatComesWhileItComes) {
  HttpPeer stream(tool_->port());
  stream.send("GET /_receive/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(stream.read_up_to(": connected"));
  call();
  EXPECT_TRUE(stream.read_up_to("event: request\ndata: {\"number\":1,"));
  ask("POST", "/_receive/clear");
  EXPECT_TRUE(stream.read_up_to("event: changed\ndata: list"));
  tool_->signal(SIGTERM);
  EXPECT_EQ(stream.read_end(), 0);
  EXPECT_EQ(tool_->wait_for_end(), 0);
}

INSTANTIATE_TEST_SUITE_P(EveryWire, RecorderService, testing::Values("proxy-tool", "standard-webhooks", "lti-notice"));

}  // namespace
}  // namespace host
