// Maintenance windows, waits that stand still meanwhile, retry waits and ages.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "core/policy.h"

namespace ptb::test {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kWeek = 7 * kDay;
// 2026-03-02, a Monday.
constexpr std::int64_t kMonday = 1'772'409'600'000;

/// The n-th day after Monday.
constexpr std::int64_t at(int day, int hour, int minute = 0) {
  return kMonday + day * kDay + hour * kHour + minute * kMinute;
}

MaintenanceWindow window(std::initializer_list<int> days, int from, int to) {
  MaintenanceWindow made;
  for (const int day : days) made.days.at(static_cast<std::size_t>(day)) = true;
  made.from = from;
  made.to = to;
  return made;
}

Policy with(std::vector<MaintenanceWindow> windows) {
  Policy policy;
  policy.maintenance = std::move(windows);
  return policy;
}

/// 0: open.
std::int64_t ends(const Policy& policy, std::int64_t now_ms) {
  std::int64_t ends_at_ms = -1;
  return in_maintenance(policy, now_ms, ends_at_ms) ? ends_at_ms : 0;
}

TEST(Maintenance, WithoutWindowsThereIsNone) {
  std::int64_t untouched = 7;
  EXPECT_FALSE(in_maintenance(Policy{}, at(0, 0), untouched));
  EXPECT_EQ(untouched, 7);
  EXPECT_EQ(after_wait(Policy{}, at(0, 0), 5), at(0, 0) + 5);
}

TEST(Maintenance, WithinADay) {
  const Policy policy = with({window({1}, 60, 180)});
  EXPECT_EQ(ends(policy, at(1, 1) - 1), 0);
  EXPECT_EQ(ends(policy, at(1, 1)), at(1, 3));
  EXPECT_EQ(ends(policy, at(1, 3) - 1), at(1, 3));
  EXPECT_EQ(ends(policy, at(1, 3)), 0);
  EXPECT_EQ(ends(policy, at(2, 2)), 0);
  EXPECT_EQ(ends(policy, at(1, 2) - 3000 * kWeek), at(1, 3) - 3000 * kWeek) << "before the epoch too";
}

TEST(Maintenance, OverMidnightAndOverTheWeek) {
  const Policy policy = with({window({0, 6}, 22 * 60, 4 * 60)});
  EXPECT_EQ(ends(policy, at(0, 21, 59)), 0);
  EXPECT_EQ(ends(policy, at(0, 23)), at(1, 4));
  EXPECT_EQ(ends(policy, at(1, 3)), at(1, 4));
  EXPECT_EQ(ends(policy, at(6, 23)), at(7, 4));
  EXPECT_EQ(ends(policy, at(0, 2)), at(0, 4)) << "what began on Sunday";
}

TEST(Maintenance, ToTheSameMinuteIsAWholeDay) {
  EXPECT_EQ(ends(with({window({2}, 60, 60)}), at(3, 0, 59)), at(3, 1));
  EXPECT_EQ(ends(with({window({2}, 0, 24 * 60)}), at(2, 0)), at(3, 0));
}

TEST(Maintenance, WindowsThatTouchOrOverlapEndTogether) {
  const Policy policy =
      with({window({0}, 60, 120), window({0}, 120, 180), window({0}, 150, 240), window({0}, 300, 360)});
  EXPECT_EQ(ends(policy, at(0, 1, 30)), at(0, 4));
  EXPECT_EQ(ends(policy, at(0, 5)), at(0, 6));
  const Policy inner = with({window({0}, 60, 600), window({0}, 120, 180)});
  EXPECT_EQ(ends(inner, at(0, 2)), at(0, 10)) << "one inside another does not shorten it";
  const Policy weekend = with({window({5, 6}, 0, 0), window({0}, 0, 60)});
  EXPECT_EQ(ends(weekend, at(5, 12)), at(7, 1));
}

TEST(Maintenance, ACoveredWeekIsSaidToEndInAWeek) {
  const Policy policy = with({window({0, 1, 2, 3, 4, 5, 6}, 0, 0)});
  EXPECT_EQ(ends(policy, at(3, 5)), at(3, 5) + kWeek);
  EXPECT_EQ(after_wait(policy, at(3, 5), kHour), at(3, 6)) << "and a wait ends all the same";
}

TEST(Waits, StandStillInMaintenance) {
  const Policy policy = with({window({0, 1, 2, 3, 4, 5, 6}, 22 * 60, 4 * 60)});
  EXPECT_EQ(after_wait(policy, at(0, 12), kHour), at(0, 13));
  EXPECT_EQ(after_wait(policy, at(0, 21), kHour), at(0, 22)) << "it ends when they close";
  EXPECT_EQ(after_wait(policy, at(0, 21), 2 * kHour), at(1, 5));
  EXPECT_EQ(after_wait(policy, at(0, 23), kHour), at(1, 5)) << "begun while they are closed";
  EXPECT_EQ(after_wait(policy, at(0, 12), 18 * kHour), at(1, 12));
  EXPECT_EQ(after_wait(policy, at(0, 12), 70LL * 18 * kHour), at(70, 12));
  EXPECT_EQ(after_wait(policy, at(0, 23), 0), at(0, 23));
  EXPECT_EQ(after_wait(policy, at(0, 23), -5), at(0, 23));
}

TEST(Waits, AreExactWithOneMinuteAWeek) {
  const Policy policy = with({window({0, 1, 2, 3, 4, 5}, 0, 0), window({6}, 1, 0)});
  EXPECT_EQ(after_wait(policy, at(0, 0), kMinute), at(6, 0, 1));
  EXPECT_EQ(after_wait(policy, at(0, 0), 3 * kMinute), at(20, 0, 1));
  EXPECT_EQ(after_wait(policy, at(0, 0), 3 * kMinute + 1), at(27, 0) + 1);
}

TEST(Waits, NeverOverflow) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Policy tight = with({window({0, 1, 2, 3, 4, 5}, 0, 0), window({6}, 1, 0)});
  for (const Policy& policy : {Policy{}, tight})
    for (const std::int64_t from : {std::int64_t{0}, at(3, 3), kMost - 1, kMost})
      for (const std::int64_t wait : {std::int64_t{1}, kWeek, kMost / 2, kMost})
        EXPECT_GE(after_wait(policy, from, wait), from);
}

