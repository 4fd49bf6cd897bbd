// ONEiO: delays in their order, what sets a delayed execution going, the poll of 60 s, the newest rule, executions that
// wait behind earlier ones, an update whose target id is not known, and the limits at which somebody is told. Under the
// preset "oneio", and under a document with all three delays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kNothingDue = 0xFFFFFFFF;

/// Each course a conversation of its own; an event of an item is delayed for a time, until a variable of the
/// conversation is known, and until the tool's id of the item is.
std::string three_delays(const std::string& time = "90s") {
  return policy_of(R"(order="course" restart="next")",
                   R"(<delays poll="60s"><delay kinds="content-deleted" until-item-known="true"/>)"
                   R"(<delay kinds="content-deleted" until-setting="licence" scope="course"/>)"
                   R"(<delay kinds="content-deleted" for=")" +
                       time + R"("/></delays>)");
}

/// The end of the poll in or at which so much of the world's time has passed.
std::int64_t poll_after(const System& world, std::int64_t ms) {
  const std::int64_t at = world.began() + ms;
  return (at + kMinuteMs - 1) / kMinuteMs * kMinuteMs - world.began();
}

TEST(Oneio, TheTimeComesFirstThenTheVariableThenTheItem) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world(three_delays(), ToolState::available, store);
    const CaptureAnswer answer = world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
    EXPECT_EQ(answer.deferral, Deferral::delayed);
    const std::int64_t ends = poll_after(world, 90 * kSecondMs);
    Json said = world.explain("A");
    EXPECT_EQ(said.at("why"), "delayed");
    EXPECT_EQ(said.at("next_at"), rfc3339(world.began() + ends));
    EXPECT_EQ(said.at("waits_for"), rfc3339(world.began() + ends));
    EXPECT_EQ(said.at("released_by"), "the time " + rfc3339(world.began() + ends));

    world.pass(ends);
    said = world.explain("A");
    EXPECT_EQ(said.at("why"), "delayed") << "the time is over, another delay holds";
    EXPECT_EQ(said.at("next_at"), nullptr);
    EXPECT_EQ(said.at("waits_for"), "the setting licence at course scope");
    EXPECT_EQ(said.at("released_by"), "that value becoming known");
    EXPECT_EQ(world.engine->run_once(0), kNothingDue) << "it is not polled any more";

    world.known("setting:course", "_1_1", "licence", "yes");
    EXPECT_EQ(world.explain("A").at("waits_for"), "the tool's own id of item _7_1");
    EXPECT_EQ(world.engine->run_once(0), kNothingDue);
    EXPECT_THAT(world.heard(), IsEmpty());

    world.known("item", "_7_1", "", "ext-7");
    EXPECT_THAT(world.sent_at("A"), ElementsAre(ends));
    EXPECT_EQ(world.received.back().parameters.at("external_content_id"), "ext-7");
  }
}

TEST(Oneio, WhatIsKnownBeforeItsTurnIsNotWaitedFor) {
  System world(three_delays());
  world.known("item", "_7_1", "", "ext-7");
  world.host.settings = {{Scope::course, "licence", "yes"}};
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
  world.pass(kHourMs);
  EXPECT_THAT(world.sent_at("A"), ElementsAre(poll_after(world, 90 * kSecondMs)));
}

TEST(Oneio, TimeDelaysEndAtThePoll) {
  System world(
      policy_of(R"(order="none")", R"(<delays poll="60s"><delay kinds="course-imported" for="10s"/></delays>)"));
  world.clock.advance(kMinuteMs - world.clock.wall_ms % kMinuteMs + 1);  // just after a poll
  const std::int64_t poll = world.now() - 1;
  world.happens("A");
  world.pass(45 * kSecondMs);
  world.happens("B");
  world.pass(10 * kSecondMs);
  world.happens("C");
  world.pass(kHourMs);
  EXPECT_THAT(world.sent_at("A"), ElementsAre(poll + kMinuteMs));
  EXPECT_THAT(world.sent_at("B"), ElementsAre(testing::Ge(poll + kMinuteMs)));
  EXPECT_LT(world.sent_at("B").at(0), poll + kMinuteMs + 10) << "in the same pass";
  EXPECT_THAT(world.sent_at("C"), ElementsAre(poll + 2 * kMinuteMs));
}

