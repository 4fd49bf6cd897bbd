// What a person can see and steer, whatever the policy: explanations, replays, setting aside, holds, moving to another
// bridge, pulling, changes of policy, ages, limits, and an LMS that was put back to an earlier state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fault_point.h"
#include "systems/system.h"

namespace ptb::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

std::string text(const Json& json, const char* name) {
  return json.at(name).is_string() ? json.at(name).get<std::string>() : std::string();
}

std::vector<std::string> names_in(const Json& answer) {
  std::vector<std::string> names;
  for (const Json& one : answer.at("events")) names.push_back(one.at("arguments").at("backup_id"));
  return names;
}

std::vector<std::string> lane_states(SmallWorld& world) {
  std::vector<std::string> states;
  const Json lanes = world.asked(R"({"report":"lanes"})").at("lanes");
  for (const Json& one : lanes) states.push_back(one.at("state"));
  return states;
}

// ---- explain

struct Explained {
  std::string why;
  std::int64_t since_ms = 0;
  std::int64_t ahead = 0;
  std::string waits_for;
  std::int64_t next_at_ms = 0;
  std::string released_by;
};

void expect(System& world, const std::string& name, const Explained& wanted) {
  const Json said = world.explain(name);
  EXPECT_EQ(text(said, "why"), wanted.why) << name;
  EXPECT_EQ(text(said, "since"), rfc3339(world.began() + wanted.since_ms)) << name;
  EXPECT_EQ(said.at("ahead"), wanted.ahead) << name;
  EXPECT_EQ(text(said, "waits_for"), wanted.waits_for) << name;
  EXPECT_EQ(text(said, "next_at"), wanted.next_at_ms == 0 ? "" : rfc3339(world.began() + wanted.next_at_ms)) << name;
  EXPECT_THAT(text(said, "released_by"), HasSubstr(wanted.released_by)) << name;
  EXPECT_THAT(said.at("next"), Not(IsEmpty())) << name;
}

TEST(Explain, NotInstalledAndWaitingForTheFirstSave) {
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  const CaptureAnswer answer = world.capture_one(kQuiz, EventKind::course_imported, "A");
  const std::string question = R"({"report":"explain","id":")" + to_text(answer.id) + "\"}";
  Json said = world.asked(question);
  EXPECT_EQ(said.at("why"), "not_installed");
  EXPECT_THAT(text(said, "released_by"), HasSubstr("install acme/quiz"));
  world.install(kQuiz, ToolState::available);
  world.run();
  said = world.asked(question);
  EXPECT_EQ(said.at("why"), "not_installed") << "that is how it came to wait";
  EXPECT_EQ(said.at("released_by"), "save acme/quiz as available");
  EXPECT_THAT(world.heard(), IsEmpty());
}

TEST(Explain, NotAvailable) {
  System world("blackboard", ToolState::inactive);
  world.clock.advance(kSecondMs);
  world.happens("A");
  expect(world, "A", {"not_available", kSecondMs, 0, "", 0, "save acme/quiz as available"});
}

TEST(Explain, NotRespondingAndBehindABacklog) {
  System world("shuttle");
  world.set_policy(policy_of("", "<on-failure then=\"retry\"><wait>10min</wait></on-failure>"));
  world.model = always("drop");
  world.happens("A");
  world.clock.advance(kSecondMs);
  world.happens("B");
  expect(world, "A", {"not_responding", 1, 0, "", 1 + 10 * kMinuteMs, "or save acme/quiz as available"});
  expect(world, "B",
         {"behind_backlog", kSecondMs + 1, 1, "the events ahead of it in its lane", 1 + 10 * kMinuteMs,
          "the answer to the events ahead of it"});
  const Json attempts = world.explain("A").at("attempts");
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts.at(0).at("number"), 1);
  EXPECT_EQ(attempts.at(0).at("text"), "connection refused");
  EXPECT_THAT(world.explain("B").at("next").at(0).get<std::string>(), HasSubstr("explain " + world.text_id("A")));
}

TEST(Explain, DelayedHeldSuspendedMaintenanceAndQueued) {
  System delayed("oneio");
  delayed.happens("A", delayed.of_item("A", EventKind::content_deleted, "_7_1"));
  expect(delayed, "A", {"delayed", 0, 0, "the tool's own id of item _7_1", 0, "that value becoming known"});

  System held("blackboard");
  held.model = always("drop");
  held.happens("A");
  held.done(R"({"do":"hold","lane":"acme/quiz","reason":"we move"})");
  expect(held, "A", {"held", 0, 0, "", 0, "release the lane"});

  System suspended("blackboard");
  suspended.host.secret.clear();
  suspended.happens("A");
  expect(suspended, "A", {"suspended", 0, 0, "", 0, "save acme/quiz as available once what stopped it is mended"});

  System queued("open-connectors-queue");
  queued.model = always("drop");
  queued.happens("A");
  expect(queued, "A", {"queued_for_pull", 1, 0, "", 0, "whoever pulls it, or redeliver it"});

  System closed(policy_of("", "<maintenance from=\"00:00\" to=\"23:00\"/>"));
  const std::int64_t ends = closed.began() / kDayMs * kDayMs + 23 * kHourMs - closed.began();
  ASSERT_GT(ends, 0);
  closed.happens("A");
  expect(closed, "A",
         {"maintenance", 0, 0, "the end of maintenance at " + rfc3339(closed.began() + ends), ends, "the time "});
}

