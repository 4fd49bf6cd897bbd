// The whole story played on the pages of `ptb-host serve`, by a browser without scripts: nothing is done but what a
// person could do by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "scenario/stage.h"
#include "support/browser.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kLooks = 300;
constexpr auto kPause = std::chrono::milliseconds(100);

/// Looks until it is so; the test fails where it never is.
template <typename Is>
void wait_until(const char* what, const Is& is) {
  for (int look = 0; look < kLooks; ++look) {
    if (is()) return;
    std::this_thread::sleep_for(kPause);
  }
  FAIL() << what << " has not come about";
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ServeStory : public testing::Test {
 protected:
  ServeStory() {
    const auto port_file = stage.scratch.path("port");
    server = stage.lms.start({"serve", "--port", "0", "--port-file", port_file, "--max-upload-mib", "1"});
    wait_until("the server", [&] { return content_of(port_file).ends_with('\n'); });
    browser = std::make_unique<Browser>(std::stoi(content_of(port_file)));
  }
  ~ServeStory() override {
    server->signal(SIGTERM);
    EXPECT_EQ(server->wait().status, 0);
  }

  void log_in() {
    browser->get("/login");
    browser->submit("/login", {{"token", content_of(stage.lms.state() + "/token").substr(0, 48)}});
    ASSERT_TRUE(browser->get("/courses").has("Log out"));
  }
  void add_tool() {
    const auto url = "http://127.0.0.1:" + std::to_string(stage.tool.port());
    browser->get("/");
    browser->submit("/tools", {{"descriptor", descriptor("acme", "quiz", url)},
                               {"secret", content_of(stage.tool.secret_file())},
                               {"allow_http", "on"},
                               {"allow_private", "on"}});
    ASSERT_TRUE(browser->get("/tools/acme/quiz").has("inactive")) << browser->seen().body;
  }
  /// Begins it, and waits until it has ended.
  void save(const std::string& state) {
    browser->get("/tools/acme/quiz");
    browser->submit("/tools/acme/quiz/save", {{"state", state}});
    ASSERT_EQ(browser->seen().status, 200) << browser->seen().body;
    wait_until("the save", [&] { return !browser->get("/api/jobs").has("\"running\""); });
  }
  const Seen& restore(const std::string& course) {
    browser->get("/courses");
    return browser->submit("/courses/restore", {{"id", course}, {"map", "tools.acme.example=acme/quiz"}},
                           {{"package", stage.package(3)}});
  }
  std::vector<std::string> ids_heard() const {
    std::vector<std::string> ids;
    for (const auto& line : stage.tool.log())
      if (const auto id = Receiver::parameter(line, "event_id"); !id.empty()) ids.push_back(id);
    return ids;
  }

  Stage stage;
  std::unique_ptr<Process> server;
  std::unique_ptr<Browser> browser;
};

TEST_F(ServeStory, CoursesAreMadeCopiedAndDeletedByHand) {
  log_in();
  stage.tool.start();
  add_tool();
  EXPECT_TRUE(restore("C1").has("Course C1 is there."));
  EXPECT_EQ(browser->seen().place.substr(0, 12), "/operations/");
  EXPECT_TRUE(browser->get("/courses").has("href=\"/courses/C1\""));

  browser->get("/courses");
  EXPECT_TRUE(browser->submit("/courses", {{"id", "C2"}}).has("Course C2 was created."));
  EXPECT_EQ(browser->seen().place, "/courses/C2");
  EXPECT_TRUE(browser->submit("/courses/C2/groups", {{"name", "Blue & white"}}).has("Blue &amp; white"));

  browser->get("/courses/C1");
  EXPECT_TRUE(browser->submit("/courses/C1/copy", {{"to", "C3"}, {"how", "exact"}}).has("Course C1 was copied to C3."));
  EXPECT_TRUE(browser->get("/courses/C3").has("Quiz 3"));

  const auto item = stage.lms.ok({"content", "list", "C1"}).at(0).at("content_id").get<std::string>();
  browser->get("/content/" + item);
  EXPECT_TRUE(browser->submit("/content/" + item + "/known", {{"external_id", "own <1>"}}).has("own &lt;1&gt;"));
  browser->get("/content/" + item);
  EXPECT_TRUE(
      browser->submit("/content/" + item + "/copy", {{"to", "C2"}, {"how", "move"}}).has("was moved to course C2"));
  EXPECT_FALSE(browser->get("/courses/C1").has("Quiz 1"));
  EXPECT_EQ(browser->get("/content/" + item).status, 404);

  browser->get("/courses/C2");
  ASSERT_TRUE(browser->submit("/courses/C2/export").has("Download the package"));
  const auto package = browser->get(browser->seen().place + "/package");
  EXPECT_EQ(package.status, 200);
  EXPECT_THAT(package.headers.at("content-disposition"), HasSubstr("C2.imscc"));
  const auto exported = stage.scratch.file("C2.imscc", package.body);
  browser->get("/courses");
  EXPECT_TRUE(
      browser->submit("/courses/restore", {{"id", "C4"}}, {{"package", exported}}).has("<dt>Groups</dt><dd>1</dd>"));

  browser->get("/courses/C3/delete");
  EXPECT_TRUE(browser->submit("/courses/C3/delete").has("Course C3 is deleted."));
  EXPECT_EQ(browser->get("/courses/C3").status, 404);
}

TEST_F(ServeStory, WhatWaitsIsDeliveredAndRepeatedUnderOneId) {
  log_in();
  add_tool();
  const auto waiting = restore("C1").place;
  EXPECT_TRUE(browser->seen().has("4 events wait for"));
  EXPECT_TRUE(browser->seen().has("the tool is not saved as available"));

  // The setting as it was when the course was restored is what the tool hears.
  browser->get("/tools/acme/quiz/settings");
  browser->submit("/tools/acme/quiz/settings", {{"scope", "system"}, {"key", "region"}, {"value", "later"}});
  ASSERT_TRUE(browser->get("/tools/acme/quiz/settings").has("region"));
  stage.tool.start("ok*3, die after");
  save("available");
  stage.tool.wait_gone();
  EXPECT_TRUE(browser->get(waiting).has("wait for"));

  stage.tool.start();
  save("available");
  EXPECT_FALSE(browser->get(waiting).has("wait for"));
  EXPECT_TRUE(browser->seen().has("<span class=\"badge good\">delivered</span>"));

  const auto ids = ids_heard();
  ASSERT_EQ(ids.size(), 7U) << "three before it died, and then all four";
  EXPECT_THAT(std::vector(ids.begin(), ids.begin() + 3), ElementsAre(ids[3], ids[4], ids[5]));
  for (const auto& line : stage.tool.log())
    EXPECT_EQ(Receiver::parameter(line, "region"), "") << "set after the capture";
}

TEST_F(ServeStory, FormsOfOtherSitesAreRefused) {
  log_in();
  const auto package = stage.package(1);
  const Fields fields = {{"id", "C1"}};
  const Fields files = {{"package", package}};
  // A browser that would send the cookie along.
  EXPECT_EQ(browser->post_from_elsewhere("/courses", fields).status, 403);
  EXPECT_EQ(browser->post_from_elsewhere("/courses/restore", fields, files).status, 403);
  EXPECT_EQ(browser->post_from_elsewhere("/courses/restore", {{"id", "C1"}, {"form_word", "guessed"}}, files).status,
            403);
  // One that does not is told so before it has sent the package.
  EXPECT_EQ(browser->post_from_elsewhere("/courses/restore", fields, files, false).status, 403);
  EXPECT_EQ(browser->post_from_elsewhere("/try/tool", {}).status, 403);
  EXPECT_EQ(stage.lms.ok({"course", "list"}).size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(stage.lms.state() + "/uploads"));
}

TEST_F(ServeStory, WhatCannotBeRestoredIsSaidInTheForm) {
  log_in();
  const auto rubbish = stage.scratch.file("holiday.imscc", "no package");
  browser->get("/courses");
  browser->submit("/courses/restore", {{"id", "C1"}, {"user_id", "anna"}}, {{"package", rubbish}});
  EXPECT_EQ(browser->seen().status, 409);
  EXPECT_TRUE(browser->seen().has("holiday.imscc")) << "its name, and not where it lies";
  EXPECT_FALSE(browser->seen().has(".ptb-upload-"));
  EXPECT_TRUE(browser->seen().has("value=\"anna\""));
  browser->submit("/courses/restore", {{"id", "C 1"}}, {{"package", stage.package(1)}});
  EXPECT_TRUE(browser->seen().has("cannot be an id"));
  browser->submit("/courses/restore", {{"map", "nonsense"}}, {{"package", stage.package(1)}});
  EXPECT_EQ(browser->seen().status, 409);
  browser->submit("/courses/restore", {{"not_before", "tomorrow"}}, {{"package", stage.package(1)}});
  EXPECT_TRUE(browser->seen().has("2026-11-23T08:00:00Z"));
  EXPECT_EQ(stage.lms.ok({"course", "list"}).size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(stage.lms.state() + "/uploads"));

  const auto large = stage.scratch.file("large.imscc", std::string(2'000'000, 'x'));
  browser->get("/courses");
  EXPECT_EQ(browser->submit("/courses/restore", {}, {{"package", large}}).status, 413);
}

TEST_F(ServeStory, TheBuiltInExampleNeedsNoFiles) {
  browser->get("/try");
  EXPECT_FALSE(browser->seen().has("action=\"/try"));
  log_in();
  browser->get("/try");
  EXPECT_TRUE(browser->submit("/try/tool").has("acme/quiz was added."));
  EXPECT_TRUE(browser->submit("/try/restore").has("4 events wait for"));
  EXPECT_EQ(browser->get("/try/tool.xml").body, content_of(std::string(PTB_EXAMPLES) + "/tool.xml"));
  EXPECT_EQ(browser->get("/try/course.imscc").body, content_of(std::string(PTB_EXAMPLES) + "/course.imscc"));
}

}  // namespace
}  // namespace ptb::test