/// A is delayed until the item is known; then it is, by another way than the host's word, so that nothing tells the
/// bridge to look.
void become_known_quietly(System& world) {
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
  ASSERT_TRUE(world.store->put_known({kQuiz, "item", "_7_1", "", "ext-7"}, world.clock.wall_ms));
  world.pass(kHourMs);
  ASSERT_THAT(world.heard(), IsEmpty());
}

const std::string kEachForItself =
    policy_of(R"(order="none")", R"(<delays><delay kinds="content-deleted" until-item-known="true"/></delays>)");

TEST(Oneio, ANewEventOfTheSameCourseIsATrigger) {
  System world(kEachForItself);
  become_known_quietly(world);
  world.model = answers({{"X", "drop"}, {"Y", "drop"}});
  world.happens("X", EventKind::course_imported, "_2_1");
  EXPECT_THAT(world.heard(), ElementsAre("X:drop")) << "of another course";
  world.happens("Y", EventKind::course_imported, "_1_1");
  EXPECT_THAT(world.heard(), testing::UnorderedElementsAre("X:drop", "Y:drop", "A:ok"));
}

TEST(Oneio, AnAcknowledgementByTheToolIsATrigger) {
  System world(kEachForItself);
  world.model = always("drop");
  world.happens("X", EventKind::course_imported, "_2_1");
  world.happens("Y", EventKind::course_imported, "_1_1");
  world.received.clear();
  become_known_quietly(world);
  world.order(world.order_on("retry", "Y"));
  EXPECT_THAT(world.heard(), ElementsAre("Y:drop")) << "a failure is none";
  world.model = always("ok");
  world.order(world.order_on("retry", "X"));
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("Y:drop", "X:ok")) << "of another course";
  world.order(world.order_on("retry", "Y"));
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("Y:drop", "X:ok", "Y:ok", "A:ok"));
}

TEST(Oneio, AnAcknowledgementOfEachCourseIsATriggerForIt) {
  const std::string policy = policy_of(
      R"(order="group" restart="next")",
      R"(<groups><group name="courses" kinds="course-imported"/><group name="items" kinds="content-deleted"/></groups>)"
      R"(<delays><delay kinds="content-deleted" until-item-known="true"/></delays>)");
  System world(policy, ToolState::available);
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1", "_1_1"));
  world.model = always("drop");
  world.happens("X", EventKind::course_imported, "_1_1");
  world.happens("Y", EventKind::course_imported, "_2_1");
  ASSERT_TRUE(world.store->put_known({kQuiz, "item", "_7_1", "", "ext-7"}, world.clock.wall_ms));
  world.model = always("ok");
  world.received.clear();
  world.order(world.order_on("retry", "X"));
  world.pass(kMinuteMs);
  EXPECT_THAT(world.heard(), testing::UnorderedElementsAre("X:ok", "Y:ok", "A:ok"));
}

TEST(Oneio, TheNewestRuleIsInForceAlsoForWhatWaits) {
  System world(three_delays("1h"));
  world.known("item", "_7_1", "", "ext-7");
  world.known("setting:course", "_1_1", "licence", "yes");
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
  world.set_policy(three_delays("2h"));
  EXPECT_EQ(world.explain("A").at("next_at"), rfc3339(world.began() + poll_after(world, 2 * kHourMs)));
  world.pass(90 * kMinuteMs);
  EXPECT_THAT(world.heard(), IsEmpty()) << "more delay: it waits longer";
  world.set_policy(three_delays("3h"));
  world.reopen();
  world.pass(60 * kMinuteMs);
  EXPECT_THAT(world.heard(), IsEmpty());
  world.set_policy(three_delays("1h"));
  EXPECT_THAT(world.sent_at("A"), ElementsAre(150 * kMinuteMs)) << "less delay: it goes at once";
}