TEST(Explain, WhatWasAcknowledgedInAStoppedWalkIsSaidToComeAgain) {
  System world("blackboard", ToolState::unavailable);
  for (const char* const name : {"A", "B"}) world.happens(name);
  world.model = answers({{"B", "drop"}});
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(text(world.explain("A"), "text"), HasSubstr("has acknowledged it in that walk and will hear it again"));
  EXPECT_THAT(text(world.explain("B"), "text"), Not(HasSubstr("will hear it again")));
}

// ---- replay

/// Five events, delivered a minute apart but for C, which was refused.
void deliver_five(System& world) {
  world.host.settings = {{Scope::course, "colour", "red"}};
  world.model = answers({{"C", "error"}});
  for (const char* const name : {"A", "B", "C", "D", "E"}) {
    world.happens(name);
    world.pass(kMinuteMs);
  }
  world.model = always("ok");
  world.received.clear();
}

TEST(Replay, FromAnEventATimeOrABackupKeepsOrderAndState) {
  System world("blackboard");
  deliver_five(world);
  const std::string time = rfc3339(world.stored("B").event.captured_at_ms);
  const std::string from[] = {R"("from_event":")" + world.text_id("B") + "\"", R"("from_time":")" + time + "\"",
                              R"("from_backup":"B")"};
  for (const std::string& start : from) {
    world.received.clear();
    const Json dry = world.asked(R"({"report":"replay","tool":"acme/quiz",)" + start + "}");
    EXPECT_THAT(names_in(dry), ElementsAre("B", "C", "D", "E"));
    EXPECT_THAT(world.received, IsEmpty()) << "a dry run sends nothing";
    const OperationResult played = world.order(world.order_of("replay", start));
    EXPECT_TRUE(played.ok);
    EXPECT_EQ(played.tally.repeated, 4U);
    EXPECT_THAT(world.heard(), ElementsAre("B:ok", "C:ok", "D:ok", "E:ok")) << start;
    EXPECT_EQ(world.state("B"), EventState::delivered);
    EXPECT_EQ(world.state("C"), EventState::refused) << "its state is kept";
    EXPECT_EQ(world.received.front().parameters.at("event_id"), world.text_id("B"));
    EXPECT_EQ(world.received.front().parameters.at("colour"), "red") << "as it was";
  }
}

TEST(Replay, ADryRunShowsHowTheSettingsDiffer) {
  System world("blackboard");
  deliver_five(world);
  world.host.settings = {{Scope::course, "colour", "blue"}, {Scope::system, "size", "9"}};
  const Json dry = world.asked(R"({"report":"replay","tool":"acme/quiz","from_event":")" + world.text_id("E") + "\"}");
  ASSERT_THAT(dry.at("events"), SizeIs(1));
  const Json& changed = dry.at("events").at(0).at("settings_changed");
  ASSERT_THAT(changed, SizeIs(2));
  EXPECT_EQ(changed.at(0), Json::parse(R"({"scope":"system","key":"size","was":null,"now":"9"})"));
  EXPECT_EQ(changed.at(1), Json::parse(R"({"scope":"course","key":"colour","was":"red","now":"blue"})"));
}

TEST(Replay, ADryRunShowsAllPagesOfAllLanes) {
  System world(policy_of(R"(order="course")"));
  for (int i = 0; i < 12; ++i)
    world.happens("E" + std::to_string(i), EventKind::course_imported, "_" + std::to_string(i % 4) + "_1");
  const std::string from = R"("from_time":")" + rfc3339(world.stored("E4").event.captured_at_ms) + "\"";
  for (const int limit : {1, 2, 3, 5, 100}) {
    std::vector<std::string> shown;
    Json after = nullptr;
    do {
      const Json page = world.asked(R"({"report":"replay","tool":"acme/quiz",)" + from + R"(,"limit":)" +
                                    std::to_string(limit) + R"(,"after":)" + after.dump() + "}");
      for (const std::string& name : names_in(page)) shown.push_back(name);
      after = page.at("next");
    } while (!after.is_null());
    EXPECT_THAT(shown, testing::UnorderedElementsAre("E4", "E5", "E6", "E7", "E8", "E9", "E10", "E11")) << limit;
  }
}

