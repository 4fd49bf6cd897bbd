// What happens to a walk while something else is done to its tool, its lane or its events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "small_world.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Leaves requests of that event unanswered while `*hangs` is true.
ToolModel hanging_at(const std::string& backup_id, const bool& hangs) {
  return [backup_id, &hangs](const Received& got) -> std::string {
    const auto at = got.parameters.find("backup_id");
    return hangs && at != got.parameters.end() && at->second == backup_id ? "hang" : "ok";
  };
}

std::string about(const char* what, const EventId& id) {
  return std::string(R"({"do":")") + what + R"(","id":")" + to_text(id) + R"(","reason":"why not"})";
}

void turn(SmallWorld& world, int turns = 5) {
  for (int at = 0; at < turns; ++at) world.engine->run_once(1);
}

TEST(Interruption, ASaveWaitsForTheWalkOfALaneThatWasClaimedMeanwhile) {
  SmallWorld world;
  world.install(kWiki, ToolState::available);
  world.install(kQuiz, ToolState::available);
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto captured = world.capture_one(kWiki, EventKind::course_imported, "A");
  turn(world);
  ASSERT_TRUE(world.engine->tool_removed(kWiki));
  world.order(R"({"do":"claim","from":"umbrella/wiki","to":"acme/quiz"})");
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  EXPECT_EQ(world.stored(captured.id).state, EventState::pending);
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
  std::vector<std::string> hosts;
  for (const auto& one : world.received)
    if (one.parameters.contains("event_id")) hosts.push_back(one.host);
  EXPECT_THAT(hosts, testing::Contains("acme.example"))
      << "the tool that the lane was given to has it, whatever the other one said";
}

/// The tool's answer to a save is under way when it is switched off, or asked to register again.
TEST(Interruption, WhatComesWhileTheToolIsAskedStopsTheWalkOfThatSave) {
  using Order = std::function<OperationId(Engine&)>;
  const Order orders[] = {[](Engine& engine) { return engine.tool_saved(kQuiz, ToolState::unavailable).value(); },
                          [](Engine& engine) {
                            return engine
                                .administer(R"({"do":"reregister","tool":"acme/quiz","regpass":"open",)"
                                            R"("tcprofileurl":"https://lms/p"})")
                                ->operation;
                          }};
  for (const Order& order : orders) {
    SmallWorld world;
    world.install(kQuiz, ToolState::unavailable);
    for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
    bool hangs = true;
    world.model = [&hangs](const Received&) { return hangs ? "hang" : "ok"; };
    const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
    turn(world);
    const OperationId off = order(*world.engine);
    turn(world);
    hangs = false;
    const auto saved = world.wait(*save);
    EXPECT_EQ(saved.tally.left, 3U) << saved.text;
    EXPECT_TRUE(world.wait(off).ok);
    EXPECT_THAT(world.heard(), IsEmpty());
    EXPECT_TRUE(world.wait(*world.engine->tool_saved(kQuiz, ToolState::available)).ok);
    EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok", "C:ok"));
  }
}

TEST(Interruption, AWalkWhoseLastAnswerComesAfterTheStopIsComplete) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto captured = world.capture_one(kQuiz, EventKind::course_imported, "A");
  turn(world);
  world.order(R"({"do":"stop"})");
  turn(world);
  hangs = false;
  turn(world);
  EXPECT_EQ(world.stored(captured.id).state, EventState::delivered);
  world.reopen();
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Interruption, ARequestMadeAheadIsMadeAgainWhenItIsOldByTheTimeItCanGo) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  world.model = [](const Received&) { return "after 5000 ok"; };
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  EXPECT_TRUE(world.wait(*save).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok", "C:ok"));
  for (const auto& one : world.received) EXPECT_EQ(one.parameters.at("timestamp"), std::to_string(one.at_ms));
}

TEST(Interruption, ARequestMadeAheadIsMadeAgainForAToolThatHasChangedMeanwhile) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  Tool changed;
  changed.locator = kQuiz;
  changed.state = ToolState::available;
  changed.options.strict = true;
  ASSERT_TRUE(world.install(changed, true, {}));
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
  EXPECT_EQ(world.received.back().parameters.at("backup_id"), "B");
  EXPECT_FALSE(world.received.back().parameters.contains("event_id"));
}

TEST(Interruption, WhatIsParkedOrDiscardedDuringAWalkIsNotSentByIt) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  std::vector<CaptureAnswer> answers;
  for (const char* name : {"A", "B", "C", "D"})
    answers.push_back(world.capture_one(kQuiz, EventKind::course_imported, name));
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  world.order(about("park", answers[1].id));
  world.order(about("discard", answers[2].id));
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "D:ok"));
  EXPECT_EQ(world.stored(answers[1].id).state, EventState::parked);
  EXPECT_EQ(world.stored(answers[2].id).state, EventState::discarded);
}

TEST(Interruption, WhatIsForgottenDuringAWalkIsNotSentByIt) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B"}) world.capture({world.event(kQuiz, EventKind::course_imported, name, "_1_1")});
  world.capture({world.event(kQuiz, EventKind::course_imported, "C", "_2_1")});
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  const auto forgotten = world.engine->administer(R"({"do":"forget","course":"_1_1"})");
  ASSERT_TRUE(forgotten);
  EXPECT_EQ(forgotten->json, R"({"forgotten":2,"discarded":2})");
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "C:ok"));
}

