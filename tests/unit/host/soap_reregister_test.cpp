// Registrations as they come in `ptb-host serve`: one open bridge, several requests at once. A tool that is asked to
// register again does so while the LMS waits for its answer.
#include <gmock/gmock.h>

#include <mutex>
#include <thread>

#include "http/web_server.h"
#include "receive/form.h"
#include "self_registration.h"
#include "soap_desk.h"

namespace host::test {
namespace {

using testing::HasSubstr;

/// A tool in this process: what it is called with is handed to `hear` before it says SUCCESS.
class ToolHere {
 public:
  explicit ToolHere(std::function<void(const Params&)> hear) {
    WebHandlers handlers;
    handlers.answer = [hear = std::move(hear)](const Request& request) {
      if (const auto form = parse_form(request.body)) hear(*form);
      return Answer(Page{200, "text/plain", "<result>SUCCESS<result>"});
    };
    handlers.unreadable = handlers.answer;
    server_ = std::move(WebServer::open({}, std::move(handlers)).value());
    url = fmt::format("http://127.0.0.1:{}", server_->port());
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run()); });
  }
  ~ToolHere() {
    server_->stop();
    thread_.join();
  }
  std::string url;

 private:
  std::unique_ptr<WebServer> server_;
  std::thread thread_;
};

TEST(SoapReregister, AToolRegistersAgainWhileItIsCalled) {
  Desk desk;
  desk.set_password("open sesame");
  std::string before = "http://127.0.0.1:1";
  std::string answer;
  std::string description;
  ToolHere tool([&](const Params& form) {
    const auto* password = find_param(form, "regpass");
    if (password != nullptr) answer = desk.register_tool(description, "another secret", *password).body;
  });
  description = placed_descriptor();
  description.replace(description.find(before), before.size(), tool.url);
  description.insert(description.find("</http-actions>"),
                     "<action type=\"reregister\" path=\"/p\"><param name=\"action\" fixed=\"reregister\"/></action>");
  desk.register_tool(description, "tool secret", "open sesame");
  const auto guid = desk.tool()->guid;
  ToolOptions allowed;
  allowed.allow_private = true;
  allowed.allow_http = true;
  ASSERT_EQ(tool_save(desk.global, "acme/quiz", "available", allowed), kExitDone);

  desk.global.house = std::make_shared<House>(desk.global, House::Opening::full);
  desk.begin();
  description.replace(description.find("<name>Quiz</name>"), 17, "<name>Quiz, the second</name>");
  EXPECT_EQ(tool_reregister(desk.global, "acme/quiz", ""), kExitDone) << "with a password made for the call";
  EXPECT_EQ(text_in(answer, "status"), "true") << answer;
  EXPECT_EQ(text_in(answer, "proxyToolGuid"), guid);
  EXPECT_EQ(desk.tool()->name, "Quiz, the second");
  EXPECT_EQ(desk.tool()->state, "unavailable") << "until an administrator saves it";
  EXPECT_EQ(desk.secret(), "tool secret");
  EXPECT_EQ(text_in(desk.register_tool(description, "tool secret", "open sesame").body, "failureErrors"),
            kAlreadyRegistered);
  EXPECT_EQ(tool_save(desk.global, "acme/quiz", "available", {}), kExitDone);
  desk.service.reset();
  desk.global.house.reset();
}

TEST(SoapReregister, OfManyThatRegisterAToolAtOnceOneDoes) {
  Desk desk;
  desk.global.house = std::make_shared<House>(desk.global, House::Opening::full);
  desk.begin();
  std::mutex mutex;
  std::vector<std::string> registered;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, secret = fmt::format("secret {}", i)] {
      const auto page = desk.register_tool(kBareDescriptor, secret);
      const std::lock_guard lock(mutex);
      if (text_in(page.body, "status") == "true")
        registered.push_back(secret);
      else
        EXPECT_EQ(text_in(page.body, "failureErrors"), kAlreadyRegistered) << page.body;
    });
  threads.clear();
  EXPECT_THAT(registered, testing::ElementsAre(desk.secret()));
  desk.service.reset();
  desk.global.house.reset();
}

}  // namespace
}  // namespace host::test