TEST(Replay, StopsAtTheFirstFailureAndSaysWhere) {
  System world("blackboard");
  deliver_five(world);
  world.model = answers({{"D", "drop"}});
  const OperationResult played = world.order(world.order_of("replay", R"("from_backup":"B")"));
  EXPECT_FALSE(played.ok);
  EXPECT_EQ(played.stopped_by, world.text_id("D"));
  EXPECT_THAT(world.heard(), ElementsAre("B:ok", "C:ok", "D:drop"));
  EXPECT_EQ(world.state("D"), EventState::delivered);
}

TEST(Replay, AHeldLaneSendsNothing) {
  System world("blackboard");
  deliver_five(world);
  world.done(R"({"do":"hold","all":true})");
  const OperationResult played = world.order(world.order_of("replay", R"("from_backup":"B")"));
  EXPECT_FALSE(played.ok);
  EXPECT_THAT(played.text, HasSubstr("held"));
  EXPECT_FALSE(world.order(world.order_on("retry", "C")).ok);
  EXPECT_THAT(world.heard(), IsEmpty());
}

// ---- single events

TEST(SetAside, ParkUnparkAndDiscardEachWithItsReason) {
  System world("blackboard", ToolState::unavailable);
  for (const char* const name : {"A", "B", "C"}) world.happens(name);
  world.done(world.order_on("park", "A", R"("reason":"to look at it")"));
  EXPECT_EQ(world.state("A"), EventState::parked);
  EXPECT_EQ(world.stored("A").reason, "to look at it");
  EXPECT_THAT(world.refusal(world.order_on("discard", "B")), HasSubstr("reason"));
  EXPECT_THAT(world.refusal(world.order_on("discard", "B", R"("reason":"")")), HasSubstr("say why"));
  world.done(world.order_on("discard", "B", R"("reason":"the course is gone")"));
  EXPECT_EQ(world.stored("B").reason, "the course is gone");
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(world.heard(), ElementsAre("C:ok"));
  EXPECT_THAT(world.refusal(world.order_on("park", "C")), HasSubstr("only a pending event can be parked"));
  EXPECT_TRUE(world.order(world.order_on("unpark", "A")).ok);
  EXPECT_THAT(world.heard(), ElementsAre("C:ok", "A:ok"));
  EXPECT_THAT(world.refusal(world.order_on("unpark", "A")), HasSubstr("only a parked event"));
}

TEST(SetAside, WhatIsBehindAParkedEventGoesOnWhereThePolicyRetries) {
  System world(policy_of("", "<on-failure then=\"retry\"><wait>4h</wait></on-failure>"));
  world.model = answers({{"A", "drop"}});
  world.happens("A");
  world.happens("B");
  EXPECT_EQ(world.explain("B").at("next_at"), rfc3339(world.began() + 1 + 4 * kHourMs));
  world.done(world.order_on("park", "A"));
  EXPECT_EQ(world.explain("B").at("next_at"), nullptr);
  world.run();
  EXPECT_EQ(world.state("B"), EventState::delivered) << "it has not failed, so it does not wait";
}

TEST(SetAside, WhatIsBehindAnEventThatCannotBeCuredIsSentAtOnce) {
  System world(policy_of("", "<on-failure then=\"hold\" park=\"client-error\"/>"));
  world.model = answers({{"A", "404"}});
  world.capture(
      {world.event(kQuiz, EventKind::course_imported, "A"), world.event(kQuiz, EventKind::course_imported, "B")});
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:404", "B:ok")) << "no distance is kept: B has not failed";
}

/// The process ends when the end of the first walk has been recorded, and what follows has not begun.
void crash_after_the_first_end(const char* point) {
  if (std::string_view(point) != "walk.after_end") return;
  fault_point_hook = nullptr;
  throw Crash{};
}

TEST(SetAside, ACrashRightAfterAnEventWasGivenUpHoldsNobodyUp) {
  System world(policy_of("", "<on-failure then=\"hold\" park=\"client-error\"/>"), ToolState::unavailable);
  for (const char* const name : {"A", "B"}) world.happens(name);
  world.model = answers({{"A", "404"}});
  const auto operation = world.engine->tool_saved(kQuiz, ToolState::available);
  ASSERT_TRUE(operation);
  fault_point_hook = crash_after_the_first_end;
  EXPECT_THROW((void)world.engine->wait(*operation, 0xFFFFFF, true), Crash);
  fault_point_hook = nullptr;
  world.reopen();
  world.pass(kMinuteMs);
  EXPECT_EQ(world.state("A"), EventState::parked);
  EXPECT_EQ(world.state("B"), EventState::delivered);
}