TEST(Interruption, AnOrderToForgetThatIsWrongStopsNothing) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  for (const char* const order : {R"({"do":"forget"})", R"({"do":"forget","course":"a","user":"b"})"})
    EXPECT_EQ(world.engine->administer(order).error().status, Status::argument);
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
}

TEST(Interruption, ARefusedEventThatWasForgottenIsNotSentAgain) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = [](const Received&) { return "error"; };
  const auto captured = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  ASSERT_TRUE(world.engine->administer(R"({"do":"forget","course":"_1_1"})"));
  EXPECT_EQ(world.stored(captured.id).state, EventState::refused);
  world.received.clear();
  const OperationResult result = world.order(about("retry", captured.id));
  EXPECT_FALSE(result.ok);
  EXPECT_THAT(result.text, HasSubstr("forgotten"));
  EXPECT_THAT(world.received, IsEmpty());
}

TEST(Interruption, ASetAsideEventThatIsOrderedTwiceIsSentOnce) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = [](const Received&) { return "error"; };
  const auto captured = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.received.clear();
  world.model = [](const Received&) { return "ok"; };
  const auto first = world.engine->administer(about("retry", captured.id));
  const auto second = world.engine->administer(about("retry", captured.id));
  EXPECT_TRUE(world.wait(first->operation).ok);
  EXPECT_FALSE(world.wait(second->operation).ok);
  EXPECT_EQ(world.received.size(), 1U);
}

TEST(Interruption, ACaptureDuringASaveEndsWithTheWalkOfTheSave) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = [](const Received&) { return "drop"; };
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.model = [](const Received&) { return "ok"; };
  world.clock.advance(60'000);
  OperationId operation = 0;
  world.capture({world.event(kQuiz, EventKind::course_imported, "B")}, &operation);
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  EXPECT_TRUE(world.wait(*save).ok);
  const auto ended = world.engine->wait(operation, 1'000, true);
  ASSERT_TRUE(ended) << "it must not wait for a walk that has been";
  EXPECT_TRUE(ended->ok);
}

TEST(Interruption, TurnsOfNoLengthMoveExchangesOn) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  const auto captured = world.capture_one(kQuiz, EventKind::course_imported, "A");
  for (int at = 0; at < 20; ++at) world.engine->run_once(0);
  EXPECT_EQ(world.stored(captured.id).state, EventState::delivered);
}

TEST(Interruption, ACallbackThatThrowsCostsNoEventItsOwnAnswer) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.install(kWiki, ToolState::available);
  std::vector<CaptureAnswer> answers;
  for (const char* name : {"A", "B"}) {
    answers.push_back(world.capture_one(kQuiz, EventKind::course_imported, name));
    answers.push_back(world.capture_one(kWiki, EventKind::course_imported, name));
  }
  int thrown = 0;
  world.host.on_outcome = [&] {
    if (++thrown == 2) throw std::runtime_error("a callback of the host");
  };
  for (int at = 0; at < 200; ++at) {
    try {
      world.engine->run_once(10);
    } catch (const std::runtime_error&) {
      ++thrown;
    }
    world.clock.advance(1'000);
  }
  world.engine->tool_contacted(kQuiz).value();
  world.engine->tool_contacted(kWiki).value();
  world.run();
  for (const auto& answer : answers) {
    EXPECT_EQ(world.stored(answer.id).state, EventState::delivered);
    const std::string id = to_text(answer.id);
    EXPECT_TRUE(std::any_of(world.received.begin(), world.received.end(), [&](const Received& one) {
      const auto at = one.parameters.find("event_id");
      return at != one.parameters.end() && at->second == id;
    })) << "each was really heard";
  }
}

TEST(Interruption, AToolThatIsRegisteredAgainAsUnavailableIsSentNothingMore) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  bool hangs = true;
  world.model = hanging_at("A", hangs);
  ASSERT_TRUE(world.engine->tool_saved(kQuiz, ToolState::available));
  turn(world);
  world.install(kQuiz, ToolState::unavailable);
  hangs = false;
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
  EXPECT_EQ(world.lane(kQuiz).waiting, 3);
}

TEST(Interruption, RegisteringAgainWaitsForASaveThatIsUnderWay) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  bool hangs = true;
  world.model = [&](const Received& got) { return hangs && got.parameters.contains("state") ? "hang" : "ok"; };
  const auto save = world.engine->tool_saved(kQuiz, ToolState::available);
  turn(world);
  const auto again =
      world.engine->administer(R"({"do":"reregister","tool":"acme/quiz","regpass":"","tcprofileurl":"https://lms/p"})");
  turn(world);
  hangs = false;
  EXPECT_TRUE(world.wait(*save).ok);
  EXPECT_EQ(world.wait(again->operation).tool_state, ToolState::unavailable);
  EXPECT_EQ(world.store->tool(kQuiz).value()->state, ToolState::unavailable);
}

}  // namespace
}  // namespace ptb::test
