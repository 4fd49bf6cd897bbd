// Bad input: one clear line, status 1 or 2, nothing lost and nothing half done.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// One line, and a status that says refused or wrong usage.
void expect_one_line(const Ran& ran, const std::string& says) {
  EXPECT_THAT(ran.status, AnyOf(1, 2)) << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(says));
}

TEST(BadInput, Descriptors) {
  Stage stage;
  const std::string good = descriptor("acme", "quiz", "https://tools.acme.example");
  const auto without = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.erase(text.find(from), text.find(to) - text.find(from));
    return text;
  };
  const std::string long_path(600, 'x');
  std::string too_long = good;
  too_long.replace(too_long.find("/proxy"), 6, "/" + long_path);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"this is no XML", "tool.xml"},
      {"<manifest/>", "tool-profile"},
      {without("<vendor>", "<tool-info>"), "vendor"},
      {without("<tool-info>", "<tool-instance>"), "tool-info"},
      {without("<base-urls>", "</tool-instance>"), "base"},
      {too_long, "512"},
  };
  for (const auto& [text, says] : bad) {
    SCOPED_TRACE(says);
    const std::string file = stage.scratch.file("tool.xml", text);
    expect_one_line(stage.lms.run({"tool", "add", file, "--secret-file", stage.tool.secret_file()}), says);
  }
  expect_one_line(
      stage.lms.run({"tool", "add", stage.scratch.path("nowhere.xml"), "--secret-file", stage.tool.secret_file()}),
      "nowhere.xml");
  EXPECT_THAT(stage.lms.ok({"tool", "list"}), IsEmpty());
}

TEST(BadInput, Secrets) {
  Stage stage;
  const std::string file = stage.scratch.file("tool.xml", descriptor("acme", "quiz", "https://tools.acme.example"));
  expect_one_line(stage.lms.run({"tool", "add", file}), "secret");
  expect_one_line(stage.lms.run({"tool", "add", file, "--secret-file", stage.scratch.path("nothing")}), "nothing");
  expect_one_line(stage.lms.run({"tool", "add", file, "--secret-file", stage.scratch.file("empty", "\n")}), "empty");
}

