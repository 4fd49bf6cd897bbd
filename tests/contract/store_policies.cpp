// What policies need besides lanes: marks that move within a walk, failures counted event by event, suspended tools,
// values that are known, and the record of what people did.
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreContract, ABatchMayEndBeforeItsLastEvent) {
  install("quiz");
  capture_many(1, 5);
  stop(begin(), 4);
  WalkEnd how;
  how.reached = 3;
  how.completed = true;
  how.through = 3;
  end(begin(), how, kNow + 700);
  reopen();
  EXPECT_EQ(lane().mark, 3);
  EXPECT_EQ(lane().waiting, 2);
  EXPECT_EQ(lane().last_walk.last, 3);
  EXPECT_TRUE(lane().last_walk.completed);
  EXPECT_EQ(found(3).state, EventState::delivered);
  EXPECT_EQ(found(3).settled_at_ms, kNow + 700);
  const Walk next = begin();
  EXPECT_EQ(next.first, 4);
  EXPECT_EQ(next.waiting, 2);
  EXPECT_EQ(next.previously_reached, 4) << "an earlier walk had sent it";
  how.through = 6;
  how.reached = 5;
  std::vector<StoredEvent> dropped;
  expect_status(store().end_walk(next, how, kNow, dropped), Status::argument);
}

TEST_P(StoreContract, AStoppedWalkMayHaveSettledItsFirstEvents) {
  install("quiz");
  capture_many(1, 5);
  WalkEnd how;
  how.reached = 4;
  how.stopped_by = 4;
  how.settled = 3;
  how.error = "reset";
  end(begin(), how, kNow + 300);
  complete(begin("quiz", kNow + 400), kNow + 500);
  reopen();
  EXPECT_EQ(lane().mark, 5);
  EXPECT_EQ(found(2).settled_at_ms, kNow + 300);
  EXPECT_EQ(found(2).walks, 1);
  EXPECT_EQ(found(4).settled_at_ms, kNow + 500);
  EXPECT_EQ(found(4).walks, 2);
  capture_many(6, 3);
  how.settled = 7;
  how.stopped_by = 7;
  how.reached = 7;
  std::vector<StoredEvent> dropped;
  expect_status(store().end_walk(begin(), how, kNow, dropped), Status::argument);
}

TEST_P(StoreContract, TheMarkMayMoveWhileAWalkIsUnderWay) {
  install("quiz");
  capture_many(1, 6);
  const Walk walk = begin("quiz", kNow + 10);
  expect_ok(store().settle({walk.lane, 2}, EventState::refused, "refused", "ERROR", kNow));
  expect_ok(store().advance_mark(walk, 3, kNow + 20));
  EXPECT_EQ(lane().mark, 3);
  EXPECT_EQ(lane().waiting, 3);
  EXPECT_EQ(found(3).state, EventState::delivered);
  EXPECT_EQ(found(3).settled_at_ms, kNow + 10) << "as long as the walk is under way: its start";
  EXPECT_EQ(found(2).state, EventState::refused);
  expect_ok(store().advance_mark(walk, 1, kNow + 30));
  EXPECT_EQ(lane().mark, 3) << "it only rises";
  expect_status(store().advance_mark(walk, 7, kNow), Status::argument);
  reopen();
  EXPECT_EQ(lane().mark, 3);
  EXPECT_EQ(lane().waiting, 3);
  EXPECT_EQ(found(3).settled_at_ms, kNow + 10);
  const Walk again = begin("quiz", kNow + 40);
  EXPECT_EQ(again.first, 4);
  EXPECT_EQ(again.previously_reached, 6) << "a crash cut the walk off";
  expect_status(store().advance_mark(walk, 5, kNow), Status::state);
  expect_ok(store().advance_mark(again, 4, kNow + 50));
  stop(again, 5, kNow + 60);
  expect_status(store().advance_mark(again, 5, kNow), Status::state);
  EXPECT_EQ(lane().mark, 4);
  EXPECT_EQ(found(4).settled_at_ms, kNow + 60);
  EXPECT_THAT(waiting(), ElementsAre(5, 6));
}