// ---- holds

TEST(Holds, OfALaneAToolOrAllAndTheirRelease) {
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  const std::string by_course = policy_of(R"(order="course")");
  for (const Locator& tool : {kQuiz, kWiki}) world.install(tool, ToolState::available, true, by_course);
  const auto capture_all = [&](const std::string& round) {
    for (const Locator& tool : {kQuiz, kWiki})
      for (const char* const course : {"_1_1", "_2_1"})
        world.capture({world.event(tool, EventKind::course_imported, to_text(tool) + course + round, course)});
    world.run();
  };
  capture_all("first");
  const Json lanes = world.asked(R"({"report":"lanes"})").at("lanes");
  ASSERT_THAT(lanes, SizeIs(4));
  const std::string one = R"("lane":)" + lanes.at(0).at("lane").dump();
  struct {
    std::string whom;
    std::size_t held;
  } const cases[] = {{one, 1}, {R"("tool":"acme/quiz")", 2}, {R"("all":true)", 4}};
  int round = 0;
  for (const auto& [whom, held] : cases) {
    EXPECT_THAT(world.done(R"({"do":"hold","reason":"we move",)" + whom + "}").at("lanes"), SizeIs(held));
    const std::size_t before = world.heard().size();
    capture_all(std::to_string(++round));
    EXPECT_EQ(world.heard().size() - before, 4 - held);
    for (const Locator& tool : {kQuiz, kWiki}) world.save(tool, ToolState::available);
    EXPECT_EQ(world.heard().size() - before, 4 - held) << "a save does not release";
    world.reopen();
    world.pass(kDayMs);
    EXPECT_EQ(world.heard().size() - before, 4 - held) << "nor does a restart";
    world.done(R"({"do":"release",)" + whom + "}");
    world.run();
    EXPECT_EQ(world.heard().size() - before, 4U);
  }
}

TEST(Holds, AnAgeDoesNotTurnAHoldIntoASuspension) {
  System world(policy_of("", R"(<give-up then="suspend" down="1h"/>)"));
  world.model = always("drop");
  world.happens("A");
  world.done(R"({"do":"hold","all":true})");
  world.pass(2 * kHourMs);
  EXPECT_EQ(world.why("A"), "held");
  world.model = always("ok");
  world.received.clear();
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(world.heard(), IsEmpty());
}

// ---- to another bridge

Json exported(SmallWorld& world) {
  Json lines = Json::array();
  Json after = nullptr;
  do {
    const Json page = world.asked(R"({"report":"export","limit":2,"after":)" + after.dump() + "}");
    for (const Json& line : page.at("events")) lines.push_back(line);
    after = page.at("next");
  } while (!after.is_null());
  return lines;
}

TEST(Transfer, KeepsIdsOrderAndSnapshots) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System here("blackboard");
    here.happens("delivered");
    here.model = always("drop");
    for (const char* const name : {"A", "B", "C"}) {
      here.host.settings = {{Scope::course, "colour", std::string("of ") + name}};
      here.happens(name);
    }
    here.done(here.order_on("park", "B"));
    const Json lines = exported(here);
    ASSERT_THAT(lines, SizeIs(4));
    EXPECT_THAT(lines.at(1).at("attempts"), SizeIs(1)) << "A has failed once";

    SmallWorld there(2, store);
    there.install(kQuiz, ToolState::unavailable, true, "blackboard");
    const std::string order = Json{{"do", "import"}, {"events", lines}}.dump();
    Json done = there.done(order);
    EXPECT_EQ(done.at("imported"), 3);
    ASSERT_THAT(done.at("ignored"), SizeIs(1));
    EXPECT_EQ(done.at("ignored").at(0).at("reason"), "delivered");
    done = there.done(order);
    EXPECT_EQ(done.at("imported"), 0);
    EXPECT_EQ(done.at("duplicates"), 3) << "twice is once";
    EXPECT_EQ(there.stored(here.id("B")).state, EventState::parked);
    EXPECT_EQ(there.stored(here.id("A")).event.captured_at_ms, here.stored("A").event.captured_at_ms);

    there.host.settings = {{Scope::course, "colour", "of now"}};
    there.save(kQuiz, ToolState::available);
    EXPECT_THAT(there.heard(), ElementsAre("A:ok", "C:ok"));
    const auto& last = there.received;
    EXPECT_EQ(last.back().parameters.at("event_id"), here.text_id("C"));
    EXPECT_EQ(last.back().parameters.at("colour"), "of C");
    EXPECT_EQ(last.at(last.size() - 2).parameters.at("colour"), "of A");
  }
}

// ---- the trail

