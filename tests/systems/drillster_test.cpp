// Drillster: strict order inside independent groups, 2xx within 30 s over a valid certificate, growing distances for
// seven days from capture, discard and go on, settings that hold at once. Under the preset "drillster".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Drillster, GroupsAreIndependentAndEachIsInStrictOrder) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("drillster", ToolState::available, store);
    world.model = answers({{"course 1", "500"}});
    world.happens("course 1", EventKind::course_imported);
    world.happens("course 2", EventKind::course_copied);
    world.happens("group 1", EventKind::group_imported);
    world.happens("item 1", EventKind::content_copied);
    world.happens("item 2", EventKind::content_imported);
    EXPECT_THAT(world.heard(), ElementsAre("course 1:500", "group 1:ok", "item 1:ok", "item 2:ok"));
    EXPECT_EQ(world.why("course 2"), "behind_backlog");
    world.model = always("204");
    world.pass(kHourMs);
    EXPECT_THAT(world.sent_at("course 2"), SizeIs(1));
    EXPECT_EQ(world.sent_at("course 2").at(0), world.sent_at("course 1").back() + 1)
        << "right behind it, and not before";
  }
}

/// "ok" is HTTP 200 with the protocol's words; the model's numbers are a status with nothing.
TEST(Drillster, AnySuccessOfHttpAcknowledgesWhateverTheBody) {
  for (const char* const answer : {"200", "201", "204", "299", "ok", "error"}) {
    System world("drillster");
    world.model = always(answer);
    world.happens("A");
    EXPECT_EQ(world.state("A"), EventState::delivered) << answer;
  }
  for (const char* const answer : {"199", "301", "304", "400", "404", "410", "500", "drop"}) {
    System world("drillster");
    world.model = always(answer);
    world.happens("A");
    EXPECT_EQ(world.state("A"), EventState::pending) << answer;
    EXPECT_EQ(world.why("A"), "not_responding") << answer;
  }
}