TEST_P(StoreContract, EventsSettledPieceByPieceAreReclaimedPieceByPiece) {
  install("quiz");
  capture_many(1, 6);
  WalkEnd how;
  how.reached = 3;
  how.stopped_by = 3;
  how.settled = 2;
  end(begin("quiz", kNow), how, kNow + kDay);
  for (int turn = 0; turn < 40; ++turn) stop(begin("quiz", kNow + kDay), 3, kNow + 2 * kDay);
  const Walk walk = begin("quiz", kNow + 3 * kDay);
  expect_ok(store().advance_mark(walk, 4, kNow + 3 * kDay));
  reclaim_all(kNow + 9 * kDay, 8 * kDay, 400 * kDay);
  for (const int gone : {1, 2}) EXPECT_FALSE(is_there(gone));
  EXPECT_EQ(found(3).settled_at_ms, kNow + 3 * kDay);
  reclaim_all(kNow + 100 * kDay, 8 * kDay, 400 * kDay);
  EXPECT_TRUE(is_there(3)) << "its walk is under way";
  end(walk, {}, kNow + 4 * kDay);
  reclaim_all(kNow + 100 * kDay, 8 * kDay, 400 * kDay);
  for (const int gone : {3, 4}) EXPECT_FALSE(is_there(gone));
  reopen();
  EXPECT_THAT(waiting(), ElementsAre(5, 6));
}

TEST_P(StoreContract, EachToolHasItsOwnRetention) {
  install("quiz");
  install("wiki");
  deliver(1, 1);
  capture_many(2, 2, "wiki");
  expect_ok(store().settle({lane("wiki").id, 1}, EventState::refused, "refused", "", kNow));
  complete(begin("wiki"));
  const auto retention = [](const Locator& tool) { return tool.program == "quiz" ? kDay : 10 * kDay; };
  while (store().reclaim(kNow + 5 * kDay, retention, 400 * kDay, 50).value()) {
  }
  EXPECT_FALSE(is_there(1));
  EXPECT_TRUE(is_there(2));
  EXPECT_TRUE(is_there(3));
}

TEST_P(StoreContract, FailuresOfAnEventAreCountedAndTheFirstAndLastAreKept) {
  install("quiz");
  capture_many(1, 3);
  const Place second{lane().id, 2};
  EXPECT_EQ(store().failures(second)->count, 0);
  for (int turn = 1; turn <= 25; ++turn) {
    WalkEnd how;
    how.reached = 2;
    how.stopped_by = 2;
    how.error = "failure " + std::to_string(turn);
    end(begin(), how, kNow + turn);
  }
  reopen();
  const auto failures = store().failures(second);
  EXPECT_EQ(failures->count, 25);
  EXPECT_EQ(failures->first_at_ms, kNow + 1);
  EXPECT_EQ(failures->last_at_ms, kNow + 25);
  const auto attempts = store().failed_attempts(second).value();
  ASSERT_EQ(attempts.size(), 20u);
  EXPECT_EQ(attempts[0].number, 1);
  EXPECT_EQ(attempts[0].text, "failure 1");
  EXPECT_EQ(attempts[1].number, 7);
  EXPECT_EQ(attempts[19].number, 25);
  EXPECT_EQ(attempts[19].at_ms, kNow + 25);
  EXPECT_EQ(store().failures({lane().id, 1})->count, 0);
  end(begin(), {});
  EXPECT_EQ(store().failures(second)->count, 25) << "stopped by this side";
  complete(begin());
  EXPECT_EQ(store().failures(second)->count, 0);
  EXPECT_THAT(store().failed_attempts(second).value(), IsEmpty());
}