TEST(Audit, SaysWhoDidWhatToWhomAndNothingSecret) {
  System world("blackboard", ToolState::unavailable);
  world.happens("A");
  world.clock.advance(kMinuteMs);
  world.done(world.order_on("park", "A", R"("reason":"to look at it","by":"Ada")"));
  world.done(R"({"do":"hold","all":true,"by":"Grace"})");
  world.refusal(world.order_on("park", "A"));
  world.reopen();
  const Json entries = world.asked(R"({"report":"audit","after":1})").at("entries");  // the first: the installation
  ASSERT_THAT(entries, SizeIs(2)) << "what was refused was not done";
  EXPECT_EQ(entries.at(0).at("who"), "Ada");
  EXPECT_EQ(entries.at(0).at("what"), "park");
  EXPECT_EQ(entries.at(0).at("target"), world.text_id("A"));
  EXPECT_EQ(entries.at(0).at("at"), rfc3339(world.began() + kMinuteMs));
  EXPECT_THAT(text(entries.at(0), "detail"), HasSubstr("to look at it"));
  EXPECT_EQ(entries.at(1).at("who"), "Grace");
  EXPECT_THAT(world.asked(R"({"report":"audit","after":2})").at("entries"), SizeIs(1));
}

// ---- pulling

TEST(Pull, TwoPullersNeverHoldOneEventAndAnExpiredLeaseGivesItBack) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("open-connectors-queue", ToolState::available, store);
    world.model = always("drop");
    for (const char* const name : {"A", "B", "C", "D"}) world.happens(name);
    const Json first = world.done(world.order_of("pull_take", R"("limit":3,"lease_s":60)"));
    const Json second = world.done(world.order_of("pull_take", R"("limit":3,"lease_s":600)"));
    const Json third = world.done(world.order_of("pull_take"));
    EXPECT_THAT(names_in(first), ElementsAre("A", "B", "C"));
    EXPECT_THAT(names_in(second), ElementsAre("D"));
    EXPECT_THAT(names_in(third), IsEmpty());
    EXPECT_EQ(third.at("token"), nullptr);
    world.clock.advance(kMinuteMs - 1);
    EXPECT_THAT(names_in(world.done(world.order_of("pull_take"))), IsEmpty());
    world.clock.advance(1);
    const Json again = world.done(world.order_of("pull_take", R"("lease_s":60)"));
    EXPECT_THAT(names_in(again), ElementsAre("A", "B", "C"));
    const auto acknowledge = [&](const Json& lease, const char* name) {
      return world.done(world.order_of(
          "pull_ack", R"("token":)" + lease.at("token").dump() + R"(,"ids":[")" + world.text_id(name) + R"("])"));
    };
    EXPECT_THAT(acknowledge(first, "A").at("failed"), SizeIs(1)) << "the first has lost it";
    EXPECT_THAT(acknowledge(again, "A").at("done"), SizeIs(1));
    EXPECT_THAT(acknowledge(second, "D").at("done"), SizeIs(1));
    EXPECT_EQ(world.state("A"), EventState::delivered);
  }
}

TEST(Pull, NoWalkStartsWhileALeaseIsLive) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("open-connectors-queue", ToolState::available, store);
    world.model = always("drop");
    world.happens("A");
    world.done(world.order_of("pull_take", R"("lease_s":60)"));
    const std::int64_t ends = world.now() + kMinuteMs;
    world.model = always("ok");
    world.received.clear();
    world.order(world.order_of("pull_redeliver"));
    world.run();
    EXPECT_THAT(world.heard(), IsEmpty()) << "a puller may be at it";
    world.pass(2 * kMinuteMs);
    EXPECT_THAT(world.sent_at("A"), ElementsAre(ends)) << "it is given back, and goes at once";
  }
}

// ---- policies

TEST(Policies, AWrongDocumentIsRefusedWithItsPlaceAndTheOneInForceStays) {
  System world("shuttle");
  const auto set = [&](const std::string& document) {
    return world.refusal(Json{{"do", "policy"}, {"tool", "acme/quiz"}, {"policy", document}}.dump());
  };
  EXPECT_THAT(set(policy_of("", "\n<on-failure then=\"retry\"><wait>-3s</wait></on-failure>")),
              AllOf(HasSubstr("line 2"), HasSubstr("column"), HasSubstr("-3s")));
  EXPECT_THAT(set(policy_of("", "\n\n  <surprise/>")), AllOf(HasSubstr("line 3 column 3"), HasSubstr("surprise")));
  EXPECT_THAT(set("no such policy"), Not(IsEmpty()));
  EXPECT_EQ(world.asked(R"({"report":"policy","tool":"acme/quiz"})").at("policy"), "shuttle");
  world.reopen();
  EXPECT_EQ(world.asked(R"({"report":"policy","tool":"acme/quiz"})").at("policy"), "shuttle");
  world.model = always("drop");
  world.happens("A");
  world.pass(kMinuteMs);
  EXPECT_EQ(world.distances("A").at(0), 10 * kSecondMs);
  EXPECT_THAT(world.asked(R"({"report":"audit","after":1})").at("entries"), IsEmpty());
}

