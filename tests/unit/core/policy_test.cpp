// What a policy makes of answers and failures, and which lanes it has.
#include "core/policy.h"

#include <gtest/gtest.h>

#include <limits>

namespace ptb::test {
namespace {

using Fault = ExchangeResult::Fault;
using Kind = Outcome::Kind;
using Then = FailureDecision::Kind;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kNoon = 1'772'625'600'000;  // 2026-03-04T12:00Z

ExchangeResult answer(int status) {
  ExchangeResult result;
  result.fault = Fault::none;
  result.http_status = status;
  return result;
}

ExchangeResult broken(Fault fault) {
  ExchangeResult result;
  result.fault = fault;
  result.fault_text = "no luck";
  return result;
}

TEST(FailureKinds, ByFault) {
  const Outcome failed{Kind::failed, "no luck"};
  EXPECT_EQ(failure_kind(broken(Fault::broken), failed), FailureKind::unreachable);
  EXPECT_EQ(failure_kind(broken(Fault::timed_out), failed), FailureKind::timed_out);
  EXPECT_EQ(failure_kind(broken(Fault::tls_handshake), failed), FailureKind::tls);
  EXPECT_EQ(failure_kind(broken(Fault::answer_too_large), failed), FailureKind::not_understood);
  EXPECT_EQ(failure_kind(broken(Fault::forbidden), failed), FailureKind::not_sent);
  EXPECT_EQ(failure_kind(broken(Fault::abandoned), failed), FailureKind::not_sent);
}

TEST(FailureKinds, ByStatus) {
  const Outcome failed{Kind::failed, "answered HTTP"};
  for (const int status : {400, 401, 404, 410, 422, 499})
    EXPECT_EQ(failure_kind(answer(status), failed), FailureKind::client_error) << status;
  for (const int status : {0, 301, 408, 425, 429, 500, 503, 599})
    EXPECT_EQ(failure_kind(answer(status), failed), FailureKind::server_error) << status;
  for (const int status : {200, 204, 299})
    EXPECT_EQ(failure_kind(answer(status), failed), FailureKind::not_understood) << status;
  EXPECT_EQ(failure_kind(answer(200), {Kind::refused, "ERROR"}), FailureKind::refused);
}

TEST(FailureKinds, AreNamedAsInDocuments) {
  EXPECT_EQ(to_text(FailureKind::unreachable), "unreachable");
  EXPECT_EQ(to_text(FailureKind::timed_out), "timed-out");
  EXPECT_EQ(to_text(FailureKind::not_sent), "not-sent");
}

TEST(JudgeUnder, TheDefaultLeavesItToTheWire) {
  for (const Kind kind : {Kind::acknowledged, Kind::refused, Kind::failed, Kind::suspended}) {
    const Outcome outcome = judge_under(Policy{}, answer(200), {kind, "said", 7});
    EXPECT_EQ(outcome.kind, kind);
    EXPECT_EQ(outcome.text, "said");
    EXPECT_EQ(outcome.retry_after_ms, 7);
  }
}

TEST(JudgeUnder, By2xxTheBodyIsNotLookedAt) {
  Policy policy;
  policy.acknowledged_by_2xx = true;
  for (const int status : {200, 204, 299})
    for (const Kind kind : {Kind::acknowledged, Kind::refused, Kind::failed}) {
      const Outcome outcome = judge_under(policy, answer(status), {kind, "not SUCCESS"});
      EXPECT_EQ(outcome.kind, Kind::acknowledged);
      EXPECT_EQ(outcome.text, "");
    }
  EXPECT_EQ(judge_under(policy, answer(500), {Kind::failed, "answered HTTP 500"}).kind, Kind::failed);
  EXPECT_EQ(judge_under(policy, answer(500), {Kind::acknowledged, ""}).kind, Kind::failed);
  EXPECT_EQ(judge_under(policy, answer(500), {Kind::acknowledged, ""}).text, "answered HTTP 500");
  EXPECT_EQ(judge_under(policy, answer(500), {Kind::refused, "ERROR"}).kind, Kind::failed);
  EXPECT_EQ(judge_under(policy, answer(199), {Kind::acknowledged, ""}).kind, Kind::failed);
  EXPECT_EQ(judge_under(policy, answer(300), {Kind::acknowledged, ""}).kind, Kind::failed);
}

TEST(JudgeUnder, By2xxAFaultIsAFailureWhateverTheStatus) {
  Policy policy;
  policy.acknowledged_by_2xx = true;
  ExchangeResult result = broken(Fault::timed_out);
  result.http_status = 200;
  EXPECT_EQ(judge_under(policy, result, {Kind::failed, "no answer"}).text, "no answer");
  const Outcome outcome = judge_under(policy, result, {Kind::acknowledged, ""});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.text, "no luck");
}

TEST(JudgeUnder, By2xxWhatSuspendsStillDoes) {
  Policy policy;
  policy.acknowledged_by_2xx = true;
  EXPECT_EQ(judge_under(policy, answer(410), {Kind::suspended, "gone"}).kind, Kind::suspended);
  EXPECT_EQ(judge_under(policy, broken(Fault::forbidden), {Kind::suspended, "no"}).kind, Kind::suspended);
}

TEST(JudgeUnder, ARefusalMayBeAFailure) {
  Policy policy;
  policy.refusal_is_failure = true;
  const Outcome outcome = judge_under(policy, answer(200), {Kind::refused, "the tool answered ERROR"});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.text, "the tool answered ERROR");
  EXPECT_EQ(judge_under(policy, answer(200), {Kind::acknowledged, ""}).kind, Kind::acknowledged);
}