TEST(Oneio, ARuleWithoutDelaysLetsGoAtOnce) {
  System world(three_delays("1h"));
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
  world.pass(2 * kHourMs);
  EXPECT_EQ(world.explain("A").at("waits_for"), "the setting licence at course scope");
  world.set_policy("blackboard");
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Oneio, ExecutionsWaitBehindEarlierOnesOfTheTarget) {
  System world("oneio");
  world.happens("A", world.of_item("A", EventKind::content_deleted, "_7_1"));
  EXPECT_EQ(world.happens("B").deferral, Deferral::behind_backlog);
  EXPECT_EQ(world.why("A"), "delayed");
  EXPECT_EQ(world.why("B"), "behind_backlog");
  EXPECT_EQ(world.explain("B").at("ahead"), 1);
  EXPECT_EQ(world.explain("B").at("waits_for"), "the events ahead of it in its lane");
  EXPECT_THAT(world.heard(), IsEmpty());
  world.known("item", "_7_1", "", "ext-7");
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok"));
}

TEST(Oneio, AnUpdateGoesOnceTheTargetsIdIsKnown) {
  System world("oneio");
  world.happens("made", world.of_item("made", EventKind::content_imported, "_7_1"));
  EXPECT_THAT(world.heard(), ElementsAre("made:ok")) << "what makes the item does not wait for it";
  world.happens("gone", world.of_item("gone", EventKind::content_deleted, "_7_1"));
  EXPECT_THAT(world.explain("gone").at("waits_for").get<std::string>(), HasSubstr("_7_1"));
  EXPECT_EQ(world.explain("gone").at("next_at"), nullptr);
  world.known("item", "_8_1", "", "ext-8");
  EXPECT_EQ(world.why("gone"), "delayed") << "the id of another item";
  world.reopen();
  world.known("item", "_7_1", "", "ext-7");
  EXPECT_THAT(world.heard(), ElementsAre("made:ok", "gone:ok"));
  EXPECT_EQ(world.received.back().parameters.at("external_content_id"), "ext-7");
  ReportedEvent said = world.of_item("said", EventKind::content_deleted, "_9_1");
  said.arguments.emplace_back("external_content_id", "ext-9");
  world.happens("said", said);
  EXPECT_EQ(world.received.back().parameters.at("external_content_id"), "ext-9") << "the event brought it along";
}

TEST(Oneio, AFailureIsHeldUntilTheNextEventAndGoesOnThere) {
  System world("oneio", ToolState::unavailable);
  for (const char* const name : {"A", "B"}) world.happens(name);
  world.model = answers({{"B", "drop"}});
  world.save(kQuiz, ToolState::available);
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:drop"));
  world.model = always("ok");
  world.happens("C");
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:drop", "B:ok", "C:ok"));
}

TEST(Oneio, MoreThanAHundredAreToldOnceAndOnceWhenItIsOver) {
  System world("oneio");
  world.model = always("drop");
  for (int i = 1; i <= 99; ++i) world.happens("E" + std::to_string(i));
  world.pass(2 * kSecondMs);
  world.happens("E100");
  EXPECT_THAT(world.host.watched, IsEmpty());  // just looked at; the next look is not put off for the age's sake
  for (int i = 101; i <= 105; ++i) world.happens("E" + std::to_string(i));
  world.pass(kSecondMs);
  ASSERT_EQ(world.host.watched.size(), 1U);
  EXPECT_THAT(world.host.watched.front(), HasSubstr("raised 10"));
  world.reopen();
  world.pass(kMinuteMs);
  EXPECT_EQ(world.host.watched.size(), 1U) << "told before the restart";
  world.model = always("ok");
  world.save(kQuiz, ToolState::available);
  world.pass(kHourMs);
  EXPECT_EQ(world.host.watched.size(), 2U);
  EXPECT_EQ(world.host.watched.back(), "over 0");
}

TEST(Oneio, OneThatWaitsMoreThanTwoMinutesIsTold) {
  System world("oneio");
  world.model = always("drop");
  world.happens("A");
  world.pass(2 * kMinuteMs - 1);
  EXPECT_THAT(world.host.watched, IsEmpty());
  world.pass(1);
  EXPECT_THAT(world.host.watched, ElementsAre("raised 1"));
  world.pass(kDayMs);
  EXPECT_THAT(world.host.watched, ElementsAre("raised 1"));
  world.done(world.order_on("park", "A"));
  world.pass(2 * kSecondMs);
  EXPECT_THAT(world.host.watched, ElementsAre("raised 1", "over 0")) << "an operator has taken the head away";
}

}  // namespace
}  // namespace ptb::test
