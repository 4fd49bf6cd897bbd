// Wires that take several events a request: what goes together, and that what was not answered goes together again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_world.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Batch = std::vector<std::string>;

std::vector<Batch> batches_of(const SmallWorld& world) {
  std::vector<Batch> batches;
  for (const auto& one : world.received) batches.push_back(one.batch);
  return batches;
}

void capture_named(SmallWorld& world, const std::string& names) {
  for (const char name : names) world.capture_one(kQuiz, EventKind::course_imported, std::string(1, name));
}

TEST(Batches, NeighboursGoTogetherUpToWhatTheToolTakes) {
  SmallWorld world;
  world.install_batching(kQuiz, ToolState::unavailable, 3);
  capture_named(world, "ABCDEFG");
  const OperationResult result = world.save(kQuiz, ToolState::available);
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.tally.acknowledged, 7U);
  EXPECT_THAT(batches_of(world), ElementsAre(Batch{"A", "B", "C"}, Batch{"D", "E", "F"}, Batch{"G"}));
}

TEST(Batches, OneThatWasNotAnsweredGoesOutAgainAsItWas) {
  SmallWorld world;
  world.install_batching(kQuiz, ToolState::unavailable, 4);
  capture_named(world, "ABCDEF");
  world.model = [](const Received& got) { return got.batch.front() == "E" ? "drop" : "ok"; };
  EXPECT_FALSE(world.save(kQuiz, ToolState::available).ok);
  capture_named(world, "GHIJ");
  world.reopen();
  world.received.clear();
  world.model = [](const Received&) { return "ok"; };
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(batches_of(world), ElementsAre(Batch{"A", "B", "C", "D"}, Batch{"E", "F"}, Batch{"G", "H", "I", "J"}));
  world.received.clear();
  capture_named(world, "K");
  world.run();
  EXPECT_EQ(world.lane(kQuiz).kept_through, 0) << "once acknowledged nothing is kept together";
}

TEST(Batches, AreTheSameAfterACrashInTheMiddleOfOne) {
  SmallWorld world;
  world.install_batching(kQuiz, ToolState::unavailable, 4);
  capture_named(world, "ABCDEF");
  std::vector<Batch> tried;
  world.model = [&](const Received& got) {
    tried.push_back(got.batch);
    return got.batch.front() == "E" ? "hang" : "ok";
  };
  ASSERT_TRUE(world.engine->tool_saved(kQuiz, ToolState::available));
  for (int turn = 0; turn < 5; ++turn) world.engine->run_once(1);
  ASSERT_EQ(tried.back(), (Batch{"E", "F"}));
  world.crash();
  world.received.clear();
  world.model = [](const Received&) { return "ok"; };
  world.open();
  capture_named(world, "GHIJ");
  world.run();
  EXPECT_THAT(batches_of(world), ElementsAre(Batch{"A", "B", "C", "D"}, Batch{"E", "F"}, Batch{"G", "H", "I", "J"}));
}

TEST(Batches, ReachOverThePagesInWhichEventsAreRead) {
  SmallWorld world;
  world.install_batching(kQuiz, ToolState::unavailable, 30);
  for (int number = 0; number < 200; ++number)
    world.capture_one(kQuiz, EventKind::course_imported, std::to_string(number));
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  std::vector<std::size_t> sizes;
  int expected = 0;
  for (const Batch& batch : batches_of(world)) {
    sizes.push_back(batch.size());
    for (const std::string& name : batch) EXPECT_EQ(name, std::to_string(expected++));
  }
  EXPECT_THAT(sizes, ElementsAre(30, 30, 30, 30, 30, 30, 20));
}

TEST(Batches, WhatTheWireCannotSayIsToldAndNotSent) {
  SmallWorld world;
  const auto waiting = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.install_batching(kQuiz, ToolState::available, 3);
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_deleted, "B").ignored_as, "wire_cannot_say");
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(batches_of(world), ElementsAre(Batch{"A"}));
  EXPECT_EQ(world.stored(waiting.id).state, EventState::delivered);
}

/// A world whose tool has answered its one event with the wish to be left alone for a minute, and would take it now.
struct AskedForTime : SmallWorld {
  AskedForTime() {
    install_batching(kQuiz, ToolState::available, 1);
    model = [](const Received&) { return "later"; };
    capture_one(kQuiz, EventKind::course_imported, "A");
    run();
    model = [](const Received&) { return "ok"; };
  }
  std::size_t requests_after(std::int64_t ms) {
    clock.advance(ms);
    run();
    return received.size();
  }
};

TEST(RetryAfter, IsKeptToAndThenTheToolIsTriedWithoutAnyFurtherTrigger) {
  AskedForTime world;
  EXPECT_EQ(world.received.size(), 1U);
  EXPECT_TRUE(world.engine->tool_contacted(kQuiz));
  EXPECT_EQ(world.requests_after(50'000), 1U) << "a contact does not come before the time that the tool asked for";
  EXPECT_EQ(world.requests_after(11'000), 2U);
  EXPECT_EQ(world.lane(kQuiz).waiting, 0);
}

TEST(RetryAfter, OutlivesTheProcess) {
  AskedForTime world;
  world.clock.advance(20'000);
  world.reopen();
  EXPECT_EQ(world.requests_after(0), 1U);
  EXPECT_NE(world.engine->report(R"({"report":"lanes"})")->find("\"next_at\":\""), std::string::npos);
  EXPECT_EQ(world.requests_after(41'000), 2U);
  EXPECT_EQ(world.lane(kQuiz).waiting, 0);
}

TEST(RetryAfter, APersonDoesNotWaitForIt) {
  AskedForTime world;
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_EQ(world.received.size(), 2U);
}

}  // namespace
}  // namespace ptb::test
