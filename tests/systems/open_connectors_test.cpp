// SAP Open Connectors: nine retries at 4^x s after the original failure, then deactivation and queueing, one call that
// reactivates and redelivers; the newer text's five retries at 8^x s; and the failure policy "queue". Under the presets
// of that name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<std::int64_t> powers(std::int64_t base, int last) {
  std::vector<std::int64_t> all;
  std::int64_t seconds = 1;
  for (int x = 1; x <= last; ++x) all.push_back((seconds *= base) * kSecondMs);
  return all;
}

std::vector<std::string> column(const Json& list, const char* name) {
  std::vector<std::string> values;
  for (const Json& one : list) values.push_back(one.at(name).get<std::string>());
  return values;
}

/// Names of what a puller would be shown, or has been handed.
std::vector<std::string> names_in(const Json& answer) {
  std::vector<std::string> names;
  for (const Json& one : answer.at("events")) names.push_back(one.at("arguments").at("backup_id"));
  return names;
}

Json listed(System& world, const std::string& more = {}) {
  return world.asked(R"({"report":"pull","tool":"acme/quiz")" + more + "}");
}

/// The tool is down until A has used up its attempts.
void deactivate(System& world) {
  world.model = always("drop");
  world.happens("A");
  world.pass(5 * kDayMs);
  ASSERT_EQ(world.why("A"), "suspended");
  world.received.clear();
}

TEST(OpenConnectors, NineRetriesAtPowersOfFourFromTheOriginalFailure) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("open-connectors", ToolState::available, store);
    world.model = always("drop");
    world.happens("A");
    world.pass(30 * kDayMs);
    EXPECT_EQ(world.since_first_failure("A"), powers(4, 9));
    EXPECT_EQ(world.since_first_failure("A").back(), 262'144 * kSecondMs);
    EXPECT_EQ(world.why("A"), "suspended");
    EXPECT_EQ(world.state("A"), EventState::pending) << "kept";
  }
}

TEST(OpenConnectors, TheNewerTextsFiveRetriesAtPowersOfEight) {
  System world("open-connectors-2");
  world.model = always("500");
  world.happens("A");
  world.pass(30 * kDayMs);
  EXPECT_EQ(world.since_first_failure("A"), powers(8, 5));
  EXPECT_EQ(world.why("A"), "suspended");
}

TEST(OpenConnectors, RetriesKeepTheirTimesOverRestarts) {
  System world("open-connectors");
  world.model = always("drop");
  world.happens("A");
  for (int i = 0; i < 40; ++i) {
    world.pass(100 * kSecondMs);
    world.reopen();
  }
  EXPECT_EQ(world.since_first_failure("A"), powers(4, 5));
}

TEST(OpenConnectors, ARetryThatSucceedsEndsIt) {
  System world("open-connectors");
  world.model = always("drop");
  world.happens("A");
  world.pass(4 * kSecondMs);
  world.model = always("201");
  world.pass(kDayMs);
  EXPECT_EQ(world.since_first_failure("A"), powers(4, 2));
  EXPECT_EQ(world.state("A"), EventState::delivered);
}

TEST(OpenConnectors, AnEventThatWaitsDelaysNoOther) {
  System world("open-connectors");
  world.model = answers({{"A", "drop"}});
  world.happens("A");
  world.happens("B");
  EXPECT_EQ(world.state("B"), EventState::delivered);
}

TEST(OpenConnectors, WhenAllRetriesHaveFailedLaterEventsAreQueued) {
  System world("open-connectors");
  deactivate(world);
  EXPECT_EQ(world.happens("B").deferral, Deferral::suspended);
  EXPECT_EQ(world.happens("C").deferral, Deferral::suspended);
  world.pass(30 * kDayMs);
  world.reopen();
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), IsEmpty());
  EXPECT_THAT(names_in(listed(world)), ElementsAre("A", "B", "C"));
  EXPECT_THAT(world.explain("B").at("released_by").get<std::string>(), HasSubstr("save acme/quiz as available"));
  EXPECT_EQ(world.asked(R"({"report":"policy","tool":"acme/quiz"})").at("policy"), "open-connectors")
      << "the account's setting is what it was";
}

