// Walks: the batch, the mark, what a stop leaves behind.
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreContract, AWalkCoversWhatWaitsWhenItBegins) {
  install("quiz");
  capture_many(1, 3);
  const Walk walk = begin();
  EXPECT_EQ(walk.ordinal, 1);
  EXPECT_EQ(walk.first, 1);
  EXPECT_EQ(walk.last, 3);
  EXPECT_EQ(walk.waiting, 3);
  EXPECT_EQ(walk.previously_reached, 0);
  capture(item(4));
  EXPECT_EQ(lane().mark, 0);
  complete(walk);
  EXPECT_EQ(lane().mark, 3);
  EXPECT_EQ(lane().waiting, 1);
  EXPECT_THAT(waiting(), ElementsAre(4));
  const Walk next = begin();
  EXPECT_EQ(next.ordinal, 2);
  EXPECT_EQ(next.first, 4);
  EXPECT_EQ(next.last, 4);
  EXPECT_EQ(next.waiting, 1);
}

TEST_P(StoreContract, TheMarkMakesEventsDeliveredAtTheEndOfTheirWalk) {
  install("quiz");
  deliver(1, 2, kNow + 500);
  deliver(3, 2, kNow + 900);
  reopen();
  EXPECT_EQ(found(2).state, EventState::delivered);
  EXPECT_EQ(found(2).settled_at_ms, kNow + 500);
  EXPECT_EQ(found(3).state, EventState::delivered);
  EXPECT_EQ(found(3).settled_at_ms, kNow + 900);
  EXPECT_EQ(lane().mark, 4);
  EXPECT_EQ(lane().waiting, 0);
  EXPECT_TRUE(lane().last_walk.completed);
  EXPECT_EQ(lane().last_walk.ended_at_ms, kNow + 900);
}

TEST_P(StoreContract, AStoppedWalkMovesNothingAndIsRemembered) {
  install("quiz");
  capture_many(1, 4);
  stop(begin(), 3);
  reopen();
  const Lane after = lane();
  EXPECT_EQ(after.mark, 0);
  EXPECT_EQ(after.waiting, 4);
  EXPECT_EQ(after.last_walk.ordinal, 1);
  EXPECT_EQ(after.last_walk.first, 1);
  EXPECT_EQ(after.last_walk.last, 4);
  EXPECT_EQ(after.last_walk.reached, 3);
  EXPECT_EQ(after.last_walk.stopped_by, 3);
  EXPECT_FALSE(after.last_walk.completed);
  EXPECT_EQ(after.last_walk.error, "connection refused");
  EXPECT_EQ(after.last_walk.started_at_ms, kNow);
  EXPECT_EQ(after.last_walk.ended_at_ms, kNow + 1000);
  EXPECT_EQ(found(1).state, EventState::pending);
  EXPECT_THAT(waiting(), ElementsAre(1, 2, 3, 4));
}

TEST_P(StoreContract, PreviouslyReachedIsTheFurthestOfTheWalksSinceTheMarkMoved) {
  install("quiz");
  capture_many(1, 5);
  stop(begin(), 4);
  const Walk second = begin();
  EXPECT_EQ(second.previously_reached, 4);
  stop(second, 2);
  reopen();
  const Walk third = begin();
  EXPECT_EQ(third.previously_reached, 4);
  complete(third);
  capture(item(6));
  EXPECT_EQ(begin().previously_reached, 0);
}

TEST_P(StoreContract, AWalkCutOffByACrashMayHaveSentAllOfItsBatch) {
  install("quiz");
  capture_many(1, 5);
  begin();
  capture(item(6));
  reopen();
  EXPECT_EQ(lane().last_walk.ended_at_ms, 0);
  const Walk again = begin();
  EXPECT_EQ(again.ordinal, 2);
  EXPECT_EQ(again.first, 1);
  EXPECT_EQ(again.last, 6);
  EXPECT_EQ(again.previously_reached, 5);
  stop(again, 1);
  reopen();
  EXPECT_EQ(begin().previously_reached, 5);
}

