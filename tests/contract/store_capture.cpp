// Capture: all or nothing, once each, in order.
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/snapshot.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

using Kind = CaptureAnswer::Kind;

TEST_P(StoreContract, AFreshEventIsKeptAsItWas) {
  install("quiz");
  CaptureItem one = item(7);
  one.settings = encode_settings({{Scope::system, "color", "blue"}});
  const auto answer = capture(one);
  EXPECT_EQ(answer.kind, Kind::fresh);
  EXPECT_EQ(answer.deferral, Deferral::first_attempt);
  EXPECT_EQ(answer.place.sequence, 1);
  reopen();
  const auto kept = found(7);
  EXPECT_EQ(kept.place, answer.place);
  EXPECT_EQ(kept.state, EventState::pending);
  EXPECT_EQ(kept.captured_as, Deferral::first_attempt);
  EXPECT_EQ(kept.event.id, one.event.id);
  EXPECT_EQ(kept.event.kind, one.event.kind);
  EXPECT_EQ(kept.event.locator, one.event.locator);
  EXPECT_EQ(kept.event.operation, one.event.operation);
  EXPECT_EQ(kept.event.course_id, one.event.course_id);
  EXPECT_EQ(kept.event.content_id, one.event.content_id);
  EXPECT_EQ(kept.event.arguments, one.event.arguments);
  EXPECT_EQ(kept.event.context, one.event.context);
  EXPECT_EQ(kept.event.occurred_at_ms, one.event.occurred_at_ms);
  EXPECT_EQ(kept.event.captured_at_ms, one.event.captured_at_ms);
  EXPECT_EQ(store().settings(kept.snapshot).value(), one.settings);
}

TEST_P(StoreContract, EveryKindAndDeferralComesBack) {
  for (int kind = 1; kind <= static_cast<int>(EventKind::course_deleted); ++kind)
    for (int deferral = 0; deferral <= static_cast<int>(Deferral::queued_for_pull); ++deferral) {
      const int number = kind * 100 + deferral;
      CaptureBatch batch;
      batch.items = {item(number, "quiz", static_cast<EventKind>(kind))};
      CaptureBatch* const batches[] = {&batch};
      expect_ok(store().capture(batches, [&](const CaptureItem&, const Tool*, const Lane*, bool) {
        return CaptureDecision{CaptureDecision::Verdict::defer, static_cast<Deferral>(deferral), {}};
      }));
      const auto kept = found(number);
      EXPECT_EQ(static_cast<int>(kept.event.kind), kind);
      EXPECT_EQ(static_cast<int>(kept.captured_as), deferral);
    }
}

TEST_P(StoreContract, ARepeatIsADuplicateInTheSameCallAndAcrossReopenAndDelivery) {
  install("quiz");
  const auto answers = capture({item(1), item(2), item(1)});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2].kind, Kind::duplicate);
  EXPECT_EQ(answers[2].place, answers[0].place);
  EXPECT_EQ(answers[2].id, id(1));
  reopen();
  EXPECT_EQ(capture(item(2)).kind, Kind::duplicate);
  complete(begin());
  EXPECT_EQ(capture(item(2)).kind, Kind::duplicate);
  EXPECT_EQ(capture(item(2)).place, answers[1].place);
  EXPECT_EQ(lane().last_sequence, 2);
  EXPECT_EQ(lane().waiting, 0);
}

TEST_P(StoreContract, ARepeatIsADuplicateAfterReclaimUntilItsKeyIsTooOld) {
  install("quiz");
  deliver(1, 3);
  capture(item(4));
  reclaim_all(kNow + 10 * kDay, kDay, 400 * kDay);
  EXPECT_FALSE(is_there(1));
  EXPECT_TRUE(is_there(4));
  const auto again = capture(item(1));
  EXPECT_EQ(again.kind, Kind::duplicate);
  EXPECT_EQ(again.place.sequence, 1);
  reopen();
  EXPECT_EQ(capture(item(3)).kind, Kind::duplicate);
  reclaim_all(kNow + 401 * kDay, kDay, 400 * kDay);
  EXPECT_EQ(capture(item(4)).kind, Kind::duplicate) << "its event is still waiting";
  EXPECT_EQ(capture(item(3)).kind, Kind::fresh);
  EXPECT_EQ(found(3).place.sequence, 5);
}

