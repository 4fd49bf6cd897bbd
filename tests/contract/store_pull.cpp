// Pulling: nobody else has an event while its lease runs, and it comes back when that is over.
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

const std::string kAnn(32, 'a');
const std::string kBob(32, 'b');
constexpr std::int64_t kUntil = kNow + 60'000;

std::vector<std::int64_t> sequences(const Result<Lease>& lease) {
  std::vector<std::int64_t> found;
  EXPECT_TRUE(lease.has_value());
  if (lease.has_value())
    for (const auto& event : lease->events) found.push_back(event.place.sequence);
  return found;
}

}  // namespace

TEST_P(StoreContract, OnlyQueuedAndSuspendedLanesCanBePulledFrom) {
  install("quiz");
  capture_many(1, 2);
  EXPECT_THAT(sequences(store().take(locator("quiz"), 10, kAnn, kUntil, kNow)), IsEmpty());
  expect_ok(store().hold_lane(lane().id, LaneHold::held, "a person"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 10, kAnn, kUntil, kNow)), IsEmpty());
  expect_ok(store().hold_lane(lane().id, LaneHold::suspended, "three walks"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kAnn, kUntil, kNow)), ElementsAre(1));
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  reopen();
  EXPECT_EQ(lane().hold, LaneHold::queued);
  EXPECT_EQ(lane().hold_reason, "pull");
  EXPECT_THAT(sequences(store().take(locator("quiz"), 10, kAnn, kUntil, kNow)), ElementsAre(2));
  EXPECT_THAT(sequences(store().take(locator("wiki"), 10, kAnn, kUntil, kNow)), IsEmpty());
}

TEST_P(StoreContract, ALeaseOfBeforeTheClockWasPutBackIsOver) {
  install("quiz");
  capture_many(1, 2);
  expect_ok(store().hold_lane(lane().id, LaneHold::suspended, "three walks"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kAnn, kUntil, kNow)), ElementsAre(1));
  const std::int64_t a_year_ago = kNow - 365 * kDay;
  expect_ok(store().hold_lane(lane().id, LaneHold::none, ""));
  EXPECT_TRUE(store().block_of(lane().id, kNow)->has_value());
  EXPECT_FALSE(store().block_of(lane().id, a_year_ago)->has_value());
  EXPECT_TRUE(may_begin_in(lane().id, a_year_ago));
}

TEST_P(StoreContract, ATakenEventComesAsItWasCaptured) {
  install("quiz");
  CaptureItem one = item(1);
  one.settings = "6:system,5:color,1:1,";
  one.event.not_before_ms = kNow + 5;
  capture(one);
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  const auto lease = store().take(locator("quiz"), 10, kAnn, kUntil, kNow);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->token, kAnn);
  EXPECT_EQ(lease->until_ms, kUntil);
  ASSERT_EQ(lease->events.size(), 1u);
  EXPECT_EQ(lease->events[0].settings, one.settings);
  EXPECT_EQ(lease->events[0].event.arguments, one.event.arguments);
  EXPECT_EQ(lease->events[0].event.not_before_ms, kNow + 5);
  EXPECT_EQ(lease->events[0].state, EventState::pending);
}

TEST_P(StoreContract, TwoPullersNeverHoldOneEvent) {
  install("quiz");
  capture_many(1, 5);
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 2, kAnn, kUntil, kNow)), ElementsAre(1, 2));
  reopen();
  EXPECT_THAT(sequences(store().take(locator("quiz"), 2, kBob, kUntil, kNow)), ElementsAre(3, 4));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 9, kAnn, kUntil, kNow)), ElementsAre(5));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 9, kBob, kUntil, kNow)), IsEmpty());
  expect_status(store().end_lease(id(1), kBob, true, kNow), Status::refused);
  expect_ok(store().end_lease(id(1), kAnn, true, kNow + 7));
  expect_status(store().end_lease(id(1), kAnn, true, kNow + 8), Status::refused);
  EXPECT_EQ(found(1).state, EventState::delivered);
  EXPECT_EQ(found(1).settled_at_ms, kNow + 7);
  EXPECT_EQ(found(1).reason, "");
  EXPECT_EQ(lane().waiting, 4);
  expect_ok(store().end_lease(id(4), kBob, false, kNow));
  EXPECT_EQ(found(4).state, EventState::pending);
  EXPECT_THAT(sequences(store().take(locator("quiz"), 9, kAnn, kUntil, kNow)), ElementsAre(4));
  expect_status(store().end_lease(id(99), kAnn, true, kNow), Status::refused);
}