TEST(OpenConnectors, QueuedOnesAreFilteredByTheReceiversUrl) {
  System world("open-connectors");
  deactivate(world);
  world.happens("B");
  const Json all = listed(world);
  EXPECT_THAT(column(all.at("events"), "url"), ElementsAre("https://acme.example", "https://acme.example"));
  EXPECT_THAT(names_in(listed(world, R"(,"url":"https://acme.example")")), ElementsAre("A", "B"));
  EXPECT_THAT(names_in(listed(world, R"(,"url":"https://other.example")")), IsEmpty());
}

TEST(OpenConnectors, OneSaveReactivatesAndRedeliversAll) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("open-connectors", ToolState::available, store);
    deactivate(world);
    for (const char* const name : {"B", "C"}) world.happens(name);
    world.model = always("ok");
    const OperationResult saved = world.save(kQuiz, ToolState::available);
    EXPECT_TRUE(saved.ok) << saved.text;
    EXPECT_EQ(saved.tally.acknowledged, 3U);
    EXPECT_THAT(world.heard(), UnorderedElementsAre("A:ok", "B:ok", "C:ok"));
    EXPECT_THAT(names_in(listed(world)), IsEmpty());
    EXPECT_EQ(world.happens("D").deferral, Deferral::first_attempt);
    EXPECT_EQ(world.asked(R"({"report":"policy","tool":"acme/quiz"})").at("policy"), "open-connectors");
  }
}

TEST(OpenConnectors, ASelectionIsRedeliveredWhileTheRestStaysQueued) {
  System world("open-connectors");
  deactivate(world);
  for (const char* const name : {"B", "C"}) world.happens(name);
  world.model = always("ok");
  const OperationResult sent =
      world.order(world.order_of("pull_redeliver", R"("ids":[")" + world.text_id("B") + R"("])"));
  EXPECT_TRUE(sent.ok) << sent.text;
  EXPECT_THAT(world.heard(), ElementsAre("B:ok"));
  EXPECT_EQ(world.state("B"), EventState::delivered);
  EXPECT_THAT(names_in(listed(world)), ElementsAre("A", "C"));
  EXPECT_EQ(world.happens("D").deferral, Deferral::suspended) << "and the tool stays deactivated";
}

TEST(OpenConnectors, WhatIsQueuedCanBeTakenAcknowledgedAndGivenBack) {
  System world("open-connectors");
  deactivate(world);
  for (const char* const name : {"B", "C"}) world.happens(name);
  const Json taken = world.done(world.order_of("pull_take", R"("limit":2,"lease_s":60)"));
  EXPECT_THAT(names_in(taken), ElementsAre("A", "B"));
  EXPECT_EQ(taken.at("until"), rfc3339(world.clock.wall_ms + kMinuteMs));
  const std::string token = R"("token":)" + taken.at("token").dump();
  const auto ending = [&](const char* what, const char* name) {
    return world.done(world.order_of(what, token + R"(,"ids":[")" + world.text_id(name) + R"("])"));
  };
  EXPECT_THAT(ending("pull_ack", "A").at("done"), SizeIs(1));
  EXPECT_THAT(ending("pull_give_back", "B").at("done"), SizeIs(1));
  EXPECT_EQ(world.state("A"), EventState::delivered);
  EXPECT_EQ(world.state("B"), EventState::pending);
  EXPECT_THAT(ending("pull_ack", "B").at("failed"), SizeIs(1)) << "given back is given back";
  EXPECT_THAT(names_in(world.done(world.order_of("pull_take"))), ElementsAre("B", "C"));
}

TEST(OpenConnectors, ASelectionIsNotSentWhileAPullerHoldsIt) {
  System world("open-connectors");
  deactivate(world);
  world.model = always("ok");
  world.done(world.order_of("pull_take", R"("lease_s":60)"));
  const std::string redeliver = world.order_of("pull_redeliver", R"("ids":[")" + world.text_id("A") + R"("])");
  EXPECT_FALSE(world.order(redeliver).ok);
  EXPECT_THAT(world.heard(), IsEmpty());
  world.pass(kMinuteMs);
  EXPECT_TRUE(world.order(redeliver).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(OpenConnectorsQueue, AFailedPushIsQueuedAndRedeliveredInOneCall) {
  System world("open-connectors-queue");
  world.model = answers({{"A", "500"}, {"C", "drop"}});
  for (const char* const name : {"A", "B", "C"}) world.happens(name);
  world.pass(30 * kDayMs);
  EXPECT_THAT(world.heard(), ElementsAre("A:500", "B:ok", "C:drop")) << "one push each, and no retry";
  EXPECT_EQ(world.why("A"), "queued_for_pull");
  EXPECT_EQ(world.explain("A").at("released_by"), "whoever pulls it, or redeliver it");
  EXPECT_THAT(names_in(listed(world)), ElementsAre("A", "C"));
  world.reopen();
  world.received.clear();
  world.model = always("ok");
  const OperationResult sent = world.order(world.order_of("pull_redeliver"));
  EXPECT_TRUE(sent.ok) << sent.text;
  EXPECT_THAT(world.heard(), UnorderedElementsAre("A:ok", "C:ok"));
  EXPECT_EQ(world.state("A"), EventState::delivered);
}

TEST(OpenConnectorsQueue, WhatWasPulledLeavesNothingBehindThatTheNextWaitsFor) {
  System world("open-connectors-queue");
  world.model = answers({{"A", "drop"}});
  world.happens("A");
  const Json taken = world.done(world.order_of("pull_take"));
  world.done(world.order_of("pull_ack",
                            R"("token":)" + taken.at("token").dump() + R"(,"ids":[")" + world.text_id("A") + R"("])"));
  for (const char* const name : {"B", "C"}) {
    EXPECT_EQ(world.happens(name).deferral, Deferral::first_attempt);
    EXPECT_THAT(world.sent_at(name), SizeIs(1));
  }
}

}  // namespace
}  // namespace ptb::test
