// When an event may go out under its policy: the host's word, maintenance, and delays in their order.
#include <gtest/gtest.h>

#include "core/policy.h"

namespace ptb::test {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kNoon = 1'772'625'600'000;  // 2026-03-04T12:00Z

class Gates : public ::testing::Test {
 protected:
  Gate gate(const Event& event, std::int64_t now_ms, const std::string& settings = "") {
    return gate_of(policy_, event, settings, now_ms, [this](const Delay& delay) {
      asked_.push_back(delay.key);
      return known_;
    });
  }
  static Event item_event(const Pairs& arguments = {}) {
    Event event;
    event.kind = EventKind::content_deleted;
    event.course_id = "c1";
    event.content_id = "i1";
    event.arguments = encode_pairs(arguments);
    event.captured_at_ms = kNoon;
    return event;
  }
  void delay(Delay::Until until, std::int64_t wait_ms = 0, Scope scope = {}, const std::string& key = "") {
    Delay one{until, {}, wait_ms, scope, key};
    one.kinds.insert(EventKind::content_deleted);
    policy_.delays.push_back(one);
  }

  Policy policy_;
  bool known_ = false;
  std::vector<std::string> asked_;
};

TEST_F(Gates, AreOpenByDefault) { EXPECT_TRUE(gate(item_event(), 0).open); }

TEST_F(Gates, TheHostMayWantItLater) {
  Event event = item_event();
  event.not_before_ms = kNoon;
  const Gate closed = gate(event, kNoon - 1);
  EXPECT_FALSE(closed.open);
  EXPECT_EQ(closed.deferral, Deferral::delayed);
  EXPECT_EQ(closed.at_ms, kNoon);
  EXPECT_EQ(closed.waits_for, "2026-03-04T12:00:00.000Z");
  EXPECT_TRUE(gate(event, kNoon).open);
}

TEST_F(Gates, ATimeOfBeforeTheClockWasPutBackKeepsNothingWaiting) {
  delay(Delay::Until::time, 300 * kSecond);
  Event event = item_event();
  event.not_before_ms = kNoon + kSecond;
  const std::int64_t a_year_ago = kNoon - 365 * 24 * kHour;
  EXPECT_TRUE(gate(event, a_year_ago).open);
  EXPECT_FALSE(gate(event, kNoon - kHour).open) << "a small correction of the clock changes nothing";
  EXPECT_TRUE(gate(event, kNoon + 365 * 24 * kHour).open);
}

TEST_F(Gates, MaintenanceClosesThem) {
  MaintenanceWindow window;
  window.days.fill(true);
  window.from = 12 * 60;
  window.to = 13 * 60;
  policy_.maintenance = {window};
  const Gate closed = gate(item_event(), kNoon);
  EXPECT_EQ(closed.deferral, Deferral::maintenance);
  EXPECT_EQ(closed.at_ms, kNoon + kHour);
  EXPECT_EQ(closed.waits_for, "the end of maintenance at 2026-03-04T13:00:00.000Z");
  EXPECT_TRUE(gate(item_event(), kNoon + kHour).open);
  Event later = item_event();
  later.not_before_ms = kNoon + 2 * kHour;
  EXPECT_EQ(gate(later, kNoon).at_ms, kNoon + 2 * kHour) << "the host's word is asked first";
}

TEST_F(Gates, ATimeDelayCountsFromCapture) {
  delay(Delay::Until::time, 90 * kSecond);
  EXPECT_EQ(gate(item_event(), kNoon).at_ms, kNoon + 90 * kSecond);
  EXPECT_TRUE(gate(item_event(), kNoon + 90 * kSecond).open);
  policy_.poll_ms = 60 * kSecond;
  EXPECT_EQ(gate(item_event(), kNoon).at_ms, kNoon + 120 * kSecond);
  policy_.delays[0].wait_ms = 120 * kSecond;
  EXPECT_EQ(gate(item_event(), kNoon).at_ms, kNoon + 120 * kSecond) << "a time that is polled is not put off";
}

TEST_F(Gates, ATimeDelayStandsStillInMaintenance) {
  delay(Delay::Until::time, kHour);
  MaintenanceWindow window;
  window.days.fill(true);
  window.from = 12 * 60 + 30;
  window.to = 13 * 60;
  policy_.maintenance = {window};
  EXPECT_EQ(gate(item_event(), kNoon).at_ms, kNoon + kHour + kHour / 2);
}

TEST_F(Gates, ASettingThatIsNotKnownYet) {
  delay(Delay::Until::setting, 0, Scope::course, "licence");
  const Gate closed = gate(item_event(), kNoon, encode_settings({{Scope::system, "licence", "x"}}));
  EXPECT_FALSE(closed.open);
  EXPECT_EQ(closed.at_ms, 0);
  EXPECT_EQ(closed.waits_for, "the setting licence at course scope");
  EXPECT_EQ(asked_, std::vector<std::string>{"licence"});
  EXPECT_TRUE(gate(item_event(), kNoon, encode_settings({{Scope::course, "licence", ""}})).open);
  known_ = true;
  EXPECT_TRUE(gate(item_event(), kNoon).open);
}

TEST_F(Gates, ASettingOfACourseOrItemThatTheEventDoesNotHave) {
  delay(Delay::Until::setting, 0, Scope::content, "licence");
  Event event = item_event();
  EXPECT_FALSE(gate(event, kNoon).open);
  event.content_id.clear();
  EXPECT_TRUE(gate(event, kNoon).open);
  policy_.delays[0].scope = Scope::course;
  EXPECT_FALSE(gate(event, kNoon).open);
  event.course_id.clear();
  EXPECT_TRUE(gate(event, kNoon).open);
  policy_.delays[0].scope = Scope::system;
  EXPECT_FALSE(gate(event, kNoon).open);
}

TEST_F(Gates, TheToolsOwnIdOfAnItem) {
  delay(Delay::Until::item);
  EXPECT_EQ(gate(item_event(), kNoon).waits_for, "the tool's own id of item i1");
  EXPECT_FALSE(gate(item_event({{"external_content_id", ""}}), kNoon).open);
  EXPECT_TRUE(gate(item_event({{"external_content_id", "e1"}}), kNoon).open);
  Event itemless = item_event();
  itemless.content_id.clear();
  EXPECT_TRUE(gate(itemless, kNoon).open);
  known_ = true;
  EXPECT_TRUE(gate(item_event(), kNoon).open);
}

TEST_F(Gates, OtherKindsAreNotDelayed) {
  delay(Delay::Until::item);
  Event event = item_event();
  event.kind = EventKind::content_copied;
  EXPECT_TRUE(gate(event, kNoon).open);
}

TEST_F(Gates, TheFirstDelayThatHoldsDecides) {
  delay(Delay::Until::time, kHour);
  delay(Delay::Until::setting, 0, Scope::course, "licence");
  delay(Delay::Until::item);
  EXPECT_EQ(gate(item_event(), kNoon).at_ms, kNoon + kHour);
  EXPECT_TRUE(asked_.empty());
  // Its time over, it meets the next delay, and has no time any more.
  const Gate next = gate(item_event(), kNoon + kHour);
  EXPECT_EQ(next.at_ms, 0);
  EXPECT_EQ(next.waits_for, "the setting licence at course scope");
  EXPECT_EQ(gate(item_event(), kNoon + kHour, encode_settings({{Scope::course, "licence", "x"}})).waits_for,
            "the tool's own id of item i1");
}

}  // namespace
}  // namespace ptb::test
