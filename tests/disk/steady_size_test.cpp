// Events come and go, and the file of the store stays as large as it was. PTB_STEADY_EVENTS=N lets N of them come.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "disk/stage.h"

namespace ptb::test {
namespace {

constexpr int kEventsARound = 1000;
constexpr int kFirstRounds = 5;

long events_to_come() {
  const char* const text = std::getenv("PTB_STEADY_EVENTS");
  return text == nullptr || *text == '\0' ? 12'000 : std::atol(text);
}

std::size_t bytes_of(const Floor& floor) {
  std::size_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(floor.path())) sum += entry.file_size();
  return sum;
}

/// Captured, delivered and reclaimed, with a few that are refused; keys go after a while as well.
void one_round(Store& store, int round, const std::vector<Locator>& tools) {
  const std::int64_t now_ms = kMorning + round * 86'400'000LL;
  for (int first = 0; first < kEventsARound; first += 50) {
    CaptureBatch batch;
    for (int i = 0; i < 50; ++i) {
      batch.items.push_back(item_of(round * kEventsARound + first + i + 1));
      batch.items.back().event.captured_at_ms = now_ms;
    }
    CaptureBatch* const batches[] = {&batch};
    const auto captured = store.capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
      return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::behind_backlog, {}};
    });
    ASSERT_TRUE(captured.has_value()) << captured.error().text;
  }
  for (const Locator& tool : tools) {
    const auto walks = store.save_tool(tool, ToolState::available, now_ms);
    ASSERT_TRUE(walks.has_value()) << walks.error().text;
    for (const Walk& walk : *walks) {
      ASSERT_TRUE(store.settle({walk.lane, walk.first}, EventState::refused, "refused", "ERROR", now_ms).has_value());
      WalkEnd end;
      end.reached = walk.last;
      end.completed = true;
      std::vector<StoredEvent> dropped;
      ASSERT_TRUE(store.end_walk(walk, end, now_ms, dropped).has_value());
    }
  }
  constexpr std::int64_t kKeysMs = 2 * 86'400'000LL;
  for (bool more = true; more;) {
    const auto reclaimed = store.reclaim(
        now_ms + 1000, [](const Locator&) { return 0; }, kKeysMs, 500);
    ASSERT_TRUE(reclaimed.has_value()) << reclaimed.error().text;
    more = *reclaimed;
  }
}

TEST(SteadySize, TheFileDoesNotGrowWithEventsThatHaveComeAndGone) {
  const Floor floor;
  auto opened = usual_store()(floor.store());
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  Store& store = **opened;
  const std::vector<Locator> tools = {{"acme", "toola"}, {"acme", "toolb"}, {"acme", "toolc"}};
  for (const Locator& locator : tools) {
    Tool tool;
    tool.locator = locator;
    tool.guid = "0123456789abcdef0123456789abcdef";
    tool.descriptor = "<tool-profile/>";
    tool.options.wire = "proxy-tool";
    ASSERT_TRUE(store.put_tool(tool, kMorning).has_value());
  }
  const auto rounds = static_cast<int>(std::max(4L * kFirstRounds, events_to_come() / kEventsARound));
  std::size_t first = 0;
  std::size_t most = 0;
  for (int round = 0; round < rounds; ++round) {
    one_round(store, round, tools);
    if (HasFatalFailure()) return;
    const std::size_t now = bytes_of(floor);
    if (round < kFirstRounds)
      first = std::max(first, now);
    else
      most = std::max(most, now);
  }
  std::printf("%d events came and went: %zu KiB after %d rounds of %d, never more than %zu KiB after\n",
              rounds * kEventsARound, first / 1024, kFirstRounds, kEventsARound, most / 1024);
  EXPECT_LE(most, first + first / 20);
}

}  // namespace
}  // namespace ptb::test
