// The deferral table, row by row as proxy-tool-protocol §4 has it.
#include "core/deferral.h"

#include <gtest/gtest.h>

#include <vector>

namespace ptb::test {
namespace {

using Verdict = CaptureDecision::Verdict;

struct Row {
  EventKind kind;
  bool waits_after_failure;
  bool waits_while_not_available;
  bool waits_while_not_installed;
};

const Row kRows[] = {
    {EventKind::course_copied, true, true, false},      {EventKind::course_imported, true, true, true},
    {EventKind::group_copied, true, true, false},       {EventKind::group_imported, true, true, true},
    {EventKind::content_copied, true, true, false},     {EventKind::content_imported, true, true, true},
    {EventKind::content_deleted, true, true, false},    {EventKind::course_exported, false, false, false},
    {EventKind::content_exported, false, false, false}, {EventKind::group_exported, false, false, false},
    {EventKind::course_deleted, false, false, false},
};

ToolCondition installed(ToolState state) {
  ToolCondition condition;
  condition.installed_as = state;
  return condition;
}

class DeferralTable : public ::testing::TestWithParam<Row> {};

TEST_P(DeferralTable, AfterAFailure) {
  EXPECT_EQ(waits_after_failure(GetParam().kind), GetParam().waits_after_failure);
}

TEST_P(DeferralTable, WhileNotAvailable) {
  for (const auto state : {ToolState::inactive, ToolState::unavailable}) {
    const auto decision = decide_capture(GetParam().kind, installed(state));
    if (GetParam().waits_while_not_available) {
      EXPECT_EQ(decision.verdict, Verdict::defer);
      EXPECT_EQ(decision.deferral, Deferral::not_available);
    } else {
      EXPECT_EQ(decision.verdict, Verdict::ignore);
      EXPECT_EQ(decision.ignored_as, "tool_not_available");
    }
  }
}

TEST_P(DeferralTable, WhileNotInstalled) {
  const auto decision = decide_capture(GetParam().kind, {});
  if (GetParam().waits_while_not_installed) {
    EXPECT_EQ(decision.verdict, Verdict::defer);
    EXPECT_EQ(decision.deferral, Deferral::not_installed);
  } else {
    EXPECT_EQ(decision.verdict, Verdict::ignore);
    EXPECT_EQ(decision.ignored_as, "tool_not_installed");
  }
}

TEST_P(DeferralTable, WhileAvailable) {
  auto condition = installed(ToolState::available);
  EXPECT_EQ(decide_capture(GetParam().kind, condition).verdict, Verdict::deliver);
  EXPECT_EQ(decide_capture(GetParam().kind, condition).deferral, Deferral::first_attempt);
  condition.has_handler = false;
  EXPECT_EQ(decide_capture(GetParam().kind, condition).verdict, Verdict::ignore);
  EXPECT_EQ(decide_capture(GetParam().kind, condition).ignored_as, "no_handler");
}

TEST_P(DeferralTable, WithoutAHandlerNothingWaitsForAvailability) {
  auto condition = installed(ToolState::unavailable);
  condition.has_handler = false;
  EXPECT_EQ(decide_capture(GetParam().kind, condition).ignored_as, "no_handler");
}

TEST_P(DeferralTable, WithoutWordsOnItsWireNothingIsSent) {
  auto condition = installed(ToolState::available);
  condition.wire_can_say = false;
  EXPECT_EQ(decide_capture(GetParam().kind, condition).verdict, Verdict::ignore);
  EXPECT_EQ(decide_capture(GetParam().kind, condition).ignored_as, "wire_cannot_say");
}

TEST_P(DeferralTable, WhatNeverWaitsDoesNotWaitForAPersonEither) {
  if (GetParam().waits_after_failure) return;
  const auto ignored_with = [&](auto change) {
    auto condition = installed(ToolState::available);
    change(condition);
    return decide_capture(GetParam().kind, condition).ignored_as;
  };
  EXPECT_EQ(ignored_with([](auto& c) { c.lane_released = false; }), "lane_waits_for_save");
  EXPECT_EQ(ignored_with([](auto& c) { c.lane_held = true; }), "lane_held");
  EXPECT_EQ(ignored_with([](auto& c) { c.lane_suspended = true; }), "lane_suspended");
  EXPECT_EQ(ignored_with([](auto& c) { c.lane_has_backlog = true; }), "") << "it goes behind a walk of the lane";
}

TEST_P(DeferralTable, BehindWhatTheLaneHasAlready) {
  if (!GetParam().waits_after_failure) return;
  const auto deferral_with = [&](auto change) {
    auto condition = installed(ToolState::available);
    change(condition);
    const auto decision = decide_capture(GetParam().kind, condition);
    EXPECT_EQ(decision.verdict, Verdict::defer);
    return decision.deferral;
  };
  EXPECT_EQ(deferral_with([](auto& c) { c.lane_has_backlog = true; }), Deferral::behind_backlog);
  EXPECT_EQ(deferral_with([](auto& c) { c.lane_released = false; }), Deferral::behind_backlog);
  EXPECT_EQ(deferral_with([](auto& c) { c.lane_held = true; }), Deferral::held);
  EXPECT_EQ(deferral_with([](auto& c) { c.lane_suspended = true; }), Deferral::suspended);
  EXPECT_EQ(deferral_with([](auto& c) { c.lane_held = c.lane_suspended = c.lane_has_backlog = true; }), Deferral::held);
}

INSTANTIATE_TEST_SUITE_P(Protocol4, DeferralTable, ::testing::ValuesIn(kRows), [](const auto& tested) {
  std::string name(to_text(tested.param.kind));
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
});

struct ActRow {
  EventKind act;
  ToolState state;
  Outcome::Kind outcome;
  bool done;
  const char* told;  ///< part of the text; empty: nothing
};

const ActRow kActs[] = {
    {EventKind::state_change, ToolState::available, Outcome::Kind::acknowledged, true, ""},
    {EventKind::state_change, ToolState::available, Outcome::Kind::refused, false, "stays as it was"},
    {EventKind::state_change, ToolState::available, Outcome::Kind::failed, false, "stays as it was"},
    {EventKind::state_change, ToolState::available, Outcome::Kind::no_handler, true, ""},
    {EventKind::state_change, ToolState::inactive, Outcome::Kind::refused, true, "saved, though"},
    {EventKind::state_change, ToolState::unavailable, Outcome::Kind::failed, true, "saved, though"},
    {EventKind::remove, ToolState::unavailable, Outcome::Kind::acknowledged, true, ""},
    {EventKind::remove, ToolState::unavailable, Outcome::Kind::refused, true, "is removed, though"},
    {EventKind::remove, ToolState::unavailable, Outcome::Kind::failed, true, "is removed, though"},
    {EventKind::remove, ToolState::unavailable, Outcome::Kind::not_expressible, true, ""},
    {EventKind::reregister, ToolState::unavailable, Outcome::Kind::acknowledged, true, ""},
    {EventKind::reregister, ToolState::unavailable, Outcome::Kind::refused, false, "stays unavailable"},
    {EventKind::reregister, ToolState::unavailable, Outcome::Kind::failed, false, "stays unavailable"},
    {EventKind::reregister, ToolState::unavailable, Outcome::Kind::no_handler, false, "stays unavailable"},
    {EventKind::ping, ToolState::available, Outcome::Kind::acknowledged, true, ""},
    {EventKind::ping, ToolState::available, Outcome::Kind::refused, false, "is unavailable"},
    {EventKind::ping, ToolState::available, Outcome::Kind::failed, false, "is unavailable"},
    {EventKind::ping, ToolState::available, Outcome::Kind::no_handler, false, "cannot be asked"},
};

TEST(ActsOnATool, EndAsTheirRowsSay) {
  for (const ActRow& row : kActs) {
    const ActResult result = judge_act(row.act, {"acme", "quiz"}, row.state, {row.outcome, "because", 0});
    SCOPED_TRACE(std::string(to_text(row.act)) + " " + std::to_string(static_cast<int>(row.outcome)));
    EXPECT_EQ(result.done, row.done);
    if (*row.told == '\0') {
      EXPECT_EQ(result.text, "");
    } else {
      EXPECT_NE(result.text.find(row.told), std::string::npos) << result.text;
      EXPECT_NE(result.text.find("acme/quiz"), std::string::npos) << result.text;
      EXPECT_NE(result.text.find("because"), std::string::npos) << result.text;
    }
  }
}

TEST(DeferralTableAsAWhole, HasSevenDeferrableKinds) {
  int deferrable = 0;
  for (int kind = 1; kind <= static_cast<int>(EventKind::course_deleted); ++kind)
    if (waits_after_failure(static_cast<EventKind>(kind))) ++deferrable;
  EXPECT_EQ(deferrable, 7);
}

TEST(DeferralTableAsAWhole, AStateChangeNeverWaits) { EXPECT_FALSE(waits_after_failure(EventKind::state_change)); }

struct NowRow {
  const char* when;
  ToolCondition condition;
  Deferral captured_as;
  bool is_head;
  bool last_walk_failed;
  Deferral expected;
};

ToolCondition with(bool released, bool held = false, bool suspended = false) {
  auto condition = installed(ToolState::available);
  condition.lane_released = released;
  condition.lane_held = held;
  condition.lane_suspended = suspended;
  return condition;
}

TEST(DeferralNow, SaysWhatWouldReleaseTheEvent) {
  using enum Deferral;
  const NowRow rows[] = {
      {"not installed comes first", {}, first_attempt, true, true, not_installed},
      {"inactive", installed(ToolState::inactive), not_responding, true, true, not_available},
      {"unavailable, in the middle", installed(ToolState::unavailable), behind_backlog, false, false, not_available},
      {"held", with(true, true, true), first_attempt, true, true, held},
      {"suspended", with(true, false, true), first_attempt, false, true, suspended},
      {"not the head", with(true), first_attempt, false, true, behind_backlog},
      {"head of a lane that waits for a save", with(false), not_installed, true, false, not_installed},
      {"live head of a lane that waits for a save", with(false), first_attempt, true, false, behind_backlog},
      {"waits for a save although a walk failed", with(false), not_available, true, true, not_available},
      {"head, the tool does not answer", with(true), first_attempt, true, true, not_responding},
      {"head, nothing has been tried", with(true), first_attempt, true, false, first_attempt},
      {"head, captured while not available", with(true), not_available, true, false, not_available},
  };
  for (const auto& row : rows)
    EXPECT_EQ(deferral_now(row.condition, row.captured_as, row.is_head, row.last_walk_failed), row.expected)
        << row.when;
}

}  // namespace
}  // namespace ptb::test