TEST_P(StoreContract, TheEventThatStoppedAWalkMayBeGivenUp) {
  install("quiz");
  capture_many(1, 4);
  WalkEnd how;
  how.reached = 2;
  how.stopped_by = 2;
  how.error = "status 500";
  how.stopper = EventState::parked;
  how.stopper_reason = "attempts_used_up";
  EXPECT_THAT(end(begin(), how), IsEmpty());
  reopen();
  EXPECT_EQ(found(2).state, EventState::parked);
  EXPECT_EQ(found(2).reason, "attempts_used_up");
  EXPECT_EQ(found(2).answer, "status 500");
  EXPECT_EQ(found(2).settled_at_ms, kNow + 1000);
  EXPECT_EQ(found(2).walks, 1);
  EXPECT_EQ(lane().waiting, 3);
  EXPECT_THAT(waiting(), ElementsAre(1, 3, 4));
  EXPECT_EQ(store().failures(found(2).place)->count, 1) << "a person wants to know";
  how.reached = 3;
  how.stopped_by = 3;
  how.stopper = EventState::discarded;
  end(begin(), how);
  EXPECT_EQ(found(3).state, EventState::discarded);
  EXPECT_EQ(store().failures(found(3).place)->count, 0);
  complete(begin());
  EXPECT_EQ(store().failures(found(2).place)->count, 1) << "the mark has passed, but it is parked";
  expect_ok(store().settle(found(2).place, EventState::delivered, "", "SUCCESS", kNow));
  EXPECT_EQ(store().failures(found(2).place)->count, 0);
  capture(item(5));
  const Walk walk = begin();
  std::vector<StoredEvent> dropped;
  how.reached = 5;
  how.stopped_by = 5;
  how.stopper_reason = "";
  expect_status(store().end_walk(walk, how, kNow, dropped), Status::argument);
  how.stopper = EventState::refused;
  how.stopper_reason = "x";
  expect_status(store().end_walk(walk, how, kNow, dropped), Status::argument);
}

TEST_P(StoreContract, AnEventSettledByAPersonDuringItsWalkStaysSo) {
  install("quiz");
  capture_many(1, 2);
  const Walk walk = begin();
  expect_ok(store().settle({walk.lane, 2}, EventState::discarded, "by_person", "", kNow));
  WalkEnd how;
  how.reached = 2;
  how.stopped_by = 2;
  how.stopper = EventState::parked;
  how.stopper_reason = "attempts_used_up";
  end(walk, how);
  EXPECT_EQ(found(2).reason, "by_person");
  EXPECT_EQ(lane().waiting, 1);
  EXPECT_EQ(store().failures({walk.lane, 2})->count, 0);
}

TEST_P(StoreContract, AStopMayQueueTheLaneOrSuspendTheTool) {
  install("quiz");
  install("wiki");
  capture({split(item(1), "course", "a"), split(item(2), "course", "b"), item(3, "wiki")});
  WalkEnd how;
  how.reached = 1;
  how.stopped_by = 1;
  how.error = "gone";
  how.hold = LaneHold::queued;
  end(begin_in(lane_of(1)), how);
  reopen();
  EXPECT_EQ(lane_at(lane_of(1)).hold, LaneHold::queued);
  EXPECT_EQ(lane_at(lane_of(1)).hold_reason, "gone");
  EXPECT_FALSE(may_begin_in(lane_of(1)));
  how.hold = LaneHold::none;
  how.suspend_tool = true;
  std::vector<EndedWalk> both(2);
  both[0].walk = begin_in(lane_of(2));
  both[0].end = how;
  both[1].walk = begin("wiki");
  both[1].end = how;
  expect_ok(store().end_walks(both, kNow + 1));
  reopen();
  EXPECT_EQ(store().tool(locator("quiz")).value()->suspended, "gone");
  EXPECT_EQ(store().tool(locator("wiki")).value()->suspended, "gone");
  EXPECT_FALSE(may_begin_in(lane_of(2)));
  install("quiz");
  reopen();
  EXPECT_EQ(store().tool(locator("quiz")).value()->suspended, "gone") << "registering again lifts nothing";
  EXPECT_TRUE(store().save_tool(locator("quiz"), ToolState::inactive, kNow)->empty());
  EXPECT_EQ(store().tool(locator("quiz")).value()->suspended, "gone");
  EXPECT_EQ(store().save_tool(locator("quiz"), ToolState::available, kNow)->size(), 2u);
  EXPECT_EQ(store().tool(locator("quiz")).value()->suspended, "");
  EXPECT_EQ(lane_at(lane_of(1)).hold, LaneHold::none);
  reopen();
  EXPECT_EQ(store().tool(locator("quiz")).value()->suspended, "");
  EXPECT_EQ(store().tool(locator("wiki")).value()->suspended, "gone");
}