TEST(BadInput, Packages) {
  Stage stage;
  const std::string package = stage.package(3);
  std::ifstream in(package, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  expect_one_line(
      stage.lms.run({"course", "restore", stage.scratch.file("cut.imscc", bytes.substr(0, bytes.size() / 2))}),
      "cut.imscc");
  expect_one_line(stage.lms.run({"course", "restore", stage.scratch.file("text.imscc", "just text")}), "text.imscc");
  expect_one_line(stage.lms.run({"course", "restore", stage.scratch.path("missing.imscc")}), "missing.imscc");
  expect_one_line(stage.lms.run({"course", "restore", package, "--map", "no-equals-sign"}), "no-equals-sign");
  EXPECT_THAT(stage.lms.ok({"course", "list"}), IsEmpty());
  EXPECT_THAT(stage.events(), IsEmpty());
}

TEST(BadInput, Names) {
  Stage stage;
  stage.install();
  expect_one_line(stage.lms.run({"tool", "save", "no/body", "--state", "available"}), "no/body");
  expect_one_line(stage.lms.run({"tool", "save", kQuiz, "--state", "on"}), "on");
  expect_one_line(stage.lms.run({"setting", "set", kQuiz, "--scope", "galaxy", "key", "value"}), "galaxy");
  expect_one_line(stage.lms.run({"setting", "set", kQuiz, "--scope", "system", std::string(201, 'k'), "v"}), "200");
  expect_one_line(stage.lms.run({"setting", "set", kQuiz, "--scope", "system", "nonce", "v"}), "reserved");
  expect_one_line(stage.lms.run({"setting", "set", kQuiz, "--scope", "system", "Two Words", "v"}), "a-z");
  expect_one_line(stage.lms.run({"events", "show", "not-an-id"}), "not-an-id");
  expect_one_line(stage.lms.run({"course", "copy", "_9_9", "_8_8"}), "_9_9");
  expect_one_line(stage.lms.run({"no-such-command"}), "ptb-host");
  const Ran warned = stage.lms.run({"setting", "set", kQuiz, "--scope", "system", "setting_a", "v"});
  EXPECT_EQ(warned.status, 0);
  EXPECT_THAT(stage.lms.run({"setting", "set", kQuiz, "--scope", "system", "setting1", "v"}).err,
              HasSubstr("setting_a"));
}

TEST(BadInput, AFailingSettingsCallbackLeavesTheOperationToBeCapturedLater) {
  Stage stage;
  stage.install();
  const Ran failed = stage.lms.run(
      {"course", "restore", stage.package(1), "--id", "_1_1", "--map", std::string(kLaunchHost) + "=" + kQuiz},
      {{"PTB_HOST_FAIL_SETTINGS", "1"}});
  expect_one_line(failed, "settings");
  EXPECT_THAT(stage.events(), IsEmpty());
  stage.tool.start();
  stage.make_available();
  EXPECT_EQ(stage.tool.heard().size(), 2U);
}

TEST(BadInput, StateDirectories) {
  Scratch scratch;
  PtbHost lms(scratch);
  lms.ok({"course", "create", "_1_1"});
  chmod(lms.state().c_str(), 0777);
  expect_one_line(lms.run({"course", "list"}), lms.state());
  PtbHost nowhere(scratch, "file/below");
  scratch.file("file", "a file, not a directory");
  expect_one_line(nowhere.run({"course", "list"}), "file");
}

/// One that does not listen: it is at its beginning or its end, or hangs.
TEST(BadInput, AStateDirectoryThatAnotherProcessHolds) {
  Stage stage;
  stage.install();
  const int lock = ::open((stage.lms.state() + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  ASSERT_EQ(::ftruncate(lock, 0), 0);
  ASSERT_EQ(::pwrite(lock, "4711\n", 5, 0), 5);
  expect_one_line(stage.lms.run({"lanes"}), "process 4711");
  ::close(lock);
  stage.lms.ok({"lanes"});
}

TEST(BadInput, ASecondProcessOnTheSameStateIsServedByTheFirst) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(20), "_1_1");
  stage.tool.start("slow 200*");
  const auto first = stage.lms.start({"tool", "save", kQuiz, "--state", "available"});
  for (int i = 0; i < 1000 && stage.tool.log().empty(); ++i) usleep(10'000);
  Json lanes;
  for (int i = 0; i < 1000 && (lanes.empty() || lanes.at(0).at("state") != "walking"); ++i)
    lanes = stage.lms.ok({"lanes"});
  EXPECT_EQ(lanes.at(0).at("state"), "walking") << lanes;
  first->signal(SIGINT);
  EXPECT_EQ(first->wait().status, 1) << "it was stopped in its walk";
}

TEST(BadInput, StoresThatAreNewerOrDamaged) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(1), "_1_1");
  const std::string database = stage.lms.state() + "/bridge.db";
  std::string bytes;
  {
    std::ifstream in(database, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto with = [&](std::size_t at, const std::string& patch) {
    std::string changed = bytes;
    changed.replace(at, patch.size(), patch);
    std::ofstream(database, std::ios::binary) << changed;
  };
  with(60, std::string("\x00\x00\x03\xe7", 4));  // user_version 999
  expect_one_line(stage.lms.run({"tool", "save", kQuiz, "--state", "inactive"}), "newer");
  with(0, "no SQLite header");
  expect_one_line(stage.lms.run({"tool", "save", kQuiz, "--state", "inactive"}), "bridge.db");
  with(0, bytes.substr(0, 100));
  EXPECT_EQ(stage.standing().size(), 2U) << "untouched: what waited is still there";
}

}  // namespace
}  // namespace ptb::test
