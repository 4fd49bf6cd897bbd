// Lanes that a policy splits: where events go, which lanes go before which, and that none is ever overtaken or stuck.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(StoreContract, EventsGoIntoTheLaneOfTheirPart) {
  install("quiz");
  install("wiki");
  install("blog");
  install("chat");
  capture(item(1));
  capture({split(item(2, "wiki"), "group", "grades"), split(item(3, "wiki"), "group", "other"),
           split(item(4, "wiki"), "group", "grades")});
  capture({split(item(5, "blog"), "course", "_1_1"), split(item(6, "blog"), "course", "_2_1")});
  capture({split(item(7, "chat"), "none"), split(item(8, "chat"), "none")});
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(lane_at(lane_of(1)).key, "acme/quiz");
    EXPECT_EQ(lane_at(lane_of(2)).key, "acme/wiki/group/grades");
    EXPECT_EQ(lane_at(lane_of(3)).key, "acme/wiki/group/other");
    EXPECT_EQ(lane_of(4), lane_of(2));
    EXPECT_EQ(found(4).place.sequence, 2);
    EXPECT_EQ(lane_at(lane_of(5)).key, "acme/blog/course/_1_1");
    EXPECT_EQ(lane_at(lane_of(6)).key, "acme/blog/course/_2_1");
    EXPECT_EQ(lane_at(lane_of(7)).key, "acme/chat/free/1");
    EXPECT_EQ(lane_at(lane_of(8)).key, "acme/chat/free/2");
    EXPECT_EQ(lane_at(lane_of(5)).split, "course");
    EXPECT_EQ(lane_at(lane_of(8)).split, "none");
    EXPECT_EQ(lane_at(lane_of(6)).epoch, lane_at(lane_of(5)).epoch);
    EXPECT_EQ(lane_at(lane_of(6)).tool, locator("blog"));
    EXPECT_EQ(found(6).event.locator, locator("blog"));
    reopen();
  }
}

TEST_P(StoreContract, AFreeLaneIsUsedAgainWhenItsEventIsSettled) {
  install("quiz");
  capture({split(item(1), "none"), split(item(2), "none")});
  const std::int64_t first = lane_of(1);
  const Walk walk = begin_in(first);
  capture(split(item(3), "none"));
  EXPECT_NE(lane_of(3), first) << "its event still waits";
  complete(walk);
  reopen();
  capture({split(item(4), "none"), split(item(5), "none")});
  EXPECT_EQ(lane_of(4), first);
  EXPECT_EQ(found(4).place.sequence, 2);
  EXPECT_EQ(lane_at(lane_of(5)).key, "acme/quiz/free/4");
  complete(begin_in(lane_of(2)));
  expect_ok(store().hold_lane(lane_of(2), LaneHold::held, "a person"));
  capture(split(item(6), "none"));
  EXPECT_EQ(lane_at(lane_of(6)).key, "acme/quiz/free/5") << "whoever held the lane did not mean this event";
}

TEST_P(StoreContract, AFreeLaneStartsAnewWithEachEvent) {
  capture(split(item(1), "none"));
  expect_ok(store().settle({lane_of(1), 1}, EventState::discarded, "too_old", "", kNow));
  install("quiz");
  EXPECT_EQ(capture(split(item(2), "none")).deferral, Deferral::first_attempt);
  EXPECT_TRUE(may_begin_in(lane_of(2)));
}

TEST_P(StoreContract, ANewWayOfSplittingWaitsUntilTheOldLanesHaveDrained) {
  install("quiz");
  capture_many(1, 2);
  EXPECT_EQ(capture(split(item(3), "course", "a")).deferral, Deferral::behind_backlog);
  EXPECT_EQ(capture(split(item(4), "course", "b")).deferral, Deferral::behind_backlog);
  const std::int64_t old = lane_of(1);
  reopen();
  EXPECT_GT(lane_at(lane_of(3)).epoch, lane_at(old).epoch);
  EXPECT_FALSE(may_begin_in(lane_of(3)));
  const auto block = store().block_of(lane_of(3), kNow).value();
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->lane, old);
  EXPECT_EQ(block->event, 0);
  EXPECT_EQ(block->until_ms, 0);
  EXPECT_FALSE(store().block_of(old, kNow).value().has_value());
  EXPECT_THAT(store().lanes_behind(old).value(), ElementsAre(lane_of(3), lane_of(4)));
  const Walk walk = begin_in(old);
  stop(walk, 2);
  EXPECT_FALSE(may_begin_in(lane_of(3)));
  complete(begin_in(old));
  EXPECT_THAT(store().lanes_behind(old).value(), ElementsAre(lane_of(3), lane_of(4)));
  EXPECT_FALSE(store().block_of(lane_of(3), kNow).value().has_value());
  complete(begin_in(lane_of(4)));
  complete(begin_in(lane_of(3)));
  EXPECT_EQ(capture(split(item(5), "course", "b")).deferral, Deferral::first_attempt);
  expect_status(store().block_of(99, kNow), Status::not_found);
  expect_status(store().lanes_behind(99), Status::not_found);
}

