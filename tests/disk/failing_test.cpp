// Each order of a story fails once, or from there on for a while: what was accepted is there, what failed says so in
// one line, and the store goes on as soon as its disk does, without being closed by anybody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>

#include "disk/crash_points.h"
#include "disk/judge.h"
#include "disk/workers.h"

namespace ptb::test {
namespace {

/// Orders number first … first + count - 1 fail.
struct Failure {
  bool of_reads = false;
  std::size_t first = 0;
  std::size_t count = 1;
  int error = EIO;
};

struct Outcome {
  bool struck = false;
  std::vector<std::string> broken;
};

std::string text_of(const Failure& failure) {
  return std::string(failure.of_reads ? "reads" : "changes") + " " + std::to_string(failure.first) + " to " +
         std::to_string(failure.first + failure.count - 1);
}

/// One line for a person, about the store.
bool is_clear(const Error& error) {
  const bool one_line = !error.text.empty() && error.text.find('\n') == std::string::npos;
  return one_line && (error.status == Status::store || error.status == Status::locked) &&
         (error.text.find("bridge.db") != std::string::npos);
}

Outcome play_with(Stage& stage, const Failure& failure) {
  Outcome outcome;
  const auto broken = [&](const std::string& what) {
    outcome.broken.push_back("story \"" + stage.story().name + "\", " + text_of(failure) + " fail: " + what);
  };
  bool over = false;
  Mishaps mishaps;
  mishaps.disk = [&](const DiskOrder& order, std::size_t number) {
    if (over || order.changes() == failure.of_reads || number < failure.first ||
        number >= failure.first + failure.count)
      return 0;
    outcome.struck = true;
    return failure.error;
  };
  mishaps.tries = 2;
  mishaps.before_close = [&](Player& player) {
    over = true;
    for (const std::string& complaint : broken_invariants(player.store(), player.ledger().at(kNever - 1)))
      broken("the store that went on: " + complaint);
  };
  const Performance performance = stage.perform(mishaps);
  for (const Error& error : performance.errors)
    if (!is_clear(error)) broken("it says: " + error.text);
  for (const std::string& complaint : broken_invariants(stage.floor().store(), performance.ledger.at(kNever - 1)))
    broken(complaint);
  return outcome;
}

/// `count` orders in a row fail, beginning with each `stride`-th.
std::vector<std::string> fail_everywhere(std::size_t count, std::size_t stride, bool of_reads) {
  const std::size_t stories = stories_of_the_disk(0).size();
  return in_workers(stories, [&](std::size_t job) {
    Stage stage(stories_of_the_disk(0)[job], 0);
    Failure failure{of_reads, 0, count};
    std::size_t failures = 0;
    for (;; failure.first += stride, ++failures) {
      const Outcome outcome = play_with(stage, failure);
      if (!outcome.broken.empty()) return outcome.broken;
      if (!outcome.struck) break;
    }
    return std::vector<std::string>{"# " + std::to_string(failures)};
  });
}

std::size_t count_of(std::vector<std::string>& lines) {
  std::size_t sum = 0;
  std::erase_if(lines, [&](const std::string& line) {
    std::size_t here = 0;
    const bool counts = std::sscanf(line.c_str(), "# %zu", &here) == 1;
    sum += here;
    return counts;
  });
  return sum;
}

TEST(FailingDisk, NothingIsLostWhereOneChangeFails) {
  auto lines = fail_everywhere(1, 1, false);
  std::printf("%zu writes, syncs and other changes failed, one at a time\n", count_of(lines));
  EXPECT_THAT(lines, testing::IsEmpty());
}

TEST(FailingDisk, NothingIsLostWhereSeveralChangesFail) {
  auto lines = fail_everywhere(7, 7, false);
  std::printf("%zu times seven changes in a row failed\n", count_of(lines));
  EXPECT_THAT(lines, testing::IsEmpty());
}

TEST(FailingDisk, NothingIsLostWhereOneReadFails) {
  auto lines = fail_everywhere(1, 2, true);
  std::printf("%zu reads failed, one at a time\n", count_of(lines));
  EXPECT_THAT(lines, testing::IsEmpty());
}

/// A sync fails, the next ones say nothing of what was not written, and some time later the power goes.
TEST(FailingDisk, WhatASyncHasGivenUpIsWrittenAnewBeforeItIsRelied) {
  constexpr std::size_t kAfterwards = 10;
  const std::size_t stories = stories_of_the_disk(0).size();
  auto lines = in_workers(stories, [&](std::size_t job) {
    Stage stage(stories_of_the_disk(0)[job], 0);
    std::vector<std::string> said;
    std::size_t moments = 0;
    bool struck = true;
    for (std::size_t sync = 0; struck && said.empty(); sync += 2) {
      std::size_t syncs = 0;
      std::size_t at = 0;
      struck = false;
      Mishaps mishaps;
      mishaps.tries = 2;
      mishaps.disk = [&](const DiskOrder& order, std::size_t number) {
        if (order.kind != DiskOrder::Kind::sync || syncs++ != sync) return 0;
        struck = true;
        at = number;
        return EIO;
      };
      const Performance performance = stage.perform(mishaps);
      if (!struck) break;
      const Verdicts verdicts = lose_power_everywhere(stage, performance, 2, 1, {}, {at, at + kAfterwards});
      for (const std::string& broken : verdicts.broken)
        said.push_back("sync " + std::to_string(sync) + " failed; then " + broken);
      moments += verdicts.moments;
    }
    said.push_back("# " + std::to_string(moments));
    return said;
  });
  std::printf("power lost at %zu moments after a sync that failed\n", count_of(lines));
  EXPECT_THAT(lines, testing::IsEmpty());
}

}  // namespace
}  // namespace ptb::test