TEST_P(StoreContract, OnlyTheWalkUnderWayCanEnd) {
  install("quiz");
  capture_many(1, 3);
  const Walk first = begin();
  const Walk second = begin();
  EXPECT_EQ(second.ordinal, 2);
  WalkEnd how;
  how.reached = 3;
  how.completed = true;
  std::vector<StoredEvent> dropped;
  expect_status(store().end_walk(first, how, kNow, dropped), Status::state);
  EXPECT_EQ(lane().mark, 0);
  complete(second);
  expect_status(store().end_walk(second, how, kNow, dropped), Status::state);
  EXPECT_EQ(lane().mark, 3);
}

TEST_P(StoreContract, AnImpossibleEndOfAWalkIsRefused) {
  install("quiz");
  capture_many(1, 3);
  const Walk walk = begin();
  std::vector<StoredEvent> dropped;
  WalkEnd how;
  how.reached = 4;
  expect_status(store().end_walk(walk, how, kNow, dropped), Status::argument);
  how.reached = 3;
  how.completed = true;
  how.stopped_by = 2;
  expect_status(store().end_walk(walk, how, kNow, dropped), Status::argument);
  complete(walk);
}

TEST_P(StoreContract, SettledEventsAreSkippedAndKeepTheirState) {
  install("quiz");
  capture_many(1, 5);
  const Walk walk = begin();
  const std::int64_t in = walk.lane;
  expect_ok(store().settle({in, 2}, EventState::refused, "refused", "ERROR", kNow + 1));
  expect_ok(store().settle({in, 3}, EventState::parked, "by_hand", "", kNow + 2));
  expect_ok(store().settle({in, 4}, EventState::discarded, "no_handler", "", kNow + 3));
  EXPECT_EQ(lane().waiting, 2);
  EXPECT_THAT(waiting(), ElementsAre(1, 5));
  reopen();
  EXPECT_EQ(lane().waiting, 2);
  EXPECT_THAT(waiting(), ElementsAre(1, 5));
  const Walk again = begin();
  EXPECT_EQ(again.waiting, 2);
  complete(again);
  EXPECT_EQ(lane().waiting, 0);
  EXPECT_EQ(found(1).state, EventState::delivered);
  EXPECT_EQ(found(2).state, EventState::refused);
  EXPECT_EQ(found(2).answer, "ERROR");
  EXPECT_EQ(found(2).settled_at_ms, kNow + 1);
  EXPECT_EQ(found(3).state, EventState::parked);
  EXPECT_EQ(found(4).state, EventState::discarded);
  EXPECT_EQ(found(4).reason, "no_handler");
}

TEST_P(StoreContract, DeliveredAndDiscardedAreFinal) {
  install("quiz");
  deliver(1, 1);
  capture_many(2, 2);
  const std::int64_t in = lane().id;
  expect_status(store().settle({in, 1}, EventState::parked, "by_hand", "", kNow), Status::refused);
  EXPECT_EQ(found(1).state, EventState::delivered);
  expect_ok(store().settle({in, 2}, EventState::delivered, "", "SUCCESS", kNow));
  expect_status(store().settle({in, 2}, EventState::refused, "refused", "", kNow), Status::refused);
  expect_ok(store().settle({in, 3}, EventState::refused, "refused", "ERROR", kNow));
  expect_ok(store().settle({in, 3}, EventState::delivered, "", "SUCCESS", kNow + 5));
  EXPECT_EQ(found(3).state, EventState::delivered);
  EXPECT_EQ(found(3).settled_at_ms, kNow + 5);
  EXPECT_EQ(lane().waiting, 0);
  expect_status(store().settle({in, 3}, EventState::pending, "", "", kNow), Status::argument);
  expect_status(store().settle({in, 99}, EventState::parked, "x", "", kNow), Status::not_found);
  expect_status(store().settle({99, 1}, EventState::parked, "x", "", kNow), Status::not_found);
}