TEST_P(StoreContract, ALaneKnowsSinceWhenItsToolIsInItsCondition) {
  capture_many(1, 1);
  EXPECT_EQ(lane().condition_since_ms, 0);
  install("quiz", ToolState::inactive, kNow + 1);
  EXPECT_EQ(lane().condition_since_ms, kNow + 1);
  expect_ok(store().save_tool(locator("quiz"), ToolState::unavailable, kNow + 2));
  EXPECT_EQ(lane().condition_since_ms, kNow + 1) << "switched off either way";
  expect_ok(store().save_tool(locator("quiz"), ToolState::available, kNow + 3));
  EXPECT_EQ(lane().condition_since_ms, kNow + 3);
  expect_ok(store().save_tool(locator("quiz"), ToolState::available, kNow + 4));
  install("quiz", ToolState::available, kNow + 5);
  EXPECT_EQ(lane().condition_since_ms, kNow + 3);
  install("quiz", ToolState::inactive, kNow + 6);
  reopen();
  EXPECT_EQ(lane().condition_since_ms, kNow + 6);
  expect_ok(store().remove_tool(locator("quiz"), kNow + 7));
  EXPECT_EQ(lane().condition_since_ms, kNow + 7);
  install("wiki", ToolState::available, kNow + 8);
  expect_ok(store().claim(locator("quiz"), locator("wiki"), kNow + 9));
  reopen();
  EXPECT_EQ(lane().condition_since_ms, kNow + 9);
  expect_ok(store().hold_lane(lane().id, LaneHold::suspended, "too old"));
  const auto walks = store().save_tool(locator("wiki"), ToolState::available, kNow + 10);
  ASSERT_TRUE(walks && walks->size() == 1);
  EXPECT_EQ(lane().condition_since_ms, kNow + 10) << "else what is too old suspends it again before anything is tried";
  WalkEnd suspended;
  suspended.stopped_by = 1;
  suspended.error = "gone";
  suspended.suspend_tool = true;
  end(walks->front(), suspended, kNow + 11);
  expect_ok(store().save_tool(locator("wiki"), ToolState::available, kNow + 12));
  reopen();
  EXPECT_EQ(lane().condition_since_ms, kNow + 12);
}

TEST_P(StoreContract, TheTimeBeforeWhichAnEventMustNotGoOutIsKept) {
  CaptureItem later = item(1);
  later.event.not_before_ms = kNow + 77;
  capture({later, item(2)});
  reopen();
  EXPECT_EQ(found(1).event.not_before_ms, kNow + 77);
  EXPECT_EQ(found(2).event.not_before_ms, 0);
  EXPECT_EQ(store().first_waiting(lane().id).value()->event.not_before_ms, kNow + 77);
}

TEST_P(StoreContract, PoliciesAreKeptByLocator) {
  EXPECT_TRUE(store().policies()->empty());
  expect_ok(store().put_policy(locator("wiki"), "<delivery-policy name=\"a\"/>"));
  expect_ok(store().put_policy(locator("quiz"), "<delivery-policy name=\"b\"/>"));
  expect_ok(store().put_policy(locator("wiki"), "<delivery-policy name=\"c\"/>"));
  reopen();
  const auto policies = store().policies().value();
  ASSERT_EQ(policies.size(), 2u);
  EXPECT_EQ(policies[0].first, locator("quiz"));
  EXPECT_EQ(policies[1].second, "<delivery-policy name=\"c\"/>");
  expect_ok(store().put_policy(locator("wiki"), ""));
  expect_ok(store().put_policy(locator("blog"), ""));
  EXPECT_EQ(store().policies()->size(), 1u);
}