TEST(Policies, ANewSplitAppliesToNewCapturesAndOldLanesDrainFirst) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("blackboard", ToolState::available, store);
    world.model = always("drop");
    world.happens("A1", EventKind::course_imported, "_1_1");
    world.happens("A2", EventKind::course_imported, "_2_1");
    world.set_policy(policy_of(R"(order="course")", "<on-failure then=\"retry\"><wait>1h</wait></on-failure>"));
    world.happens("B1", EventKind::course_imported, "_1_1");
    world.happens("B2", EventKind::course_imported, "_2_1");
    EXPECT_EQ(world.why("B2"), "behind_backlog");
    EXPECT_EQ(world.explain("B2").at("waits_for"), "the events of lane acme/quiz");
    world.pass(2 * kHourMs);
    EXPECT_THAT(world.sent_at("B1"), IsEmpty());
    world.model = always("ok");
    world.received.clear();
    world.pass(2 * kHourMs);
    ASSERT_THAT(world.heard(), SizeIs(4));
    EXPECT_EQ(world.heard().at(0), "A1:ok");
    EXPECT_EQ(world.heard().at(1), "A2:ok");
    world.model = answers({{"C1", "drop"}});
    world.happens("C1", EventKind::course_imported, "_1_1");
    world.happens("C2", EventKind::course_imported, "_2_1");
    EXPECT_EQ(world.state("C2"), EventState::delivered) << "courses do not hold up each other now";
  }
}

TEST(Policies, AnEventOfTwoCoursesGoesBehindBothAndBeforeWhatComesLater) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world(policy_of(R"(order="course")"), ToolState::available, store);
    world.model = always("drop");
    world.happens("into", EventKind::course_imported, "_1_1");
    world.happens("from", EventKind::course_imported, "_2_1");
    ReportedEvent copy = world.event(kQuiz, EventKind::course_copied, "copy", "_1_1");
    copy.arguments.emplace_back("oldCourseId", "_2_1");
    world.happens("copy", copy);
    world.happens("later", EventKind::course_imported, "_2_1");
    world.happens("apart", EventKind::course_imported, "_3_1");
    world.pass(kMinuteMs);  // the contacts by those that came are answered
    world.received.clear();
    world.pass(kDayMs);
    EXPECT_THAT(world.heard(), IsEmpty()) << "two lanes that wait for each other do not set each other going";
    world.model = always("ok");
    world.order(world.order_on("retry", "into"));
    world.pass(kMinuteMs);
    EXPECT_THAT(world.heard(), ElementsAre("into:ok")) << "the copy waits for its other course";
    world.order(world.order_on("retry", "from"));
    world.pass(kMinuteMs);
    EXPECT_THAT(world.heard(), ElementsAre("into:ok", "from:ok", "copy:ok", "later:ok"));
  }
}

TEST(Policies, ANewScheduleHoldsForARetryThatIsPlannedAlready) {
  const auto every = [](const std::string& wait) {
    return policy_of("", "<on-failure then=\"retry\"><wait>" + wait + "</wait></on-failure>");
  };
  for (const auto& [wait, seconds] : {std::pair{"2min", 120}, std::pair{"30min", 1800}}) {
    System world(every("10min"));
    world.model = always("drop");
    world.happens("A");
    world.pass(kMinuteMs);
    world.set_policy(every(wait));
    world.pass(seconds * kSecondMs);
    ASSERT_THAT(world.sent_at("A"), SizeIs(2)) << wait;
    EXPECT_EQ(world.distances("A").at(0), seconds * kSecondMs) << "counted from the failure, not from the change";
  }
}