TEST_P(StoreContract, IgnoredLeavesNothing) {
  const auto answer = capture(item(1, "quiz", EventKind::content_copied));
  EXPECT_EQ(answer.kind, Kind::ignored);
  EXPECT_EQ(answer.ignored_as, "tool_not_installed");
  EXPECT_FALSE(is_there(1));
  EXPECT_TRUE(store().lanes()->empty());
  install("quiz");
  EXPECT_EQ(capture(item(1, "quiz", EventKind::content_copied)).kind, Kind::fresh);
}

TEST_P(StoreContract, EventsOfOneCallDoNotQueueBehindEachOther) {
  install("quiz");
  for (const auto& answer : capture_many(1, 3)) EXPECT_EQ(answer.deferral, Deferral::first_attempt);
  EXPECT_EQ(capture(item(4)).deferral, Deferral::behind_backlog);
}

TEST_P(StoreContract, SequencesCountPerLane) {
  install("quiz");
  install("wiki");
  const auto answers = capture({item(1, "quiz"), item(2, "wiki"), item(3, "quiz"), item(4, "wiki")});
  EXPECT_EQ(answers[0].place.sequence, 1);
  EXPECT_EQ(answers[1].place.sequence, 1);
  EXPECT_EQ(answers[2].place.sequence, 2);
  EXPECT_EQ(answers[3].place.sequence, 2);
  EXPECT_NE(answers[0].place.lane, answers[1].place.lane);
  reopen();
  EXPECT_EQ(capture(item(5, "quiz")).place.sequence, 3);
  EXPECT_EQ(lane("quiz").waiting, 3);
  EXPECT_EQ(lane("wiki").waiting, 2);
}

TEST_P(StoreContract, SequencesGoOnAfterEverythingWasReclaimed) {
  install("quiz");
  deliver(1, 5);
  reclaim_all(kNow + 1000 * kDay, kDay, 400 * kDay);
  reopen();
  EXPECT_EQ(lane().last_sequence, 5);
  EXPECT_EQ(capture(item(6)).place.sequence, 6);
}

TEST_P(StoreContract, SeveralBatchesAreOneCommitWithAnswersForEach) {
  install("quiz");
  CaptureBatch first;
  first.items = {item(1), item(2)};
  CaptureBatch second;
  second.items = {item(2), item(3)};
  CaptureBatch* const batches[] = {&first, &second};
  expect_ok(store().capture(batches, decide));
  EXPECT_EQ(first.answers[1].kind, Kind::fresh);
  EXPECT_EQ(second.answers[0].kind, Kind::duplicate);
  EXPECT_EQ(second.answers[1].kind, Kind::fresh);
  EXPECT_EQ(second.answers[1].deferral, Deferral::first_attempt);
}

TEST_P(StoreContract, AFailureInTheMiddleLeavesNothingOfAnyBatch) {
  install("quiz");
  capture(item(1));
  CaptureBatch first;
  first.items = {item(2), item(3, "wiki", EventKind::course_imported)};
  CaptureBatch second;
  second.items = {item(4), item(5)};
  CaptureBatch* const batches[] = {&first, &second};
  int asked = 0;
  EXPECT_THROW(
      static_cast<void>(store().capture(batches,
                                        [&](const CaptureItem& one, const Tool* tool, const Lane* lane, bool behind) {
                                          if (++asked == 4) throw std::runtime_error("stop");
                                          return decide(one, tool, lane, behind);
                                        })),
      std::runtime_error);
  for (const int number : {2, 3, 4, 5}) EXPECT_FALSE(is_there(number));
  EXPECT_EQ(lane().last_sequence, 1);
  EXPECT_EQ(lane().waiting, 1);
  EXPECT_EQ(store().lanes()->size(), 1u);
  EXPECT_EQ(capture(item(2)).place.sequence, 2);
  reopen();
  EXPECT_EQ(waiting(), (std::vector<std::int64_t>{1, 2}));
}

