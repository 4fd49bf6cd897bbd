// Where tools register the handlers of their notices: who may, what it changes, and the notice that greets them.
#include "lti_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commands.h"
#include "lti/jwks.h"
#include "lti_platform.h"
#include "receive/log_reader.h"
#include "tool_process.h"

namespace host {
namespace {

using testing::HasSubstr;

constexpr const char* kDescriptor = R"(<tool-profile><vendor><code>acme</code></vendor>
<tool-info><code>quiz</code><name>Quiz</name></tool-info>
<tool-instance><base-urls><base-url type="http">http://127.0.0.1:1</base-url></base-urls></tool-instance>
<http-actions><action type="course-copied" path="/p"/></http-actions></tool-profile>)";

const Locator kQuiz{"acme", "quiz"};

class LtiServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    global.state = directory / "state";
    global.quiet = true;
    global.json = true;
    ToolAdd add;
    add.descriptor_file = directory.write("tool.xml", kDescriptor);
    add.options.wire = kLtiNotice;
    add.options.allow_http = true;
    add.options.allow_private = true;
    add.options.endpoint = "http://127.0.0.1:1/before";
    add.options.lti_client_id = "client";
    add.options.lti_deployment_id = "1";
    ASSERT_EQ(tool_add(global, add), kExitDone);
    ASSERT_EQ(tool_save(global, "acme/quiz", "available", {}), kExitDone);
    Session session(global, Session::Use::lms);
    service = std::make_unique<LtiService>(global, platform_key(session.lms()), "token");
  }
  Page ask(const std::string& method, const std::string& path, const std::string& body = {},
           const std::string& token = "Bearer token") {
    Request request;
    request.method = method;
    request.target = path;
    request.body = body;
    if (!token.empty()) request.headers["authorization"] = token;
    return service->answer(request);
  }
  Page put(const std::string& body) { return ask("PUT", "/lti/notice-handlers/acme/quiz", body); }
  Tool tool() {
    Session session(global, Session::Use::note);
    return *session.lms().tool(kQuiz);
  }
  static std::string registration(const std::string& handler, const std::string& type = kCopyNotice) {
    return Json{{"notice_type", type}, {"handler", handler}, {"max_batch_size", 20}}.dump();
  }

  test::TemporaryDirectory directory;
  GlobalOptions global;
  std::unique_ptr<LtiService> service;
};

TEST_F(LtiServiceTest, PublishesTheKeySetToAnybody) {
  const auto page = ask("GET", "/.well-known/jwks.json", "", "");
  EXPECT_EQ(page.status, 200U);
  EXPECT_TRUE(read_jwks(page.body));
  EXPECT_EQ(page.body.find("\"d\""), std::string::npos) << "nothing private";
}

TEST_F(LtiServiceTest, HandlersNeedTheToken) {
  for (const char* token : {"", "Bearer ", "Bearer tokem", "Bearer tokentoken", "token"})
    for (const char* method : {"GET", "PUT"})
      EXPECT_EQ(ask(method, "/lti/notice-handlers/acme/quiz", registration("http://127.0.0.1:1/x"), token).status, 401U)
          << token;
  EXPECT_EQ(tool().endpoint, "http://127.0.0.1:1/before");
}

TEST_F(LtiServiceTest, ARegistrationChangesWhereNoticesGoAndIsGreeted) {
  ReceiveOptions receive;
  receive.wire = "lti-notice";
  receive.log_file = directory / "log.jsonl";
  receive.jwks = directory.write("jwks.json", ask("GET", "/.well-known/jwks.json").body);
  test::ToolProcess listener(receive);
  const auto handler = fmt::format("http://127.0.0.1:{}/notices", listener.port());
  const auto page = put(registration(handler));
  EXPECT_EQ(page.status, 200U) << page.body;
  EXPECT_EQ(tool().endpoint, handler);
  EXPECT_EQ(tool().max_batch, 20U);
  const auto listed = Json::parse(ask("GET", "/lti/notice-handlers/acme/quiz").body);
  EXPECT_EQ(listed.at("client_id"), "client");
  EXPECT_EQ(listed.at("notice_handlers").at(0).at("handler"), handler);
  std::vector<LogLine> log;
  for (int waited_ms = 0; log.empty() && waited_ms < test::kPatienceMs; waited_ms += 5) {
    ::poll(nullptr, 0, 5);
    log = *read_log(receive.log_file);
  }
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log.at(0).param("action"), kHelloNotice);
  EXPECT_EQ(log.at(0).mac_ok, true) << log.at(0).problem;
}

TEST_F(LtiServiceTest, AnEmptyHandlerRemovesItAndTheToolWaitsForTheNext) {
  put(registration("http://127.0.0.1:1/handler"));
  EXPECT_EQ(put(registration("")).status, 200U);
  EXPECT_EQ(Json::parse(ask("GET", "/lti/notice-handlers/acme/quiz").body).at("notice_handlers").size(), 0U);
  EXPECT_EQ(tool().state, "inactive");
}

TEST_F(LtiServiceTest, ARegistrationOfGreetingsOnlyLeavesTheToolAlone) {
  EXPECT_EQ(put(registration("http://127.0.0.1:1/handler", kHelloNotice)).status, 200U);
  EXPECT_EQ(tool().endpoint, "http://127.0.0.1:1/before");
  EXPECT_EQ(put(registration("", kHelloNotice)).status, 200U);
  EXPECT_EQ(tool().state, "available");
}

TEST_F(LtiServiceTest, WhatIsWrongIsAnsweredInOneLine) {
  for (const auto& body : {std::string("no json"), std::string("{}"), registration("ftp://x/"),
                           registration("http://127.0.0.1:1/x", "LtiOtherNotice"),
                           std::string(R"({"notice_type":"LtiContextCopyNotice","handler":"https://x/",)"
                                       R"("max_batch_size":0})")})
    EXPECT_EQ(put(body).status, 400U) << body;
  EXPECT_EQ(ask("PUT", "/lti/notice-handlers/no/body", registration("https://x/")).status, 404U);
  EXPECT_EQ(ask("DELETE", "/lti/notice-handlers/acme/quiz").status, 405U);
  EXPECT_EQ(ask("GET", "/elsewhere").status, 404U);
  EXPECT_EQ(ask("GET", "/lti/notice-handlers/acme").status, 400U);
  const StateDirectory held(global.state);
  const auto page = put(registration("http://127.0.0.1:1/x"));
  EXPECT_EQ(page.status, 503U);
  EXPECT_THAT(page.body, HasSubstr("another ptb-host"));
}

}  // namespace
}  // namespace host