/// The world begins on a Friday at 08:00 UTC.
TEST(Policies, AMaintenanceWindowStopsTheClockAndTheSending) {
  System world(policy_of("",
                         "<maintenance from=\"09:00\" to=\"11:00\"/>"
                         "<on-failure then=\"retry\"><wait>30min</wait></on-failure>"
                         "<give-up then=\"park\" down=\"2h\"/>"));
  ASSERT_EQ(rfc3339(world.began()), "2027-01-15T08:00:00.000Z");
  world.model = always("drop");
  world.happens("A");
  world.pass(50 * kMinuteMs);
  world.happens("B");
  world.pass(100 * kMinuteMs);  // in the window
  EXPECT_EQ(world.happens("C").deferral, Deferral::behind_backlog);
  EXPECT_FALSE(world.save(kQuiz, ToolState::available).tally.sent > 0) << "a save does not break it";
  world.pass(10 * kHourMs);
  // At 08:30, and half an hour later but for the window; parked at 12:00, when it has waited for two hours without it.
  const std::vector<std::int64_t> sent = world.sent_at("A");
  ASSERT_GE(sent.size(), 3U);
  EXPECT_EQ(sent[1], 1 + 30 * kMinuteMs);
  EXPECT_EQ(sent[2], 2 + 3 * kHourMs) << "what was left of the wait ran on behind the window";
  EXPECT_EQ(world.stored("A").settled_at_ms - world.began(), 4 * kHourMs) << "its age stood still too";
  for (const Received& one : world.received) {
    const std::int64_t at = one.at_ms - world.began();
    EXPECT_FALSE(one.parameters.contains("event_id") && at >= kHourMs && at < 3 * kHourMs) << at;
  }
}

// ---- ages

const char* const kThreeAges =
    R"(<give-up then="discard" attempts="3" not-installed="30d" unavailable="20d" down="7d"/>)"
    R"(<on-failure then="retry"><wait>5d</wait></on-failure>)";

TEST(Ages, AreCountedSeparatelyAndTimeBeforeInstallationUsesUpNothing) {
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  const auto take = [&](const char* name) { return world.capture_one(kQuiz, EventKind::course_imported, name).id; };
  world.done(Json{{"do", "policy"}, {"tool", "acme/quiz"}, {"policy", policy_of("", kThreeAges)}}.dump());
  const EventId a = take("A");
  world.pass(29 * kDayMs);
  EXPECT_EQ(world.stored(a).state, EventState::pending);
  world.install(kQuiz, ToolState::unavailable);
  world.pass(19 * kDayMs);
  EXPECT_EQ(world.stored(a).state, EventState::pending) << "switched off has a time of its own";
  world.model = always("drop");
  world.save(kQuiz, ToolState::available);  // does not take it: nothing has changed
  world.model = [](const Received& got) { return got.parameters.contains("event_id") ? "drop" : "ok"; };
  world.save(kQuiz, ToolState::available);
  world.pass(6 * kDayMs);
  EXPECT_EQ(world.stored(a).state, EventState::pending) << "and so has being down";
  EXPECT_THAT(world.heard(), SizeIs(2)) << "all its attempts were left";
  world.pass(2 * kDayMs);
  EXPECT_EQ(world.stored(a).state, EventState::discarded);
  EXPECT_EQ(world.stored(a).reason, "too_old");
}

TEST(Ages, EachEndsByItself) {
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  world.done(Json{{"do", "policy"}, {"tool", "acme/quiz"}, {"policy", policy_of("", kThreeAges)}}.dump());
  const EventId a = world.capture_one(kQuiz, EventKind::course_imported, "A").id;
  world.pass(30 * kDayMs + kSecondMs);
  EXPECT_EQ(world.stored(a).state, EventState::discarded) << "not installed";
  world.install(kQuiz, ToolState::unavailable);
  const EventId b = world.capture_one(kQuiz, EventKind::course_imported, "B").id;
  world.pass(20 * kDayMs - kSecondMs);
  EXPECT_EQ(world.stored(b).state, EventState::pending);
  world.pass(2 * kSecondMs);
  EXPECT_EQ(world.stored(b).state, EventState::discarded) << "switched off";
}

TEST(Ages, OfTheNewConditionHoldFromTheInstallationOn) {
  SmallWorld world(1, SmallWorld::StoreKind::memory);
  world.done(Json{{"do", "policy"},
                  {"tool", "acme/quiz"},
                  {"policy", policy_of("", R"(<give-up then="discard" unavailable="20d"/>)")}}
                 .dump());
  const EventId a = world.capture_one(kQuiz, EventKind::course_imported, "A").id;
  world.pass(400 * kDayMs);
  world.install(kQuiz, ToolState::unavailable);
  world.pass(20 * kDayMs - kSecondMs);
  EXPECT_EQ(world.stored(a).state, EventState::pending);
  world.pass(2 * kSecondMs);
  EXPECT_EQ(world.stored(a).state, EventState::discarded);
}

TEST(Ages, OneThatIsOverDuringAnExchangeIsNotForgotten) {
  System world(policy_of("", R"(<give-up then="discard" down="1h"/>)"));
  world.model = always("drop");
  world.happens("A");
  world.pass(kHourMs - 10 * kSecondMs);
  const std::int64_t hangs_until = world.clock.wall_ms + kMinuteMs;
  world.model = [&](const Received&) { return world.clock.wall_ms < hangs_until ? "hang" : "drop"; };
  world.happens("B");
  world.pass(kMinuteMs);
  EXPECT_EQ(world.state("A"), EventState::discarded);
  EXPECT_EQ(world.state("B"), EventState::pending);
}