TEST_P(StoreContract, EqualSettingsOfALaneAreStoredOnce) {
  install("quiz");
  install("wiki");
  const std::string blue = encode_settings({{Scope::system, "color", "blue"}});
  capture_many(1, 10, "quiz", blue);
  capture_many(11, 10, "wiki", blue);
  capture_many(21, 1, "quiz", encode_settings({{Scope::system, "color", "red"}}));
  EXPECT_EQ(found(1).snapshot, found(10).snapshot);
  EXPECT_NE(found(1).snapshot, found(21).snapshot);
  for (const int number : {1, 10, 11, 20}) EXPECT_EQ(store().settings(found(number).snapshot).value(), blue);
  EXPECT_EQ(store().settings(0).value(), "");
  expect_status(store().settings(4711), Status::not_found);
  release();
  EXPECT_EQ(place().count_snapshots(), 3);
}

TEST_P(StoreContract, SettingsThatNobodyNeedsAnyMoreAreNotSharedWithLaterEvents) {
  install("quiz");
  const std::string blue = encode_settings({{Scope::system, "color", "blue"}});
  deliver(1, 2, kNow, blue);
  reclaim_all(kNow + kDay, 0, 400 * kDay);
  capture_many(3, 2, "quiz", blue);
  EXPECT_EQ(store().settings(found(4).snapshot).value(), blue);
}

TEST_P(StoreContract, AManyTimesRepeatedCaptureIsFoundAmongNewAndOldKeys) {
  install("quiz");
  install("wiki");
  constexpr int kEvents = 2500;
  for (int first = 1; first <= kEvents; first += 100) capture_many(first, 100, first % 3 == 0 ? "wiki" : "quiz");
  const auto all_known = [&] {
    for (int number = 1; number <= kEvents; number += 7)
      EXPECT_EQ(capture(item(number)).kind, Kind::duplicate) << number;
  };
  for (int number = 1; number <= kEvents; number += 7) EXPECT_EQ(found(number).event.id, id(number));
  all_known();
  reopen();
  all_known();
  for (int number = 1; number <= kEvents; number += 7) EXPECT_EQ(found(number).event.id, id(number));
  complete(begin());
  reclaim_all(kNow + 30 * kDay, 0, 400 * kDay);
  EXPECT_FALSE(is_there(1));
  all_known();
  reopen();
  all_known();
}

TEST_P(StoreContract, ThreadsCaptureAtOnceWithoutGapOrRepeat) {
  install("quiz");
  constexpr int kThreads = 8;
  constexpr int kEach = 40;
  std::atomic<int> fresh{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int turn = 0; turn < kEach; ++turn) {
        CaptureBatch batch;
        // Each number is captured by two threads.
        batch.items = {item(1 + (thread / 2) * kEach + turn)};
        CaptureBatch* const batches[] = {&batch};
        ASSERT_TRUE(store().capture(batches, decide).has_value());
        if (batch.answers.front().kind == Kind::fresh) ++fresh;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fresh.load(), kThreads / 2 * kEach);
  const auto sequences = waiting();
  ASSERT_EQ(sequences.size(), static_cast<std::size_t>(kThreads / 2 * kEach));
  for (std::size_t at = 0; at < sequences.size(); ++at) EXPECT_EQ(sequences[at], static_cast<std::int64_t>(at) + 1);
  EXPECT_EQ(lane().waiting, kThreads / 2 * kEach);
}

TEST_P(StoreContract, WalksBeforeCountsTheWalksBegunBeforeTheCapture) {
  install("quiz");
  capture(item(1));
  EXPECT_EQ(found(1).walks_before, 0);
  const Walk walk = begin();
  capture(item(2));
  EXPECT_EQ(found(2).walks_before, 1);
  complete(walk);
  reopen();
  capture(item(3));
  EXPECT_EQ(found(3).walks_before, 1);
}

}  // namespace ptb::test
