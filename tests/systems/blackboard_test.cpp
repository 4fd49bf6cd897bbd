// Proxy tools as they have always been told: what defers an event, what sets the line going, where it starts again,
// with which settings. Under the preset "blackboard", and without any policy, which is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Tool { not_installed, not_available, not_responding };

struct Situation {
  const char* what;
  std::vector<EventKind> kinds;
  Tool tool;
  Deferral waits_as;
};

const Situation kNine[] = {
    {"RestoreNotInstalled", {EventKind::course_imported}, Tool::not_installed, Deferral::not_installed},
    {"RestoreNotAvailable", {EventKind::course_imported}, Tool::not_available, Deferral::not_available},
    {"RestoreNotResponding", {EventKind::course_imported}, Tool::not_responding, Deferral::not_responding},
    {"CopyNotAvailable", {EventKind::course_copied}, Tool::not_available, Deferral::not_available},
    {"CopyNotResponding", {EventKind::course_copied}, Tool::not_responding, Deferral::not_responding},
    {"ItemCopyNotAvailable", {EventKind::content_copied}, Tool::not_available, Deferral::not_available},
    {"ItemCopyNotResponding", {EventKind::content_copied}, Tool::not_responding, Deferral::not_responding},
    {"ItemMoveNotAvailable",
     {EventKind::content_copied, EventKind::content_deleted},
     Tool::not_available,
     Deferral::not_available},
    {"ItemMoveNotResponding",
     {EventKind::content_copied, EventKind::content_deleted},
     Tool::not_responding,
     Deferral::not_responding},
};

void install(SmallWorld& world, ToolState state) { world.install(kQuiz, state, true, "blackboard"); }

void bring_into(SmallWorld& world, Tool tool) {
  if (tool == Tool::not_available) install(world, ToolState::unavailable);
  if (tool == Tool::not_responding) {
    install(world, ToolState::available);
    world.model = always("drop");
  }
}

class NineSituations : public testing::TestWithParam<Situation> {};

TEST_P(NineSituations, WaitUntilTheToolIsSavedAsAvailable) {
  const Situation& situation = GetParam();
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  bring_into(world, situation.tool);
  world.host.settings = {{Scope::course, "licence", "of then"}};
  std::vector<ReportedEvent> events;
  for (const EventKind kind : situation.kinds)
    events.push_back(world.event(kQuiz, kind, "N" + std::to_string(events.size())));
  const auto answers = world.capture(events);
  world.run();
  world.host.settings = {{Scope::course, "licence", "of now"}};
  for (const CaptureAnswer& answer : answers) {
    ASSERT_EQ(answer.kind, CaptureAnswer::Kind::fresh);
    EXPECT_EQ(world.stored(answer.id).state, EventState::pending);
  }
  const Json said = world.asked(R"({"report":"explain","id":")" + to_text(answers[0].id) + "\"}");
  EXPECT_EQ(said.at("why"), to_text(situation.waits_as));
  EXPECT_THAT(said.at("released_by").get<std::string>(), HasSubstr("save acme/quiz as available"));

  world.pass(400 * kDayMs);
  EXPECT_EQ(world.stored(answers[0].id).state, EventState::pending) << "never given up";
  world.model = always("ok");
  if (situation.tool == Tool::not_installed) install(world, ToolState::unavailable);
  world.run();
  const std::size_t before = world.heard().size();
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  ASSERT_EQ(world.heard().size() - before, answers.size());
  EXPECT_EQ(world.heard().at(before), "N0:ok");
  EXPECT_EQ(world.received.back().parameters.at("licence"), "of then");
  for (const CaptureAnswer& answer : answers) EXPECT_EQ(world.stored(answer.id).state, EventState::delivered);
}

INSTANTIATE_TEST_SUITE_P(Blackboard, NineSituations, testing::ValuesIn(kNine),
                         [](const auto& tested) { return std::string(tested.param.what); });

TEST(Blackboard, CopiesForAToolThatIsNotInstalledAreNotKept) {
  for (const EventKind kind : {EventKind::course_copied, EventKind::content_copied, EventKind::content_deleted}) {
    SmallWorld world(1, SmallWorld::StoreKind::memory);
    EXPECT_EQ(world.capture_one(kQuiz, kind, "A").kind, CaptureAnswer::Kind::ignored);
  }
}