TEST_P(StoreContract, AnEventSettledInAnOldLaneHoldsUpNobody) {
  install("quiz");
  capture_many(1, 1);
  capture(split(item(2), "course", "a"));
  expect_ok(store().settle({lane_of(1), 1}, EventState::parked, "by_person", "", kNow));
  EXPECT_TRUE(may_begin_in(lane_of(2)));
}

TEST_P(StoreContract, AnIdleLaneMovesUpAndABusyOneGetsAFurther) {
  install("quiz");
  capture({split(item(1), "course", "busy"), split(item(2), "course", "idle")});
  complete(begin_in(lane_of(2)));
  capture(item(3));
  capture({split(item(4), "course", "busy"), split(item(5), "course", "idle")});
  reopen();
  EXPECT_EQ(lane_of(5), lane_of(2));
  EXPECT_NE(lane_of(4), lane_of(1));
  EXPECT_EQ(lane_at(lane_of(4)).epoch, lane_at(lane_of(5)).epoch);
  EXPECT_GT(lane_at(lane_of(4)).epoch, lane_at(lane_of(3)).epoch);
  EXPECT_FALSE(may_begin_in(lane_of(3)));
  EXPECT_FALSE(may_begin_in(lane_of(5)));
  complete(begin_in(lane_of(1)));
  EXPECT_FALSE(may_begin_in(lane_of(4))) << "what was captured between is older";
  capture(split(item(6), "course", "busy"));
  EXPECT_EQ(lane_of(6), lane_of(4)) << "the first lane has drained, but the further one holds older events";
  complete(begin_in(lane_of(3)));
  EXPECT_EQ(begin_in(lane_of(4)).waiting, 2);
  complete(begin_in(lane_of(5)));
}

TEST_P(StoreContract, NoNameIsTakenForAFurtherLaneOfAnother) {
  install("quiz");
  const std::vector<std::string> names = {"a", "a~1", "a~2", "a~", "", "~2", "a/b", "a~~2"};
  int number = 1;
  for (int round = 0; round < 3; ++round) {
    std::set<std::int64_t> lanes;
    for (const std::string& name : names) {
      capture(split(item(number), "course", name));
      lanes.insert(lane_of(number++));
    }
    EXPECT_EQ(lanes.size(), names.size());
    for (const std::int64_t each : lanes) EXPECT_EQ(lane_at(each).waiting, 1);
    capture(item(number++));
  }
  capture(item(1000, "quiz~1"));
  EXPECT_EQ(found(1000).event.locator, locator("quiz~1"));
  EXPECT_EQ(lane_at(lane_of(1000)).waiting, 1);
  reopen();
  EXPECT_EQ(found(1000).event.locator, locator("quiz~1"));
  for (int each = 1; each < number; ++each) EXPECT_EQ(found(each).event.locator, locator("quiz"));
}

TEST_P(StoreContract, ASplitThatNothingWasStoredForBeginsNoEpoch) {
  install("quiz");
  capture(item(1));
  CaptureBatch batch;
  batch.items = {split(item(2), "course", "a")};
  CaptureBatch* const batches[] = {&batch};
  expect_ok(store().capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::ignore, {}, "no_handler"};
  }));
  EXPECT_EQ(store().lanes()->size(), 1u);
  capture(item(3));
  EXPECT_EQ(lane_of(3), lane_of(1));
}

TEST_P(StoreContract, ASaveWalksTheLanesThatMayBeWalked) {
  install("quiz", ToolState::inactive);
  capture(item(1));
  capture({split(item(2), "course", "a"), split(item(3), "course", "b")});
  const auto walks = store().save_tool(locator("quiz"), ToolState::available, kNow);
  ASSERT_TRUE(walks.has_value());
  ASSERT_EQ(walks->size(), 1u);
  EXPECT_EQ(walks->front().lane, lane_of(1));
  complete(walks->front());
  EXPECT_EQ(store().save_tool(locator("quiz"), ToolState::available, kNow)->size(), 2u);
}