TEST_P(StoreContract, AnOverLeaseGivesTheEventBack) {
  install("quiz");
  capture_many(1, 2);
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kAnn, kUntil, kNow)), ElementsAre(1));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 9, kBob, kUntil + 1, kUntil - 1)), ElementsAre(2));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 9, kBob, kUntil + 9, kUntil)), ElementsAre(1));
  expect_status(store().end_lease(id(1), kAnn, true, kUntil), Status::refused);
  expect_status(store().end_lease(id(2), kBob, true, kUntil + 1), Status::refused);
  EXPECT_EQ(found(1).state, EventState::pending);
  EXPECT_EQ(found(2).state, EventState::pending);
  expect_ok(store().end_lease(id(1), kBob, true, kUntil + 8));
}

TEST_P(StoreContract, ALaneIsNotWalkedWhileAnEventOfItIsInAPullersHands) {
  install("quiz");
  capture_many(1, 3);
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kAnn, kUntil, kNow)), ElementsAre(1));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kBob, kUntil + 5, kNow)), ElementsAre(2));
  EXPECT_TRUE(store().save_tool(locator("quiz"), ToolState::available, kNow)->empty());
  EXPECT_EQ(lane().hold, LaneHold::none) << "the queue is lifted all the same";
  EXPECT_FALSE(may_begin());
  reopen();
  const auto block = store().block_of(lane().id, kNow).value();
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->lane, 0);
  EXPECT_EQ(block->until_ms, kUntil + 5);
  expect_ok(store().end_lease(id(2), kBob, false, kNow));
  EXPECT_EQ(store().block_of(lane().id, kNow).value()->until_ms, kUntil);
  EXPECT_FALSE(store().begin_walk(lane().id, kUntil - 1).value().has_value());
  EXPECT_FALSE(store().block_of(lane().id, kUntil).value().has_value());
  EXPECT_EQ(begin("quiz", kUntil).waiting, 3);
}

TEST_P(StoreContract, AnEventThatIsSettledElsewhereLeavesItsLease) {
  install("quiz");
  capture_many(1, 2);
  expect_ok(store().hold_lane(lane().id, LaneHold::queued, "pull"));
  EXPECT_THAT(sequences(store().take(locator("quiz"), 1, kAnn, kUntil, kNow)), ElementsAre(1));
  expect_ok(store().settle({lane().id, 1}, EventState::discarded, "by_person", "", kNow));
  expect_status(store().end_lease(id(1), kAnn, true, kNow), Status::refused);
  expect_ok(store().hold_lane(lane().id, LaneHold::none, ""));
  EXPECT_TRUE(may_begin());
}

TEST_P(StoreContract, ASuspendedToolIsPulledFromInAllItsLanes) {
  install("quiz");
  capture({split(item(1), "course", "a"), split(item(2), "course", "b"), split(item(3), "course", "c"),
           split(item(4), "course", "d")});
  expect_ok(store().hold_lane(lane_of(3), LaneHold::held, "a person"));
  const Walk walk = begin_in(lane_of(1));
  const Walk other = begin_in(lane_of(4));
  WalkEnd how;
  how.reached = 1;
  how.stopped_by = 1;
  how.error = "used up";
  how.suspend_tool = true;
  end(walk, how);
  const auto lease = store().take(locator("quiz"), 10, kAnn, kUntil, kNow);
  ASSERT_TRUE(lease.has_value());
  ASSERT_EQ(lease->events.size(), 2u) << "neither the held lane's nor what a walk is sending";
  EXPECT_EQ(lease->events[0].event.id, id(1));
  EXPECT_EQ(lease->events[1].event.id, id(2));
  complete(other);
}

TEST_P(StoreContract, APullerIsGivenNothingOutOfTurn) {
  install("quiz");
  capture(item(1));
  capture({split(item(2), "course", "b", "a"), split(item(3), "course", "a")});
  for (const int number : {1, 2, 3}) expect_ok(store().hold_lane(lane_of(number), LaneHold::queued, "pull"));
  for (const int number : {1, 2, 3}) {
    const auto lease = store().take(locator("quiz"), 10, kAnn, kUntil, kNow);
    ASSERT_TRUE(lease.has_value());
    ASSERT_EQ(lease->events.size(), 1u);
    EXPECT_EQ(lease->events[0].event.id, id(number));
    EXPECT_TRUE(store().take(locator("quiz"), 10, kBob, kUntil, kNow)->events.empty());
    expect_ok(store().end_lease(id(number), kAnn, true, kNow));
  }
}

TEST_P(StoreContract, ALeaseWantsATokenAndAnEnd) {
  install("quiz");
  expect_status(store().take(locator("quiz"), 0, kAnn, kUntil, kNow), Status::argument);
  expect_status(store().take(locator("quiz"), 1, "short", kUntil, kNow), Status::argument);
  expect_status(store().take(locator("quiz"), 1, kAnn, kNow, kNow), Status::argument);
}

}  // namespace ptb::test