TEST_P(StoreContract, EventsThatNeverWaitEndWithTheWalkTheyWereIn) {
  install("quiz");
  capture({item(1), item(2, "quiz", EventKind::course_deleted), item(3), item(4, "quiz", EventKind::course_deleted)});
  const Walk walk = begin();
  capture(item(5, "quiz", EventKind::course_deleted));
  const auto dropped = stop(walk, 3);
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].event.id, id(4));
  EXPECT_EQ(dropped[0].state, EventState::discarded);
  EXPECT_EQ(dropped[0].reason, "not_responding");
  reopen();
  EXPECT_EQ(found(2).state, EventState::delivered) << "it was answered before the walk stopped";
  EXPECT_EQ(found(4).state, EventState::discarded);
  EXPECT_EQ(found(4).settled_at_ms, kNow + 1000);
  EXPECT_EQ(found(5).state, EventState::pending) << "it came after the batch";
  EXPECT_THAT(waiting(), ElementsAre(1, 3, 5));
  EXPECT_EQ(lane().waiting, 3);
}

TEST_P(StoreContract, AWalkStoppedByThisSideDropsNothing) {
  install("quiz");
  capture({item(1), item(2, "quiz", EventKind::course_deleted)});
  WalkEnd how;
  how.reached = 1;
  how.error = "closing";
  EXPECT_THAT(end(begin(), how), IsEmpty());
  EXPECT_THAT(waiting(), ElementsAre(1, 2));
}

TEST_P(StoreContract, StopsByOneEventThatGotPastOthersAreCounted) {
  install("quiz");
  capture_many(1, 4);
  stop(begin(), 3);
  EXPECT_EQ(lane().stopping_sequence, 3);
  EXPECT_EQ(lane().stopping_count, 1);
  stop(begin(), 3);
  reopen();
  EXPECT_EQ(lane().stopping_count, 2);
  stop(begin(), 4);
  EXPECT_EQ(lane().stopping_sequence, 4);
  EXPECT_EQ(lane().stopping_count, 1);
  stop(begin(), 1);
  EXPECT_EQ(lane().stopping_sequence, 0) << "a tool that is down stops at the first";
  EXPECT_EQ(lane().stopping_count, 0);
  stop(begin(), 3);
  complete(begin());
  EXPECT_EQ(lane().stopping_count, 0);
}

TEST_P(StoreContract, AStopMaySuspendTheLane) {
  install("quiz");
  capture_many(1, 2);
  WalkEnd how;
  how.reached = 2;
  how.stopped_by = 2;
  how.error = "stopped three walks";
  how.hold = LaneHold::suspended;
  end(begin(), how);
  reopen();
  EXPECT_EQ(lane().hold, LaneHold::suspended);
  EXPECT_EQ(lane().hold_reason, "stopped three walks");
  EXPECT_FALSE(may_begin());
  EXPECT_EQ(capture(item(3)).deferral, Deferral::suspended);
}

TEST_P(StoreContract, WhatForbidsAWalk) {
  install("quiz", ToolState::inactive);
  capture_many(1, 1);
  EXPECT_FALSE(may_begin());
  expect_ok(store().save_tool(locator("quiz"), ToolState::unavailable, kNow));
  EXPECT_FALSE(may_begin());
  install("quiz");
  expect_ok(store().hold_lane(lane().id, LaneHold::held, "a person"));
  EXPECT_FALSE(may_begin());
  expect_ok(store().hold_lane(lane().id, LaneHold::none, ""));
  complete(begin());
  EXPECT_FALSE(may_begin()) << "nothing waits";
  expect_status(store().begin_walk(99, kNow), Status::not_found);
}

TEST_P(StoreContract, ManyStoppedWalksLeaveTheLaneAsItIs) {
  install("quiz");
  capture_many(1, 3);
  for (int turn = 0; turn < 60; ++turn) stop(begin(), 2);
  reopen();
  EXPECT_EQ(lane().last_walk.ordinal, 60);
  EXPECT_EQ(lane().stopping_count, 60);
  const Walk walk = begin();
  EXPECT_EQ(walk.ordinal, 61);
  EXPECT_EQ(walk.previously_reached, 2);
}

}  // namespace ptb::test