TEST_P(StoreContract, AClaimTakesAllLanesOfALocatorAndThoseToCome) {
  capture({split(item(1, "old"), "course", "a"), split(item(2, "old"), "course", "b")});
  install("quiz");
  expect_ok(store().claim(locator("old"), locator("quiz"), kNow));
  reopen();
  EXPECT_EQ(store().lanes_of(locator("quiz"))->size(), 2u);
  EXPECT_FALSE(may_begin_in(lane_of(1)));
  capture(split(item(9, "old"), "course", "z"));
  EXPECT_FALSE(may_begin_in(lane_of(9))) << "a lane made after the claim waits for the same save";
  const auto walks = store().save_tool(locator("quiz"), ToolState::available, kNow);
  EXPECT_EQ(walks->size(), 3u);
  const CaptureAnswer after = capture(split(item(3, "old"), "course", "c"));
  EXPECT_EQ(after.deferral, Deferral::first_attempt);
  EXPECT_EQ(after.tool, locator("quiz"));
  EXPECT_EQ(lane_at(lane_of(3)).tool, locator("quiz"));
  EventFilter filter;
  filter.tool = locator("old");
  EXPECT_EQ(store().list(filter)->size(), 4u);
  filter.tool = locator("quiz");
  EXPECT_EQ(store().list(filter)->size(), 4u);
  expect_ok(store().remove_tool(locator("quiz"), kNow));
  EXPECT_EQ(store().lanes_of(locator("old"))->size(), 4u);
  EXPECT_TRUE(store().lanes_of(locator("quiz"))->empty());
}

TEST_P(StoreContract, AnEventOfTwoCoursesGoesAfterTheOtherCoursesEarlierEvents) {
  install("quiz");
  capture({split(item(1), "course", "a"), split(item(2), "course", "a")});
  EXPECT_EQ(capture(split(item(3), "course", "b")).deferral, Deferral::first_attempt);
  EXPECT_EQ(capture(split(item(4), "course", "c", "a")).deferral, Deferral::behind_backlog);
  capture(split(item(5), "course", "c"));
  reopen();
  const std::int64_t a = lane_of(1);
  const std::int64_t c = lane_of(4);
  EXPECT_EQ(lane_at(c).key, "acme/quiz/course/c");
  EXPECT_FALSE(may_begin_in(c));
  const auto block = store().block_of(c, kNow).value();
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->lane, a);
  EXPECT_EQ(block->event, 2);
  EXPECT_THAT(store().lanes_behind(a).value(), ElementsAre(c));
  stop(begin_in(a), 2);
  EXPECT_FALSE(may_begin_in(c)) << "answered, but not settled: it is sent again";
  complete(begin_in(a));
  EXPECT_THAT(store().lanes_behind(a).value(), ElementsAre(c));
  EXPECT_FALSE(store().block_of(c, kNow).value().has_value());
  EXPECT_EQ(begin_in(c).waiting, 2);
}

TEST_P(StoreContract, WhatComesBehindAnEventOfTwoCoursesWaitsForIt) {
  install("quiz");
  capture(split(item(1), "course", "a"));
  capture(split(item(2), "course", "b", "a"));
  EXPECT_EQ(capture(split(item(3), "course", "a")).deferral, Deferral::behind_backlog);
  const std::int64_t a = lane_of(1);
  const std::int64_t b = lane_of(2);
  const Walk limited = begin_in(a);
  EXPECT_EQ(limited.last, 1);
  EXPECT_EQ(limited.waiting, 1);
  complete(limited);
  reopen();
  EXPECT_EQ(lane_at(a).waiting, 1);
  EXPECT_FALSE(may_begin_in(a));
  const auto block = store().block_of(a, kNow).value();
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->lane, b);
  EXPECT_EQ(block->event, 1);
  complete(begin_in(b));
  EXPECT_THAT(store().lanes_behind(b).value(), ElementsAre(a));
  EXPECT_EQ(begin_in(a).first, 2);
}

TEST_P(StoreContract, ACourseThatWasNeverHeardOfWaitsTooForAnEventThatTouchesIt) {
  install("quiz");
  EXPECT_EQ(capture(split(item(1), "course", "b", "new")).deferral, Deferral::first_attempt);
  EXPECT_EQ(capture(split(item(2), "course", "new")).deferral, Deferral::behind_backlog);
  EXPECT_FALSE(may_begin_in(lane_of(2)));
  complete(begin_in(lane_of(1)));
  EXPECT_TRUE(may_begin_in(lane_of(2)));
  EXPECT_EQ(capture(split(item(3), "course", "same", "same")).deferral, Deferral::first_attempt);
}