/// The same, minute by minute.
std::int64_t counted(const Policy& policy, std::int64_t from, std::int64_t minutes) {
  std::int64_t now = from;
  for (std::int64_t ignored = 0; minutes > 0; now += kMinute)
    if (!in_maintenance(policy, now, ignored)) --minutes;
  return now;
}

RC_GTEST_PROP(Waits, AreThoseOfAStopwatch, ()) {
  Policy policy;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    MaintenanceWindow made = window({}, *rc::gen::inRange(0, 1440), *rc::gen::inRange(0, 1441));
    for (auto& day : made.days) day = *rc::gen::arbitrary<bool>();
    policy.maintenance.push_back(made);
  }
  if (ends(policy, kMonday) == kMonday + kWeek) return;
  const std::int64_t from = kMonday + *rc::gen::inRange(0, 7 * 1440) * kMinute;
  const int minutes = *rc::gen::inRange(0, 3000);
  RC_ASSERT(after_wait(policy, from, minutes * kMinute) == counted(policy, from, minutes));
}

TEST(RetryWaits, OfAList) {
  RetrySchedule schedule;
  schedule.waits_ms = {10'000, 30'000, 60'000};
  EXPECT_EQ(retry_wait_ms(schedule, 0), 10'000);
  EXPECT_EQ(retry_wait_ms(schedule, 1), 10'000);
  EXPECT_EQ(retry_wait_ms(schedule, 2), 30'000);
  EXPECT_EQ(retry_wait_ms(schedule, 3), 60'000);
  EXPECT_EQ(retry_wait_ms(schedule, 4), 60'000);
  EXPECT_EQ(retry_wait_ms(schedule, std::numeric_limits<std::int64_t>::max()), 60'000);
}

TEST(RetryWaits, GrowAndAreCapped) {
  RetrySchedule schedule;
  schedule.first_ms = 4000;
  schedule.factor = 4;
  std::int64_t wait = 4000;
  for (int n = 1; n <= 9; ++n, wait *= 4) EXPECT_EQ(retry_wait_ms(schedule, n), wait) << n;
  EXPECT_EQ(retry_wait_ms(schedule, 400), 3650 * kDay) << "ten years, without a cap";
  EXPECT_EQ(retry_wait_ms(schedule, std::numeric_limits<std::int64_t>::max()), 3650 * kDay);
  schedule.at_most_ms = 100'000;
  EXPECT_EQ(retry_wait_ms(schedule, 3), 64'000);
  EXPECT_EQ(retry_wait_ms(schedule, 4), 100'000);
  schedule.factor = 1.5;
  EXPECT_EQ(retry_wait_ms(schedule, 3), 9000);
  schedule.factor = 1;
  EXPECT_EQ(retry_wait_ms(schedule, 1'000'000), 4000);
  schedule.factor = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(retry_wait_ms(schedule, 2), 100'000);
}

TEST(RetryWaits, WithoutAScheduleThereIsNone) { EXPECT_EQ(retry_wait_ms(RetrySchedule{}, 3), 0); }

TEST(Ages, AreThoseOfTheToolsCondition) {
  Policy policy;
  EXPECT_EQ(given_up_at(policy, std::nullopt, at(0, 0), 0), 0);
  policy.give_up.not_installed_ms = kHour;
  policy.give_up.unavailable_ms = 2 * kHour;
  policy.give_up.down_ms = 3 * kHour;
  EXPECT_EQ(given_up_at(policy, std::nullopt, at(0, 0), 0), at(0, 1));
  EXPECT_EQ(given_up_at(policy, ToolState::inactive, at(0, 0), 0), at(0, 2));
  EXPECT_EQ(given_up_at(policy, ToolState::unavailable, at(0, 0), 0), at(0, 2));
  EXPECT_EQ(given_up_at(policy, ToolState::available, at(0, 0), 0), at(0, 3));
}

TEST(Ages, CountFromWhatCameLater) {
  Policy policy;
  policy.give_up.down_ms = kHour;
  EXPECT_EQ(given_up_at(policy, ToolState::available, at(0, 0), at(2, 0)), at(2, 1))
      << "time before that uses nothing up";
  EXPECT_EQ(given_up_at(policy, ToolState::available, at(2, 0), at(0, 0)), at(2, 1));
  policy.maintenance = {window({2}, 30, 90)};
  EXPECT_EQ(given_up_at(policy, ToolState::available, at(2, 0), at(0, 0)), at(2, 2));
}

}  // namespace
}  // namespace ptb::test