// ---- limits

/// B stops each walk behind A.
void stop_three_walks(System& world) {
  for (const char* const name : {"A", "B"}) world.happens(name);
  world.model = answers({{"B", "drop"}});
  for (int walk = 0; walk < 3; ++walk) world.save(kQuiz, ToolState::available);
}

TEST(Limits, OneEventThatStopsThreeWalksIsToldAndSuspends) {
  System world("blackboard", ToolState::unavailable);
  stop_three_walks(world);
  EXPECT_THAT(lane_states(world), ElementsAre("suspended"));
  EXPECT_THAT(world.host.watched, ElementsAre("raised 2"));
  EXPECT_THAT(world.asked(R"({"report":"lanes"})").at("lanes").at(0).at("last_error").get<std::string>(),
              HasSubstr(world.text_id("B")));
  world.received.clear();
  world.happens("C");
  world.pass(kDayMs);
  EXPECT_THAT(world.heard(), IsEmpty());
  world.done(world.order_on("park", "B"));
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "C:ok"));
  EXPECT_THAT(world.host.watched, ElementsAre("raised 2", StartsWith("over ")));
}

TEST(Limits, ASuspensionIsToldOnceAndOnceWhenItIsOverAlsoOverARestart) {
  for (const char* const watch : {"", "<watch waiting=\"100\"/>"}) {
    System world(policy_of("", watch), ToolState::unavailable);
    stop_three_walks(world);
    world.reopen();
    world.happens("C");
    world.pass(kMinuteMs);
    EXPECT_THAT(world.host.watched, ElementsAre("raised 2"));
    world.model = always("ok");
    world.save(kQuiz, ToolState::available);
    EXPECT_THAT(world.host.watched, ElementsAre("raised 2", StartsWith("over ")));
  }
}

// ---- an LMS that was put back

/// What reopening with these says; the bridge stays open.
void reopen_as(System& world, const std::string& generation, std::uint64_t high_water) {
  world.crash();
  world.options.generation = generation;
  world.options.high_water = high_water;
  world.open();
}

TEST(PutBack, ALowerHighWaterUnderTheSameGenerationHoldsAndRefuses) {
  for (const auto store : {SmallWorld::StoreKind::memory, SmallWorld::StoreKind::sqlite}) {
    System world("blackboard", ToolState::available, store);
    reopen_as(world, "g1", 120);
    world.model = always("drop");
    world.happens("op 119");
    world.happens("op 120");
    world.received.clear();
    world.model = always("ok");

    reopen_as(world, "g1", 100);
    world.pass(kDayMs);
    EXPECT_THAT(lane_states(world), ElementsAre("held"));
    std::vector<CaptureAnswer> answers;
    const auto captured =
        world.engine->capture({world.event(kQuiz, EventKind::course_imported, "op 101")}, answers, false);
    ASSERT_FALSE(captured);
    EXPECT_EQ(captured.error().status, Status::refused);
    EXPECT_THAT(captured.error().text, AllOf(HasSubstr("earlier state"), HasSubstr("new generation")));
    world.save(kQuiz, ToolState::available);
    EXPECT_THAT(world.heard(), IsEmpty()) << "nothing is replayed into the past";

    reopen_as(world, "g2", 100);
    EXPECT_EQ(world.happens("op 120").kind, CaptureAnswer::Kind::fresh)
        << "the LMS names a new operation as it named a lost one: that is no repetition";
    EXPECT_EQ(world.happens("op 120").kind, CaptureAnswer::Kind::duplicate) << "but that is one";
    world.save(kQuiz, ToolState::available);
    world.pass(kDayMs);
    EXPECT_THAT(world.heard(), IsEmpty()) << "until somebody has looked at it";
    world.done(R"({"do":"release","all":true})");
    world.run();
    EXPECT_THAT(world.heard(), ElementsAre("op 119:ok", "op 120:ok", "op 120:ok"));
    EXPECT_NE(world.received.at(world.received.size() - 2).parameters.at("event_id"),
              world.received.back().parameters.at("event_id"));
  }
}

TEST(PutBack, ARestartOfTheSameStateIsNone) {
  System world("blackboard");
  for (const std::uint64_t high_water : {120U, 120U, 125U}) {
    reopen_as(world, "g1", high_water);
    EXPECT_EQ(world.happens("op " + std::to_string(world.received.size())).kind, CaptureAnswer::Kind::fresh);
  }
  EXPECT_THAT(world.heard(), SizeIs(3));
}

}  // namespace
}  // namespace ptb::test
