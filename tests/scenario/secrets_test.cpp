// A shared secret is in none of the files, outputs and logs that a full run leaves behind, save where ptb-host keeps
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Secrets, AreInNoFileAndNoOutput) {
  Stage stage;
  std::string secret = content_of(stage.tool.secret_file());
  while (!secret.empty() && secret.back() == '\n') secret.pop_back();
  ASSERT_GE(secret.size(), 6U);
  std::string said;
  const auto run = [&](std::vector<std::string> arguments) {
    const Ran ran = stage.lms.run(std::move(arguments));
    said += ran.out + ran.err;
    return ran.status;
  };
  stage.install();
  run({"setting", "set", kQuiz, "--scope", "system", "colour", "blue"});
  said += stage.restore(stage.package(6), "_1_1").dump();
  stage.tool.start("ok, ok, error, drop, ok*");
  EXPECT_EQ(run({"tool", "save", kQuiz, "--state", "available"}), 1) << "dropped at the third event";
  EXPECT_EQ(run({"tool", "save", kQuiz, "--state", "available"}), 0);
  run({"events", "list"});
  run({"lanes"});
  run({"tool", "show", kQuiz});
  run({"tool", "ping", kQuiz});
  for (const Json& event : stage.events()) run({"events", "explain", event.at("id")});
  stage.tool.stop();
  run({"content", "copy", stage.lms.ok({"content", "list", "_1_1"}).at(0).at("content_id"), "--to", "_1_1"});
  said += stage.restore(stage.package(3, "other.imscc"), "_2_1").dump();
  // Killed while it sends, so that the log of the store is left as it was.
  stage.tool.start("ok, slow 60000*");
  const auto killed = stage.lms.start({"tool", "save", kQuiz, "--state", "available"});
  for (int turn = 0; turn < 200 && stage.tool.log().size() < 12; ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  killed->signal(SIGKILL);
  const Ran left = killed->wait();
  said += left.out + left.err;
  stage.tool.stop();

  ASSERT_NE(said.find("acme/quiz"), std::string::npos);
  EXPECT_EQ(said.find(secret), std::string::npos) << said;
  int looked_at = 0;
  bool kept_by_host = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(stage.scratch.path())) {
    if (!entry.is_regular_file() || entry.path() == stage.tool.secret_file()) continue;
    const bool of_host = entry.path().filename().string().starts_with("lms.db");
    const bool found = content_of(entry.path()).find(secret) != std::string::npos;
    kept_by_host = kept_by_host || (of_host && found);
    ++looked_at;
    EXPECT_TRUE(of_host || !found) << entry.path();
  }
  EXPECT_GE(looked_at, 4) << "bridge.db, its log, the tool's log, packages";
  EXPECT_TRUE(kept_by_host) << "else this test would find nothing anywhere";
}

}  // namespace
}  // namespace ptb::test