TEST_P(StoreContract, ABatchEndsBeforeAnEventWhoseOtherCourseIsNotThereYet) {
  install("quiz");
  capture({split(item(1), "course", "b"), split(item(2), "course", "a"), split(item(3), "course", "b", "a"),
           split(item(4), "course", "b")});
  const std::int64_t b = lane_of(1);
  const Walk before = begin_in(b);
  EXPECT_EQ(before.last, 1);
  complete(before);
  EXPECT_FALSE(may_begin_in(b));
  complete(begin_in(lane_of(2)));
  const Walk behind = begin_in(b);
  EXPECT_EQ(behind.first, 2);
  EXPECT_EQ(behind.last, 3);
}

TEST_P(StoreContract, AnEventOfTwoCoursesThatIsSetAsideHoldsUpNobody) {
  install("quiz");
  for (const EventState state : {EventState::parked, EventState::discarded, EventState::refused}) {
    const int base = static_cast<int>(state) * 10;
    capture(split(item(base), "course", "b", "a"));
    capture(split(item(base + 1), "course", "a"));
    EXPECT_FALSE(may_begin_in(lane_of(base + 1)));
    expect_ok(store().settle(found(base).place, state, "by_person", "", kNow));
    EXPECT_THAT(store().lanes_behind(lane_of(base)).value(), ElementsAre(lane_of(base + 1)));
    complete(begin_in(lane_of(base + 1)));
  }
}

TEST_P(StoreContract, CrossingsAreGoneWhenTheirEventsAre) {
  install("quiz");
  for (int number = 1; number <= 20; number += 2) {
    capture(split(item(number), "course", "b", "a"));
    capture(split(item(number + 1), "course", "a"));
    complete(begin_in(lane_of(number)));
    complete(begin_in(lane_of(number + 1)));
  }
  reclaim_all(kNow + kDay, 0, 400 * kDay);
  EXPECT_FALSE(is_there(1));
  EXPECT_THAT(store().lanes_behind(lane_at(1).id).value(), IsEmpty());
  reopen();
  EXPECT_EQ(capture(split(item(100), "course", "a")).deferral, Deferral::first_attempt);
  EXPECT_EQ(capture(split(item(101), "course", "b")).deferral, Deferral::first_attempt);
}

namespace {

/// What was captured, in order, as the test knows it.
struct Captured {
  LanePart part;
  int epoch = 0;
};

/// True where event i must be settled before j, captured later, is sent.
bool goes_first(const Captured& i, const Captured& j) {
  if (i.epoch != j.epoch) return true;
  if (i.part.split == "none") return false;
  if (i.part.name == j.part.name) return true;
  if (i.part.split != "course") return false;
  const bool crosses = !j.part.other.empty() && j.part.other == i.part.name;
  return crosses || (!i.part.other.empty() && i.part.other == j.part.name);
}

}  // namespace

