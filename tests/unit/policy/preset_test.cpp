// Each preset, number by number as the system it is named after has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "policy/policy_document.h"

namespace ptb::test {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;
using Then = FailureDecision::Kind;

Policy preset(std::string_view name) {
  auto read = read_policy(name);
  EXPECT_TRUE(read) << read.error().text;
  return read.value_or(Policy{});
}

struct Course {
  std::vector<std::int64_t> retries_s;  ///< when each attempt was, in seconds after the first
  FailureDecision end;
};

/// A tool that answers nothing: each attempt follows as soon as the policy allows.
Course play(const Policy& policy, FailureKind kind = FailureKind::unreachable, std::size_t most = 20) {
  constexpr std::int64_t kStart = 1'772'409'600'000;
  Course course;
  Failures failures{0, kStart, kStart};
  while (course.retries_s.size() < most) {
    ++failures.count;
    course.end = after_failure(policy, kind, failures, 0);
    if (course.end.kind != Then::retry) break;
    failures.last_at_ms = course.end.at_ms;
    course.retries_s.push_back((failures.last_at_ms - kStart) / 1000);
  }
  return course;
}

TEST(Presets, AreTheFilesOfTheirFolder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(PTB_POLICY_PRESETS))
    files.push_back(entry.path().stem().string());
  std::sort(files.begin(), files.end());
  const auto names = preset_names();
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()), files);
  for (const auto name : names) {
    const Policy policy = preset(name);
    EXPECT_EQ(policy.name, name);
    EXPECT_EQ(policy.document, preset_document(name));
    EXPECT_NE(policy.document.find("<!-- "), std::string::npos) << "it says what it follows";
  }
  EXPECT_EQ(preset_document("none"), "");
}

TEST(Presets, BlackboardIsWhatHoldsWithoutAny) {
  for (const Policy& policy : {preset("blackboard"), default_policy()}) {
    const Policy none;
    EXPECT_EQ(policy.name, "blackboard");
    EXPECT_EQ(policy.acknowledged_by_2xx, none.acknowledged_by_2xx);
    EXPECT_EQ(policy.time_limit_ms, none.time_limit_ms);
    EXPECT_EQ(policy.refusal_is_failure, none.refusal_is_failure);
    EXPECT_EQ(policy.https_required, none.https_required);
    EXPECT_EQ(policy.order, none.order);
    EXPECT_TRUE(policy.groups.empty());
    EXPECT_EQ(policy.restart_first, none.restart_first);
    EXPECT_EQ(policy.settle, none.settle);
    EXPECT_EQ(policy.current_settings, none.current_settings);
    EXPECT_EQ(policy.after_failure, none.after_failure);
    EXPECT_TRUE(policy.retry.waits_ms.empty());
    EXPECT_EQ(policy.retry.first_ms, 0);
    EXPECT_TRUE(policy.parks_at_once.empty());
    EXPECT_EQ(policy.give_up.attempts, 0);
    EXPECT_EQ(policy.give_up.not_installed_ms, 0);
    EXPECT_EQ(policy.give_up.unavailable_ms, 0);
    EXPECT_EQ(policy.give_up.down_ms, 0);
    EXPECT_TRUE(policy.delays.empty());
    EXPECT_EQ(policy.poll_ms, 0);
    EXPECT_TRUE(policy.maintenance.empty());
    EXPECT_EQ(policy.receipts_ms, none.receipts_ms);
    EXPECT_EQ(policy.watch_waiting, 0);
    EXPECT_EQ(policy.watch_age_ms, 0);
  }
  const Policy policy = default_policy();
  EXPECT_EQ(policy.order, Policy::Order::tool) << "oldest first";
  EXPECT_TRUE(policy.restart_first) << "again at the first event";
  EXPECT_FALSE(policy.current_settings) << "settings as they were";
  EXPECT_EQ(play(policy).end.kind, Then::hold) << "an administrator, or contact, sets it going";
}

void expect_shuttle(const Policy& policy) {
  EXPECT_EQ(policy.order, Policy::Order::none);
  EXPECT_TRUE(policy.refusal_is_failure);
  EXPECT_FALSE(policy.current_settings);
  const Course failing = play(policy);
  EXPECT_EQ(failing.end.kind, Then::park) << "the error transport keeps it";
  EXPECT_EQ(failing.end.why, "attempts_used_up");
  const Course hopeless = play(policy, FailureKind::client_error);
  EXPECT_TRUE(hopeless.retries_s.empty());
  EXPECT_EQ(hopeless.end.why, "cannot_be_cured");
  for (const auto kind : {FailureKind::server_error, FailureKind::timed_out, FailureKind::refused})
    EXPECT_EQ(play(policy, kind).retries_s.size(), 4U);
}

TEST(Presets, Shuttle) {
  const Policy policy = preset("shuttle");
  expect_shuttle(policy);
  EXPECT_EQ(play(policy).retries_s, (std::vector<std::int64_t>{10, 10 + 30, 10 + 30 + 60, 10 + 30 + 60 + 60}));
}