/// The story of A, B and C, with either store and with or without the preset's name.
struct Telling {
  SmallWorld::StoreKind store;
  const char* policy;
};

class Story : public testing::TestWithParam<Telling> {};

TEST_P(Story, TheNextRunStartsWithAAgain) {
  System world(GetParam().policy, ToolState::available, GetParam().store);
  world.model = always("drop");  // T0
  for (const char* const name : {"A", "B", "C"}) world.happens(name);
  EXPECT_EQ(world.why("A"), "not_responding");
  EXPECT_EQ(world.why("B"), "behind_backlog");
  EXPECT_EQ(world.explain("C").at("ahead"), 2);
  world.pass(kDayMs);
  world.received.clear();

  bool dies_after_a = true;  // T2 … T4
  world.model = [&](const Received& got) -> std::string {
    const auto name = got.parameters.find("backup_id");
    return dies_after_a && name != got.parameters.end() && name->second != "A" ? "drop" : "ok";
  };
  const OperationResult stopped = world.save(kQuiz, ToolState::available);
  EXPECT_FALSE(stopped.ok);
  EXPECT_EQ(stopped.tool_state, ToolState::available);
  EXPECT_EQ(stopped.stopped_by, world.text_id("B"));
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:drop"));
  EXPECT_EQ(world.state("A"), EventState::pending);
  EXPECT_THAT(world.explain("A").at("text").get<std::string>(), HasSubstr("will hear it again"));

  world.received.clear();
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), IsEmpty()) << "no clock sets it going";
  world.reopen();
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), IsEmpty()) << "nor does a restart";
  dies_after_a = false;
  world.happens("D");  // whatever must be sent to the tool sets it going
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok", "C:ok", "D:ok"));
  EXPECT_EQ(world.received.front().parameters.at("event_id"), world.text_id("A"));
}

INSTANTIATE_TEST_SUITE_P(Blackboard, Story,
                         testing::Values(Telling{SmallWorld::StoreKind::memory, "blackboard"},
                                         Telling{SmallWorld::StoreKind::memory, ""},
                                         Telling{SmallWorld::StoreKind::sqlite, "blackboard"}),
                         [](const auto& tested) {
                           const bool in_memory = tested.param.store == SmallWorld::StoreKind::memory;
                           return std::string(in_memory ? "Memory" : "Sqlite") +
                                  (*tested.param.policy == '\0' ? "ByDefault" : "");
                         });

TEST(Blackboard, ASaveSendsTheSettingsOfCaptureWhateverTheyAreNow) {
  System world("blackboard", ToolState::unavailable);
  world.host.settings = {{Scope::course, "colour", "red"}};
  world.happens("A");
  world.host.settings = {{Scope::course, "colour", "blue"}};
  world.happens("B");
  world.host.settings.clear();
  world.save(kQuiz, ToolState::available);
  ASSERT_THAT(world.heard(), ElementsAre("A:ok", "B:ok"));
  const auto& last = world.received;
  EXPECT_EQ(last.at(last.size() - 2).parameters.at("colour"), "red");
  EXPECT_EQ(last.back().parameters.at("colour"), "blue");
}

TEST(Blackboard, AnErrorIsAnAnswer) {
  System world("blackboard");
  world.model = answers({{"A", "error"}});
  world.happens("A");
  world.happens("B");
  EXPECT_EQ(world.state("A"), EventState::refused);
  EXPECT_EQ(world.state("B"), EventState::delivered);
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), ElementsAre("A:error", "B:ok"));
}

TEST(Blackboard, WhatTheTaleSaysOfReceiptsIsThirtyDays) {
  System world("blackboard");
  world.happens("A");
  world.pass(29 * kDayMs);
  EXPECT_TRUE(world.store->find(world.id("A")).value());
  world.pass(2 * kDayMs);
  EXPECT_FALSE(world.store->find(world.id("A")).value());
}

}  // namespace
}  // namespace ptb::test