TEST_P(StoreContract, AKnownValueIsFoundByScopeOwnerAndKey) {
  const KnownValue course{locator("quiz"), "setting:course", "_1_1", "account", "42"};
  KnownValue asked = course;
  EXPECT_FALSE(store().known(course)->has_value());
  expect_ok(store().put_known(course, kNow));
  expect_ok(store().put_known({locator("quiz"), "item", "_7_1", "", ""}, kNow));
  reopen();
  asked.value.clear();
  EXPECT_EQ(store().known(asked)->value(), "42");
  for (KnownValue other : {KnownValue{locator("wiki"), "setting:course", "_1_1", "account", ""},
                           KnownValue{locator("quiz"), "setting:content", "_1_1", "account", ""},
                           KnownValue{locator("quiz"), "setting:course", "_2_1", "account", ""},
                           KnownValue{locator("quiz"), "setting:course", "_1_1", "name", ""}})
    EXPECT_FALSE(store().known(other)->has_value());
  EXPECT_EQ(store().known({locator("quiz"), "item", "_7_1", "", ""})->value(), "") << "known, and empty";
  expect_ok(store().put_known({locator("quiz"), "setting:course", "_1_1", "account", "43"}, kNow));
  EXPECT_EQ(store().known(asked)->value(), "43");
  expect_status(store().put_known({locator("quiz"), "weather", "", "", ""}, kNow), Status::argument);
}

TEST_P(StoreContract, WhatPeopleDidIsNumberedAndPaged) {
  for (int number = 1; number <= 5; ++number)
    expect_ok(store().put_audit({0, kNow + number, "ann", "park", "acme/quiz", "done " + std::to_string(number)}));
  reopen();
  expect_ok(store().put_audit({0, kNow + 6, "bob", "hold", "acme/quiz", "done 6"}));
  const auto page = store().audit(2, 3).value();
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].number, 3);
  EXPECT_EQ(page[0].at_ms, kNow + 3);
  EXPECT_EQ(page[0].who, "ann");
  EXPECT_EQ(page[0].what, "park");
  EXPECT_EQ(page[0].target, "acme/quiz");
  EXPECT_EQ(page[2].detail, "done 5");
  EXPECT_EQ(store().audit(5, 10)->front().who, "bob");
  EXPECT_TRUE(store().audit(6, 10)->empty());
}

TEST_P(StoreContract, AWatchIsRaisedUntilItIsOver) {
  EXPECT_FALSE(store().watch_raised(locator("quiz")).value());
  expect_ok(store().put_watch(locator("quiz"), true));
  expect_ok(store().put_watch(locator("quiz"), true));
  reopen();
  EXPECT_TRUE(store().watch_raised(locator("quiz")).value());
  EXPECT_FALSE(store().watch_raised(locator("wiki")).value());
  expect_ok(store().put_watch(locator("quiz"), false));
  expect_ok(store().put_watch(locator("quiz"), false));
  EXPECT_FALSE(store().watch_raised(locator("quiz")).value());
}

TEST_P(StoreContract, ForgettingACourseTakesFailuresValuesAndNamesToo) {
  install("quiz");
  CaptureItem one = split(item(1), "course", "private-course");
  one.event.course_id = "private-course";
  one.event.content_id = "private-item";
  CaptureItem other = split(item(2), "course", "other");
  other.event.course_id = "other";
  other.event.content_id = "_2_1";
  capture({one, other});
  expect_ok(store().put_known({locator("quiz"), "setting:course", "private-course", "k", "private-a"}, kNow));
  expect_ok(store().put_known({locator("quiz"), "item", "private-item", "", "private-b"}, kNow));
  expect_ok(store().put_known({locator("quiz"), "item", "_2_1", "", "stays"}, kNow));
  WalkEnd how;
  how.reached = 1;
  how.stopped_by = 1;
  how.error = "private-answer";
  how.stopper = EventState::parked;
  how.stopper_reason = "attempts_used_up";
  how.suspend_tool = true;
  end(begin_in(lane_of(1)), how);
  ASSERT_TRUE(place().holds("private-"));
  EXPECT_EQ(store().forget({"private-course", ""}, kNow)->discarded, 1);
  EXPECT_FALSE(place().holds("private-"));
  reopen();
  EXPECT_FALSE(place().holds("private-"));
  EXPECT_EQ(store().known({locator("quiz"), "item", "_2_1", "", ""})->value(), "stays");
  EXPECT_NE(store().tool(locator("quiz")).value()->suspended, "") << "still suspended, no longer said why";
  EXPECT_EQ(store().failures(found(1).place)->count, 0);
  capture(one);
  CaptureItem next = one;
  next.event.id = id(3);
  next.event.course_id = "private-course";
  EXPECT_EQ(capture(next).kind, CaptureAnswer::Kind::fresh);
  EXPECT_NE(lane_of(3), lane_of(1));
}

}  // namespace ptb::test