TEST(Drillster, AnAnswerMustComeWithinThirtySeconds) {
  System world("drillster");
  world.happens("A");
  EXPECT_EQ(world.received.back().destination->total_timeout_ms, 30'000U);
  world.set_policy("blackboard");
  world.happens("B");
  EXPECT_EQ(world.received.back().destination->total_timeout_ms, world.options.exchange_timeout_ms);
  world.set_policy("drillster");
  world.happens("C");
  EXPECT_EQ(world.received.back().destination->total_timeout_ms, 30'000U) << "changed settings hold at once";
  world.reopen();
  world.happens("D");
  EXPECT_EQ(world.received.back().destination->total_timeout_ms, 30'000U);
}

TEST(Drillster, ATimeLimitOfTheToolThatIsShorterStays) {
  System world("drillster");
  Tool hasty = world.store->tool(kQuiz).value().value();
  hasty.options.timeout_ms = 5'000;
  ASSERT_TRUE(world.engine->tool_installed(hasty, true, {}));
  world.happens("A");
  EXPECT_EQ(world.received.back().destination->total_timeout_ms, 5'000U);
}

/// The tool has one base URL, of plain http, and its administrator allows that.
void make_plain(System& world) {
  Tool plain = world.store->tool(kQuiz).value().value();
  const std::string https = "<base-url type=\"https\">https://";
  plain.descriptor.replace(plain.descriptor.find(https), https.size(), "<base-url type=\"http\">http://");
  plain.options.allow_http = true;
  plain.options.allow_downgrade = true;
  ASSERT_TRUE(world.engine->tool_installed(plain, true, {}));
}

TEST(Drillster, PlainHttpIsNotSentToWhateverWasAllowed) {
  System world("drillster");
  make_plain(world);
  world.happens("A");
  EXPECT_THAT(world.heard(), IsEmpty());
  EXPECT_EQ(world.state("A"), EventState::pending);
  world.set_policy("blackboard");
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok")) << "what the policy forbade, not the test";
}

TEST(Drillster, DistancesGrowAndAreAtMostFourHours) {
  System world("drillster");
  world.model = always("503");
  world.happens("A");
  world.pass(2 * kDayMs);
  const std::vector<std::int64_t> distances = world.distances("A");
  ASSERT_GE(distances.size(), 12U);
  std::int64_t expected = 30 * kSecondMs;
  for (const std::int64_t one : distances) {
    EXPECT_GE(one, expected);
    EXPECT_LE(one, expected + expected / 10 + 1) << "up to a tenth more";
    expected = std::min(2 * expected, 4 * kHourMs);
  }
}

TEST(Drillster, AfterSevenDaysAnEventIsDiscardedWithAReceiptAndTheNextIsSent) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("drillster", ToolState::available, store);
    world.model = answers({{"A", "drop"}});
    world.happens("A");
    world.pass(kDayMs);
    world.happens("B");
    world.pass(6 * kDayMs - kMinuteMs);
    EXPECT_EQ(world.state("A"), EventState::pending);
    EXPECT_THAT(world.sent_at("B"), IsEmpty());
    world.pass(kMinuteMs);
    EXPECT_EQ(world.state("A"), EventState::discarded);
    EXPECT_EQ(world.stored("A").reason, "too_old");
    EXPECT_EQ(world.host.told.back().state, EventState::delivered);
    ASSERT_THAT(world.sent_at("B"), SizeIs(1)) << "at once, not when A would have been tried again";
    EXPECT_LT(world.sent_at("B").at(0), 7 * kDayMs + kSecondMs);
  }
}

TEST(Drillster, SevenDaysCountFromCaptureAlsoForEventsNeverAtTheHead) {
  System world("drillster");
  world.model = always("drop");
  world.happens("A");
  world.pass(kDayMs);
  world.happens("B");
  world.pass(2 * kDayMs);
  world.happens("C");
  world.pass(5 * kDayMs + kSecondMs);  // A and B are over seven days old
  EXPECT_EQ(world.state("A"), EventState::discarded);
  EXPECT_EQ(world.state("B"), EventState::discarded);
  EXPECT_EQ(world.state("C"), EventState::pending);
  EXPECT_EQ(world.explain("C").at("ahead"), 0);
}

TEST(Drillster, ABacklogOfSevenDaysIsDiscardedInOneGoAndTheRestIsSent) {
  System world("drillster");
  world.model = always("drop");
  world.happens("A");
  world.happens("B");
  world.happens("C");
  world.pass(kDayMs);
  world.happens("D");
  world.model = answers({{"A", "drop"}});
  world.clock.advance(6 * kDayMs + kHourMs);  // nobody pumped
  world.received.clear();
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("D:ok"));
  for (const char* const name : {"A", "B", "C"}) EXPECT_EQ(world.state(name), EventState::discarded) << name;
}

TEST(Drillster, AfterARestartTheNextOneDoesNotWaitForTheDiscardedOnesTime) {
  System world("drillster");
  world.model = answers({{"A", "drop"}});
  world.happens("A");
  world.pass(6 * kDayMs);
  world.happens("B");
  world.crash();
  world.clock.advance(kDayMs);
  world.open();
  const std::int64_t opened_at = world.now();
  world.run();
  EXPECT_EQ(world.state("A"), EventState::discarded);
  EXPECT_THAT(world.sent_at("B"), Each(opened_at));
  EXPECT_THAT(world.sent_at("B"), SizeIs(1));
}

TEST(Drillster, AfterALostAcknowledgementOnlyThatEventIsSentTwice) {
  System world("drillster", ToolState::unavailable);
  for (const char* const name : {"A", "B", "C"}) world.happens(name);
  world.model = answers({{"B", "drop"}});  // heard, but its answer was lost
  world.save(kQuiz, ToolState::available);
  world.model = always("ok");
  world.pass(kMinuteMs);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:drop", "B:ok", "C:ok"));
}

TEST(Drillster, ChangedSettingsHoldAtOnceAlsoForRetries) {
  System world("drillster");
  world.model = always("drop");
  world.host.settings = {{Scope::system, "channel", "old"}};
  world.happens("A");
  world.host.settings = {{Scope::system, "channel", "new"}};
  world.model = always("ok");
  world.pass(kMinuteMs);
  EXPECT_EQ(world.received.front().parameters.at("channel"), "old");
  EXPECT_EQ(world.received.back().parameters.at("channel"), "new");
}

TEST(Drillster, ChangedSettingsHoldForTheVeryNextEventOfABacklog) {
  System world("drillster", ToolState::unavailable);
  world.host.settings = {{Scope::system, "channel", "old"}};
  for (const char* const name : {"A", "B", "C"}) world.happens(name);
  world.model = [&](const Received& got) {
    const auto name = got.parameters.find("backup_id");
    if (name != got.parameters.end() && name->second == "A") world.host.settings = {{Scope::system, "channel", "new"}};
    return "ok";
  };
  world.save(kQuiz, ToolState::available);
  std::vector<std::string> channels;
  for (const Received& one : world.received)
    if (one.parameters.contains("event_id")) channels.push_back(one.parameters.at("channel"));
  EXPECT_THAT(channels, ElementsAre("old", "new", "new"));
}

TEST(Drillster, WhatAPersonSendsAgainHasTheChangedSettingsToo) {
  System world("drillster");
  world.host.settings = {{Scope::system, "channel", "old"}};
  world.happens("A");
  world.host.settings = {{Scope::system, "channel", "new"}};
  world.order(world.order_of("replay", R"("from_event":")" + world.text_id("A") + "\""));
  EXPECT_EQ(world.received.back().parameters.at("channel"), "new");
}

}  // namespace
}  // namespace ptb::test