TEST_P(StoreContract, WhateverTheOrderOfWalksNoEventIsOvertakenAndNoneIsStuck) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const std::string program = "tool" + std::to_string(seed);
    install(program);
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    const std::vector<std::string> courses = {"a", "b", "c"};
    std::vector<Captured> captured;
    const int base = static_cast<int>(seed) * 1000;
    std::string how = "course";
    int epoch = 0;
    const auto number_at = [&](std::size_t at) { return base + static_cast<int>(at); };
    const auto is_pending = [&](std::size_t at) { return found(number_at(at)).state == EventState::pending; };
    const auto capture_one = [&] {
      if (!captured.empty() && below(12) == 0) {
        const std::vector<std::string> ways = {"", "group", "course", "none"};
        const std::string other = ways[static_cast<std::size_t>(below(4))];
        if (other != how) ++epoch;
        how = other;
      }
      Captured made{{how, {}, {}}, epoch};
      if (how == "group" || how == "course") made.part.name = courses[static_cast<std::size_t>(below(3))];
      if (how == "course" && below(3) == 0) made.part.other = courses[static_cast<std::size_t>(below(3))];
      CaptureItem event = item(number_at(captured.size()), program);
      event.part = made.part;
      ASSERT_EQ(capture(event).kind, CaptureAnswer::Kind::fresh);
      captured.push_back(made);
    };
    const auto walk_one = [&](std::int64_t in) {
      const auto begun = store().begin_walk(in, kNow);
      ASSERT_TRUE(begun.has_value());
      if (!begun->has_value()) {
        ASSERT_TRUE(lane_at(in).waiting == 0 || store().block_of(in, kNow).value().has_value());
        return;
      }
      const Walk walk = **begun;
      std::int64_t pending = 0;
      for (std::size_t j = 0; j < captured.size(); ++j) {
        const StoredEvent later = found(number_at(j));
        if (later.place.lane != in || later.place.sequence < walk.first || later.place.sequence > walk.last ||
            later.state != EventState::pending)
          continue;
        ++pending;
        for (std::size_t i = 0; i < j; ++i) {
          if (!goes_first(captured[i], captured[j]) || !is_pending(i)) continue;
          ASSERT_EQ(lane_of(number_at(i)), in) << i << " is overtaken by " << j;
        }
      }
      ASSERT_EQ(walk.waiting, pending);
      WalkEnd end;
      const auto some = walk.first + below(static_cast<int>(walk.last - walk.first) + 1);
      switch (below(6)) {
        case 0:
          end.stopped_by = some;
          end.settled = below(2) == 0 ? 0 : some - 1;
          end.error = "no";
          break;
        case 1:
          end.stopped_by = some;
          end.stopper = below(2) == 0 ? EventState::parked : EventState::discarded;
          end.stopper_reason = "attempts_used_up";
          break;
        case 2:
          end.completed = true;
          end.through = some;
          break;
        case 3:
          expect_ok(store().advance_mark(walk, some, kNow));
          reopen();
          return;
        default: end.completed = true;
      }
      end.reached = end.stopped_by != 0 ? end.stopped_by : end.through != 0 ? end.through : walk.last;
      std::vector<StoredEvent> dropped;
      expect_ok(store().end_walk(walk, end, kNow + 1, dropped));
    };
    for (int step = 0; step < 60 && !HasFatalFailure(); ++step) {
      if (captured.size() < 30 && below(2) == 0) {
        capture_one();
        continue;
      }
      if (captured.empty()) continue;
      const auto lanes = store().lanes_of(locator(program)).value();
      walk_one(lanes[static_cast<std::size_t>(below(static_cast<int>(lanes.size())))].id);
    }
    // From here on nothing fails: the event captured first of those that wait can always be sent, and so all.
    for (std::size_t at = 0; at < captured.size() && !HasFatalFailure(); ++at) {
      if (!is_pending(at)) continue;
      const StoredEvent first = found(number_at(at));
      const auto begun = store().begin_walk(first.place.lane, kNow);
      ASSERT_TRUE(begun.has_value() && begun->has_value()) << "event " << at << " is stuck";
      ASSERT_EQ((*begun)->first, first.place.sequence);
      complete(**begun);
    }
    ASSERT_FALSE(HasFatalFailure());
    const auto left = store().backlog(locator(program)).value();
    EXPECT_EQ(left.waiting, 0);
    EXPECT_EQ(left.lanes, 0);
    for (std::size_t at = 0; at < captured.size(); ++at) EXPECT_FALSE(is_pending(at)) << at;
  }
}

TEST_P(StoreContract, TheBacklogOfAToolIsThatOfAllItsLanes) {
  install("quiz");
  EXPECT_EQ(store().backlog(locator("quiz"))->waiting, 0);
  EXPECT_EQ(store().backlog(locator("quiz"))->oldest_at, 0);
  for (int number = 1; number <= 4; ++number) {
    CaptureItem each = split(item(number), "course", number < 3 ? "a" : "b");
    each.event.captured_at_ms = kNow + number;
    capture(each);
  }
  for (int opening = 0; opening < 2; ++opening) {
    const auto backlog = store().backlog(locator("quiz"));
    ASSERT_TRUE(backlog.has_value());
    EXPECT_EQ(backlog->waiting, 4);
    EXPECT_EQ(backlog->lanes, 2);
    EXPECT_EQ(backlog->oldest_at, kNow + 1);
    reopen();
  }
  expect_ok(store().settle(found(1).place, EventState::refused, "refused", "", kNow));
  EXPECT_EQ(store().backlog(locator("quiz"))->oldest_at, kNow + 2);
  complete(begin_in(lane_of(2)));
  EXPECT_EQ(store().backlog(locator("quiz"))->waiting, 2);
  EXPECT_EQ(store().backlog(locator("quiz"))->lanes, 1);
  EXPECT_EQ(store().backlog(locator("quiz"))->oldest_at, kNow + 3);
  complete(begin_in(lane_of(3)));
  EXPECT_EQ(store().backlog(locator("quiz"))->oldest_at, 0);
  EXPECT_EQ(store().backlog(locator("wiki"))->lanes, 0);
}

}  // namespace ptb::test
