// Shuttle.Hopper: waits of 10 s, 30 s and 1 min, each message for itself, an error transport, and a deferred transport
// that is processed in single passes. Under the preset "shuttle".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::int64_t> seconds(std::vector<std::int64_t> all) {
  for (std::int64_t& one : all) one *= kSecondMs;
  return all;
}

/// An event with an IgnoreTillDate so far ahead.
ReportedEvent not_before(System& world, const std::string& name, std::int64_t in_ms) {
  ReportedEvent reported = world.event(kQuiz, EventKind::course_imported, name);
  reported.not_before_ms = world.clock.wall_ms + in_ms;
  return reported;
}

TEST(Shuttle, WaitsTenSecondsThenThirtyThenAMinuteAndAMinute) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("shuttle", ToolState::available, store);
    world.model = always("drop");
    EXPECT_EQ(world.happens("A").deferral, Deferral::first_attempt);
    world.pass(kHourMs);
    EXPECT_EQ(world.distances("A"), seconds({10, 30, 60, 60}));
    EXPECT_EQ(world.state("A"), EventState::parked) << "the fifth failure was the last";
    EXPECT_EQ(world.stored("A").reason, "attempts_used_up");
  }
}

TEST(Shuttle, WhatNobodyConfiguredWaitsThirtySecondsThenTwoMinutesThenFive) {
  System world("shuttle-default");
  world.model = always("drop");
  world.happens("A");
  world.pass(kHourMs);
  EXPECT_EQ(world.distances("A"), seconds({30, 120, 300, 300}));
  EXPECT_EQ(world.state("A"), EventState::parked);
}

TEST(Shuttle, AnErrorIsAFailureOfTheHandler) {
  System world("shuttle");
  world.model = answers({{"A", "error"}});
  world.happens("A");
  EXPECT_EQ(world.state("A"), EventState::pending);
  world.model = always("ok");
  world.pass(11 * kSecondMs);
  EXPECT_EQ(world.state("A"), EventState::delivered);
}

TEST(Shuttle, TheErrorTransportKeepsTheEventAndItsFailureTexts) {
  System world("shuttle");
  const std::vector<std::string> failures = {"drop", "500", "error", "503", "drop"};
  std::size_t failed = 0;
  world.model = [&](const Received&) { return failures.at(failed++ % failures.size()); };
  world.happens("A");
  world.pass(kHourMs);
  EXPECT_EQ(failed, 5U);
  world.reopen();
  world.pass(400 * kDayMs);
  EXPECT_EQ(failed, 5U) << "kept, and left alone";
  const Json said = world.explain("A");
  EXPECT_EQ(said.at("state"), "parked");
  std::vector<std::string> texts;
  for (const Json& one : said.at("attempts")) texts.push_back(one.at("text"));
  EXPECT_THAT(texts, ElementsAre("connection refused", "answered HTTP 500", "the tool answered ERROR",
                                 "answered HTTP 503", "connection refused"));
  EXPECT_EQ(said.at("attempts").at(0).at("at"), rfc3339(world.began() + 1));
  EXPECT_EQ(said.at("next").at(0), "unpark " + world.text_id("A"));
  world.model = always("ok");
  EXPECT_TRUE(world.order(world.order_on("unpark", "A")).ok);
  EXPECT_EQ(world.state("A"), EventState::delivered);
}

TEST(Shuttle, WhatCannotBeRecoveredIsParkedAtOnce) {
  for (const char* const status : {"400", "404", "422"}) {
    System world("shuttle");
    world.model = answers({{"A", status}});
    world.happens("A");
    EXPECT_EQ(world.state("A"), EventState::parked) << status;
    EXPECT_EQ(world.stored("A").reason, "cannot_be_cured");
    EXPECT_THAT(world.sent_at("A"), SizeIs(1));
  }
  for (const char* const status : {"408", "425", "429", "500"}) {
    System world("shuttle");
    world.model = answers({{"A", status}});
    world.happens("A");
    EXPECT_EQ(world.state("A"), EventState::pending) << status;
  }
}

TEST(Shuttle, OneThatFailsHoldsUpNoOther) {
  System world("shuttle");
  world.model = answers({{"A", "drop"}});
  world.happens("A");
  world.happens("B");
  EXPECT_EQ(world.state("B"), EventState::delivered);
  EXPECT_EQ(world.state("A"), EventState::pending);
}

TEST(Shuttle, NothingGoesStraightToTheDeferredTransport) {
  System world("shuttle");
  world.model = always("drop");
  for (int i = 0; i < 50; ++i) {
    const std::string name = "E" + std::to_string(i);
    EXPECT_EQ(world.happens(name).deferral, Deferral::first_attempt);
    EXPECT_THAT(world.sent_at(name), SizeIs(1)) << "attempted before anything else";
  }
}