Event event_of(EventKind kind, const std::string& course, const Pairs& arguments) {
  Event event;
  event.kind = kind;
  event.course_id = course;
  event.arguments = encode_pairs(arguments);
  event.captured_at_ms = kNoon;
  return event;
}

void expect_part(const LanePart& part, const std::string& split, const std::string& name, const std::string& other) {
  EXPECT_EQ(part.split, split);
  EXPECT_EQ(part.name, name);
  EXPECT_EQ(part.other, other);
}

TEST(LaneParts, OneLaneATool) {
  expect_part(lane_part(Policy{}, event_of(EventKind::course_copied, "b", {{"oldCourseId", "a"}})), "", "", "");
}

TEST(LaneParts, ALaneAnEvent) {
  Policy policy;
  policy.order = Policy::Order::none;
  expect_part(lane_part(policy, event_of(EventKind::course_copied, "b", {{"oldCourseId", "a"}})), "none", "", "");
}

TEST(LaneParts, ALaneAGroup) {
  Policy policy;
  policy.order = Policy::Order::group;
  policy.groups = {{"copies", {}}, {"imports", {}}};
  policy.groups[0].kinds.insert(EventKind::course_copied);
  policy.groups[1].kinds.insert(EventKind::course_imported);
  const std::string split = lane_part(policy, event_of(EventKind::course_copied, "b", {})).split;
  EXPECT_EQ(split.substr(0, 6), "group:");
  expect_part(lane_part(policy, event_of(EventKind::course_copied, "b", {})), split, "copies", "");
  expect_part(lane_part(policy, event_of(EventKind::course_imported, "b", {})), split, "imports", "");
  expect_part(lane_part(policy, event_of(EventKind::content_deleted, "b", {})), split, "other", "");
  policy.groups.back().kinds.insert(EventKind::content_deleted);
  EXPECT_NE(lane_part(policy, event_of(EventKind::course_copied, "b", {})).split, split) << "other groups split anew";
}

TEST(LaneParts, ALaneACourse) {
  Policy policy;
  policy.order = Policy::Order::course;
  const auto part = [&](const std::string& course, const Pairs& arguments) {
    return lane_part(policy, event_of(EventKind::content_copied, course, arguments));
  };
  expect_part(part("b", {{"course_id", "b"}}), "course", "b", "");
  expect_part(part("b", {{"oldCourseId", "a"}, {"newCourseId", "b"}}), "course", "b", "a");
  expect_part(part("a", {{"oldCourseId", "a"}, {"newCourseId", "b"}}), "course", "a", "b");
  expect_part(part("b", {{"oldCourseId", "b"}, {"newCourseId", "b"}}), "course", "b", "");
  expect_part(part("b", {{"oldCourseId", ""}}), "course", "b", "");
  expect_part(part("", {}), "course", "", "");
}

TEST(LaneParts, ACourseThatOnlyTheArgumentsName) {
  Policy policy;
  policy.order = Policy::Order::course;
  expect_part(lane_part(policy, event_of(EventKind::course_copied, "", {{"oldCourseId", "a"}, {"newCourseId", "b"}})),
              "course", "b", "a");
  expect_part(lane_part(policy, event_of(EventKind::course_imported, "", {{"course_id", "c"}})), "course", "c", "");
}

Policy retrying(std::vector<std::int64_t> waits) {
  Policy policy;
  policy.after_failure = Policy::AfterFailure::retry;
  policy.retry.waits_ms = std::move(waits);
  return policy;
}

TEST(AfterAFailure, TheDefaultHoldsForEver) {
  for (const std::int64_t count : {1, 2, 1'000'000})
    EXPECT_EQ(after_failure(Policy{}, FailureKind::unreachable, {count, 1, 2}, 0).kind, Then::hold);
}

