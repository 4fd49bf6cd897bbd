// P9: a restore of 5,000 links is one capture and one commit; a backlog of 200,000 events is walked with flat memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "plugin.h"
#include "scenario/stage.h"
#include "support/tool_server.h"

namespace ptb::test {
namespace {

TEST(Backlog, ARestoreOf5000LinksIsOneCaptureAndOneCommit) {
  const Environment second_commit_kills = {{"PTB_PLUGIN", PTB_CRASH_PLUGIN},
                                           {"PTB_KILL_AT", "store.capture.before_commit:2"}};
  const Environment first_commit_kills = {{"PTB_PLUGIN", PTB_CRASH_PLUGIN},
                                          {"PTB_KILL_AT", "store.capture.before_commit:1"}};
  Stage stage;
  stage.install();
  const std::string package = stage.package(5000);
  const auto restore = [&](const std::string& course, const Environment& environment) {
    return stage.lms.run(
        {"course", "restore", package, "--id", course, "--map", std::string(kLaunchHost) + "=" + kQuiz}, environment);
  };
  const Ran restored = restore("_1_1", second_commit_kills);
  ASSERT_EQ(restored.status, 0) << "a second commit was made: " << restored.err;
  EXPECT_EQ(restored.json().at("events").size(), 5001U);
  EXPECT_EQ(restore("_2_1", first_commit_kills).status, -9) << "the point is not passed at all";
  stage.tool.start();
  EXPECT_EQ(stage.lms.ok({"tool", "save", kQuiz, "--state", "available"}).at("acknowledged"), 10002);
}

/// Resident memory of this process in KiB: now ("VmRSS:") or at its highest ("VmHWM:").
long resident_kib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == field) {
      long kib = 0;
      status >> kib;
      return kib;
    }
  return 0;
}

/// An LMS that only counts.
class CountingHost final : public host::HostFace {
 public:
  void load_settings(const host::Locator&, std::string_view, std::string_view,
                     const std::function<bool(const host::Setting&)>&) override {}
  std::optional<std::string> load_secret(const host::Locator&) override { return "secret"; }
  void log(int, std::string_view) override {}
  void callback_failed(const std::string&) noexcept override {}
  void outcome(const ptb_outcome&) override { ++outcomes; }
  void progress(const ptb_progress&) override {}
  void watch(const ptb_watch&) override {}
  std::uint64_t outcomes = 0;
};

TEST(Backlog, TwoHundredThousandEventsAreWalkedWithFlatMemory) {
  constexpr int kEvents = 200'000;
  constexpr int kPerCapture = 1'000;
  tool_server server{};
  ASSERT_TRUE(tool_server_start(&server));
  Scratch scratch;
  CountingHost face;
  host::BridgeOptions options;
  options.store = "sqlite:" + scratch.path("bridge.db");
  options.tcbaseurl = "https://lms.example:443";
  options.generation = "g";
  options.own_thread = false;
  host::Bridge bridge(host::Plugin::load(PTB_PLUGIN_FILE), options, face);
  host::Tool tool;
  tool.locator = {"acme", "quiz"};
  tool.guid = std::string(32, 'a');
  tool.descriptor = descriptor("acme", "quiz", "http://127.0.0.1:" + std::to_string(server.port));
  tool.allow_http = true;
  tool.allow_private = true;
  bridge.tool_installed(tool, "unavailable");

  std::uint64_t handle = 0;
  const std::string ballast(1'000, 'x');
  for (int first = 0; first < kEvents; first += kPerCapture) {
    host::Operation operation;
    operation.id = static_cast<std::uint64_t>(first + 1);
    for (int i = 0; i < kPerCapture; ++i) {
      host::LmsEvent event;
      event.kind = "content-imported";
      event.tool = tool.locator;
      event.arguments = {
          {"content_id", "_" + std::to_string(first + i) + "_1"}, {"course_id", "_1_1"}, {"note", ballast}};
      operation.events.push_back(std::move(event));
    }
    bridge.capture(operation, handle);
  }
  const long idle_kib = resident_kib("VmRSS:");
  std::ofstream("/proc/self/clear_refs") << "5";  // the high-water mark starts anew
  const std::uint64_t saved = bridge.tool_saved(tool.locator, "available");
  std::optional<host::OperationResult> result;
  while (!result) result = bridge.wait(saved, 10'000);
  const long peak_kib = resident_kib("VmHWM:");
  EXPECT_EQ(result->acknowledged, static_cast<std::uint64_t>(kEvents)) << result->text;
  EXPECT_EQ(face.outcomes, static_cast<std::uint64_t>(kEvents));
  std::printf("200,000 events: %.1f s, resident %.1f MiB idle, %.1f MiB at most while walking\n",
              static_cast<double>(result->duration_ms) / 1000, static_cast<double>(idle_kib) / 1024,
              static_cast<double>(peak_kib) / 1024);
  RecordProperty("idle_kib", static_cast<int>(idle_kib));
  RecordProperty("peak_kib", static_cast<int>(peak_kib));
  EXPECT_LE(peak_kib - idle_kib, 32 * 1024);
  tool_server_stop(&server);
}

}  // namespace
}  // namespace ptb::test