TEST(Shuttle, AnIgnoreTillDateAheadIsWaitedFor) {
  System world("shuttle");
  const CaptureAnswer answer = world.happens("A", not_before(world, "A", 7 * kMinuteMs));
  EXPECT_EQ(answer.deferral, Deferral::delayed);
  const Json said = world.explain("A");
  EXPECT_EQ(said.at("why"), "delayed");
  EXPECT_EQ(said.at("next_at"), rfc3339(world.began() + 7 * kMinuteMs));
  EXPECT_THAT(said.at("attempts"), IsEmpty());
  world.pass(kHourMs);
  EXPECT_THAT(world.sent_at("A"), ElementsAre(7 * kMinuteMs));
  EXPECT_EQ(world.received.back().parameters.at("attempt"), "1") << "that it was looked at is no attempt";
}

TEST(Shuttle, AnIgnoreTillDateOfThePastIsNone) {
  System world("shuttle");
  world.happens("A", not_before(world, "A", -kMinuteMs));
  EXPECT_THAT(world.sent_at("A"), ElementsAre(0));
}

TEST(Shuttle, AnEarlierDatePullsTheNextPassForwardAndALaterOneNeverDelaysIt) {
  System world("shuttle");
  world.happens("middle", not_before(world, "middle", 50 * kSecondMs));
  EXPECT_EQ(world.engine->run_once(0), 50 * kSecondMs);
  world.happens("later", not_before(world, "later", 5 * kMinuteMs));
  EXPECT_EQ(world.engine->run_once(0), 50 * kSecondMs) << "a later one changes nothing";
  world.happens("earlier", not_before(world, "earlier", 20 * kSecondMs));
  EXPECT_EQ(world.engine->run_once(0), 20 * kSecondMs);
  world.pass(kHourMs);
  EXPECT_THAT(world.sent_at("earlier"), ElementsAre(20 * kSecondMs));
  EXPECT_THAT(world.sent_at("middle"), ElementsAre(50 * kSecondMs));
  EXPECT_THAT(world.sent_at("later"), ElementsAre(5 * kMinuteMs));
}

TEST(Shuttle, ADateThatCameWhileTheBridgeWasDownIsServedByThePassAtStartUp) {
  System world("shuttle");
  world.model = answers({{"failed", "drop"}});
  world.happens("failed");
  world.happens("due", not_before(world, "due", kMinuteMs));
  const std::int64_t not_due_at = world.now() + kHourMs;
  world.happens("not due", not_before(world, "not due", kHourMs));
  world.crash();
  world.clock.advance(2 * kMinuteMs);
  world.model = always("ok");
  world.open();
  const std::int64_t opened_at = world.now();
  world.run();
  EXPECT_THAT(world.sent_at("failed"), ElementsAre(0, opened_at));
  EXPECT_THAT(world.sent_at("due"), SizeIs(1));
  EXPECT_THAT(world.sent_at("not due"), IsEmpty());
  world.pass(2 * kHourMs);
  EXPECT_THAT(world.sent_at("not due"), ElementsAre(not_due_at));
}

TEST(Shuttle, ARetryKeepsItsTimeOverARestart) {
  System world("shuttle");
  world.model = always("drop");
  world.happens("A");
  world.clock.advance(3 * kSecondMs);
  world.reopen();
  world.pass(kMinuteMs);
  EXPECT_EQ(world.distances("A"), seconds({10, 30}));
}

/// A bridge thread: nobody calls it, it has to come back by itself.
void pump_for(System& world, std::int64_t ms) {
  const std::int64_t until = world.clock.monotonic_ms + ms;
  world.engine->run_until([&] { return world.clock.monotonic_ms >= until; });
}

TEST(Shuttle, TheThreadThatPumpsSleepsUntilTheEarliestDateAndNeverLongerThanAMinute) {
  System world("shuttle");
  world.happens("soon", not_before(world, "soon", 15 * kSecondMs));
  world.happens("late", not_before(world, "late", 200 * kSecondMs));
  pump_for(world, 10 * kMinuteMs);
  EXPECT_THAT(world.sent_at("soon"), ElementsAre(15 * kSecondMs)) << "less than a second late is asked for";
  EXPECT_THAT(world.sent_at("late"), ElementsAre(200 * kSecondMs));
  EXPECT_EQ(world.transport->longest_poll_ms, kMinuteMs);
}

TEST(Shuttle, AMessageThatWasHandledLeavesNothingBehindThatTheNextWaitsFor) {
  System world("shuttle");
  world.model = always("drop");
  world.happens("A");
  world.pass(kHourMs);
  ASSERT_EQ(world.state("A"), EventState::parked);
  world.happens("B");
  world.done(world.order_on("discard", "B", R"("reason":"not wanted")"));
  world.model = always("ok");
  for (const char* const name : {"C", "D", "E"}) {
    world.happens(name);
    EXPECT_THAT(world.sent_at(name), SizeIs(1)) << name;
  }
}

}  // namespace
}  // namespace ptb::test