TEST(AfterAFailure, WaitsCountFromTheLastAttempt) {
  const Policy policy = retrying({10 * kSecond, 30 * kSecond});
  const auto at = [&](std::int64_t count) {
    const auto decision = after_failure(policy, FailureKind::timed_out, {count, kNoon, kNoon + 500'000}, 0.9);
    EXPECT_EQ(decision.kind, Then::retry);
    return decision.at_ms - kNoon - 500'000;
  };
  EXPECT_EQ(at(1), 10 * kSecond);
  EXPECT_EQ(at(2), 30 * kSecond);
  EXPECT_EQ(at(7), 30 * kSecond);
}

TEST(AfterAFailure, WaitsCountFromTheOriginalFailure) {
  Policy policy = retrying({10 * kSecond, 30 * kSecond});
  policy.retry.from = RetrySchedule::From::original_failure;
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {2, kNoon, kNoon + 11'000}, 0).at_ms, kNoon + 30 * kSecond);
  // The attempt itself took longer than that.
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {2, kNoon, kNoon + 45'000}, 0).at_ms, kNoon + 45 * kSecond);
}

TEST(AfterAFailure, AClockThatWasPutBackMakesNobodyWaitLonger) {
  Policy policy = retrying({10 * kSecond, 30 * kSecond});
  policy.retry.from = RetrySchedule::From::original_failure;
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {2, kNoon + 1'000'000, kNoon}, 0).at_ms, kNoon + 30 * kSecond);
}

TEST(AfterFailure, AWaitThatHasStoppedGrowingCountsFromTheLastAttempt) {
  Policy policy;
  policy.after_failure = Policy::AfterFailure::retry;
  policy.retry.from = RetrySchedule::From::original_failure;
  policy.retry.waits_ms = {10'000, 60'000};
  const auto at = [&](std::int64_t count, std::int64_t last_ms) {
    return after_failure(policy, FailureKind::unreachable, {count, 1'000'000, last_ms}, 0).at_ms;
  };
  EXPECT_EQ(at(1, 1'000'000), 1'010'000);
  EXPECT_EQ(at(2, 1'010'500), 1'060'000);
  EXPECT_EQ(at(3, 1'060'500), 1'120'500) << "the last wait repeats; else it would be tried without end at one moment";
}

TEST(AfterAFailure, JitterAddsUpToItsShareOfTheWait) {
  Policy policy = retrying({100 * kSecond});
  policy.retry.jitter_percent = 10;
  const auto at = [&](double chance) {
    return after_failure(policy, FailureKind::tls, {1, kNoon, kNoon}, chance).at_ms - kNoon;
  };
  EXPECT_EQ(at(0), 100 * kSecond);
  EXPECT_EQ(at(0.5), 105 * kSecond);
  EXPECT_EQ(at(0.999), 109'990);
}

TEST(AfterAFailure, ARetryIsNeverInAMaintenanceWindow) {
  Policy policy = retrying({kHour});
  MaintenanceWindow window;
  window.days.fill(true);
  window.from = 12 * 60 + 30;
  window.to = 14 * 60;
  policy.maintenance = {window};
  // Half an hour of the wait is left when the gates open again at 14:00.
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {1, kNoon, kNoon}, 0).at_ms, kNoon + 2 * kHour + kHour / 2);
  policy.retry.waits_ms = {kHour / 2};
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {1, kNoon, kNoon}, 0).at_ms, kNoon + 2 * kHour);
}

TEST(AfterAFailure, AttemptsEndIt) {
  Policy policy = retrying({kSecond});
  policy.give_up.attempts = 5;
  for (const auto& [then, kind] : {std::pair{GiveUp::Then::park, Then::park},
                                   {GiveUp::Then::discard, Then::discard},
                                   {GiveUp::Then::suspend, Then::suspend}}) {
    policy.give_up.then = then;
    EXPECT_EQ(after_failure(policy, FailureKind::tls, {4, 0, 0}, 0).kind, Then::retry);
    const auto decision = after_failure(policy, FailureKind::tls, {5, 0, 0}, 0);
    EXPECT_EQ(decision.kind, kind);
    EXPECT_EQ(decision.why, "attempts_used_up");
  }
}

TEST(AfterAFailure, WhatCannotBeCuredIsParkedAtOnceWhateverElseHolds) {
  for (const auto after : {Policy::AfterFailure::hold, Policy::AfterFailure::retry, Policy::AfterFailure::queue}) {
    Policy policy = retrying({kSecond});
    policy.after_failure = after;
    policy.give_up = {GiveUp::Then::discard, 1, 0, 0, 0};
    policy.parks_at_once = {FailureKind::client_error, FailureKind::refused};
    const auto decision = after_failure(policy, FailureKind::client_error, {1, 0, 0}, 0);
    EXPECT_EQ(decision.kind, Then::park);
    EXPECT_EQ(decision.why, "cannot_be_cured");
    EXPECT_EQ(after_failure(policy, FailureKind::server_error, {1, 0, 0}, 0).kind, Then::discard);
  }
}

TEST(AfterAFailure, QueuesUntilAttemptsAreUsedUp) {
  Policy policy;
  policy.after_failure = Policy::AfterFailure::queue;
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {1, 0, 0}, 0).kind, Then::queue);
  policy.give_up.attempts = 3;
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {2, 0, 0}, 0).kind, Then::queue);
  EXPECT_EQ(after_failure(policy, FailureKind::tls, {3, 0, 0}, 0).kind, Then::park);
}

TEST(AfterAFailure, RetryWithoutAScheduleHolds) {
  EXPECT_EQ(after_failure(retrying({}), FailureKind::tls, {1, 0, 0}, 0).kind, Then::hold);
}

TEST(AfterAFailure, NothingOverflows) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Policy policy = retrying({kMost});
  policy.retry.jitter_percent = 100;
  EXPECT_GT(after_failure(policy, FailureKind::tls, {1, kMost, kMost}, 0.99).at_ms, 0);
}

}  // namespace
}  // namespace ptb::test