TEST(Presets, ShuttleWithoutConfiguration) {
  const Policy policy = preset("shuttle-default");
  expect_shuttle(policy);
  EXPECT_EQ(play(policy).retries_s, (std::vector<std::int64_t>{30, 150, 450, 750}));
}

TEST(Presets, Oneio) {
  const Policy policy = preset("oneio");
  EXPECT_EQ(policy.order, Policy::Order::tool) << "behind earlier ones of the target";
  EXPECT_EQ(play(policy).end.kind, Then::hold) << "something new or an acknowledgement sets it going";
  EXPECT_EQ(policy.give_up.attempts, 0);
  EXPECT_EQ(policy.give_up.down_ms, 0);
  EXPECT_EQ(policy.poll_ms, 60'000);
  ASSERT_EQ(policy.delays.size(), 1U);
  EXPECT_EQ(policy.delays[0].until, Delay::Until::item);
  EXPECT_TRUE(policy.delays[0].kinds.contains(EventKind::content_deleted));
  EXPECT_FALSE(policy.delays[0].kinds.contains(EventKind::content_imported));
  EXPECT_EQ(policy.watch_waiting, 100);
  EXPECT_EQ(policy.watch_age_ms, 120'000);
  EXPECT_FALSE(policy.restart_first);
}

void expect_open_connectors(const Policy& policy) {
  EXPECT_EQ(policy.order, Policy::Order::none);
  EXPECT_TRUE(policy.acknowledged_by_2xx);
  const Course failing = play(policy);
  EXPECT_EQ(failing.end.kind, Then::suspend) << "the subscription is deactivated";
  EXPECT_EQ(failing.end.why, "attempts_used_up");
}

TEST(Presets, OpenConnectors) {
  const Policy policy = preset("open-connectors");
  expect_open_connectors(policy);
  // From the original failure, so these are no sums. The last one is 72.8 hours.
  EXPECT_EQ(play(policy).retries_s, (std::vector<std::int64_t>{4, 16, 64, 256, 1024, 4096, 16'384, 65'536, 262'144}));
}

TEST(Presets, OpenConnectorsNewerText) {
  const Policy policy = preset("open-connectors-2");
  expect_open_connectors(policy);
  EXPECT_EQ(play(policy).retries_s, (std::vector<std::int64_t>{8, 64, 512, 4096, 32'768}));
}

TEST(Presets, OpenConnectorsQueue) {
  const Policy policy = preset("open-connectors-queue");
  EXPECT_EQ(policy.order, Policy::Order::none);
  EXPECT_TRUE(policy.acknowledged_by_2xx);
  EXPECT_EQ(play(policy).end.kind, Then::queue);
}

TEST(Presets, Drillster) {
  const Policy policy = preset("drillster");
  EXPECT_TRUE(policy.acknowledged_by_2xx);
  EXPECT_EQ(policy.time_limit_ms, 30'000U);
  EXPECT_TRUE(policy.https_required);
  EXPECT_TRUE(policy.current_settings);
  EXPECT_FALSE(policy.restart_first);
  EXPECT_EQ(policy.settle, 1) << "only a lost acknowledgement is sent twice";
  EXPECT_EQ(policy.give_up.then, GiveUp::Then::discard);
  EXPECT_EQ(policy.give_up.attempts, 0);
  EXPECT_EQ(given_up_at(policy, ToolState::available, 1'000'000, 0), 1'000'000 + 7 * kDay) << "from capture";
  EXPECT_EQ(given_up_at(policy, ToolState::unavailable, 1'000'000, 0), 0);
}

TEST(Presets, DrillsterKeepsOrderInsideGroupsThatHoldEveryKind) {
  const Policy policy = preset("drillster");
  const auto group = [&](EventKind kind) {
    Event event;
    event.kind = kind;
    return lane_part(policy, event).name;
  };
  for (std::int64_t number = 1; number <= static_cast<std::int64_t>(EventKind::course_deleted); ++number)
    EXPECT_NE(group(*event_kind_from(number)), "other");
  EXPECT_EQ(group(EventKind::content_copied), group(EventKind::content_deleted));
  EXPECT_NE(group(EventKind::course_copied), group(EventKind::content_copied));
}

TEST(Presets, DrillsterBacksOffLessAndLessOften) {
  const Policy policy = preset("drillster");
  const Course week = play(policy, FailureKind::unreachable, 100);
  std::int64_t before = 0;
  std::int64_t longest = 0;
  for (const std::int64_t at : week.retries_s) {
    EXPECT_GE(at - before, longest) << "growing";
    longest = at - before;
    before = at;
  }
  EXPECT_EQ(week.retries_s.front(), 30);
  EXPECT_EQ(longest, 4 * 3600);
  EXPECT_EQ(policy.retry.jitter_percent, 10);
}

}  // namespace
}  // namespace ptb::test
