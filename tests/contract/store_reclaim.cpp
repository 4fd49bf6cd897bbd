// Upkeep: what is settled goes after its retention, in pieces; nothing else does.
#include "core/snapshot.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;

namespace {

std::string settings_of(int number) {
  return encode_settings({{Scope::content, "link", std::to_string(number) + std::string(1500, 'x')}});
}

}  // namespace

TEST_P(StoreContract, SettledEventsGoAfterTheirRetentionAndNotBefore) {
  install("quiz");
  deliver(1, 3, kNow + 1000);
  deliver(4, 2, kNow + 5 * kDay);
  capture_many(6, 2);
  reclaim_all(kNow + 1000 + kDay - 1, kDay, 400 * kDay);
  EXPECT_TRUE(is_there(1));
  reclaim_all(kNow + 1000 + kDay, kDay, 400 * kDay);
  for (const int gone : {1, 2, 3}) EXPECT_FALSE(is_there(gone));
  for (const int kept : {4, 5, 6, 7}) EXPECT_TRUE(is_there(kept));
  EXPECT_EQ(found(4).settled_at_ms, kNow + 5 * kDay);
  reopen();
  EXPECT_EQ(lane().waiting, 2);
  EXPECT_THAT(waiting(), ElementsAre(6, 7));
}

TEST_P(StoreContract, ParkedAndWaitingEventsNeverGo) {
  install("quiz");
  capture_many(1, 4);
  const std::int64_t in = lane().id;
  expect_ok(store().settle({in, 1}, EventState::parked, "by_hand", "", kNow));
  expect_ok(store().settle({in, 2}, EventState::refused, "refused", "", kNow));
  expect_ok(store().settle({in, 3}, EventState::discarded, "by_hand", "", kNow));
  complete(begin());
  capture(item(5));
  reclaim_all(kNow + 4000 * kDay, 0, 0);
  EXPECT_EQ(found(1).state, EventState::parked);
  for (const int gone : {2, 3, 4}) EXPECT_FALSE(is_there(gone));
  EXPECT_EQ(found(5).state, EventState::pending);
  EXPECT_EQ(capture(item(1)).kind, CaptureAnswer::Kind::duplicate);
}

TEST_P(StoreContract, ExceptionsBehindTheMarkOfALaneThatWaitsStay) {
  install("quiz");
  capture_many(1, 3);
  expect_ok(store().settle({lane().id, 2}, EventState::refused, "refused", "", kNow));
  reclaim_all(kNow + 4000 * kDay, 0, 0);
  EXPECT_TRUE(is_there(2)) << "the lane's count is made of the rows behind its mark";
  reopen();
  EXPECT_EQ(lane().waiting, 2);
}

TEST_P(StoreContract, ALaneInWhichEverythingWasSettledOneByOneIsReclaimedToo) {
  install("quiz");
  capture_many(1, 3);
  const std::int64_t in = lane().id;
  for (const std::int64_t sequence : {1, 2, 3})
    expect_ok(store().settle({in, sequence}, EventState::discarded, "by_hand", "", kNow));
  reclaim_all(kNow + kDay, 0, 400 * kDay);
  for (const int gone : {1, 2, 3}) EXPECT_FALSE(is_there(gone));
  reopen();
  EXPECT_EQ(lane().waiting, 0);
  EXPECT_EQ(capture(item(4)).place.sequence, 4);
}

TEST_P(StoreContract, AWalkUnderWayIsLeftAlone) {
  install("quiz");
  capture_many(1, 1);
  const Walk walk = begin();
  expect_ok(store().settle({walk.lane, 1}, EventState::refused, "refused", "", kNow));
  reclaim_all(kNow + kDay, 0, 400 * kDay);
  EXPECT_TRUE(is_there(1));
  complete(walk);
  reclaim_all(kNow + kDay, 0, 400 * kDay);
  EXPECT_FALSE(is_there(1));
}

TEST_P(StoreContract, ReclaimWorksInPieces) {
  install("quiz");
  deliver(1, 100);
  const auto more = store().reclaim(kNow + kDay, keep(0), 400 * kDay, 10);
  ASSERT_TRUE(more.has_value());
  EXPECT_TRUE(*more);
  EventFilter all;
  EXPECT_EQ(store().list(all)->size(), 90u);
  EXPECT_EQ(capture(item(5)).kind, CaptureAnswer::Kind::duplicate);
  EXPECT_GE(reclaim_all(kNow + kDay, 0, 400 * kDay, 10), 9);
  EXPECT_TRUE(store().list(all)->empty());
  expect_status(store().reclaim(kNow, keep(0), 0, 0), Status::argument);
}

TEST_P(StoreContract, ASinglePieceAtATimeComesToAnEnd) {
  install("quiz");
  install("wiki");
  deliver(1, 7, kNow + 1000, settings_of(1));
  capture_many(10, 2, "wiki", settings_of(2));
  reclaim_all(kNow + 1000 * kDay, 0, kDay, 1);
  EXPECT_FALSE(is_there(7));
  EXPECT_TRUE(is_there(10));
  EXPECT_EQ(capture(item(7)).kind, CaptureAnswer::Kind::fresh);
}

TEST_P(StoreContract, SnapshotsGoWithTheLastEventThatUsesThem) {
  install("quiz");
  install("wiki");
  for (int number = 1; number <= 20; ++number) capture_many(number, 1, "quiz", settings_of(number));
  capture_many(21, 1, "wiki", settings_of(1));
  complete(begin());
  reclaim_all(kNow + kDay, 0, 400 * kDay, 7);
  EXPECT_EQ(store().settings(found(21).snapshot).value(), settings_of(1));
  reopen();
  complete(begin("wiki"));
  capture_many(22, 1, "quiz", settings_of(5));
  reclaim_all(kNow + kDay, 0, 400 * kDay, 7);
  EXPECT_EQ(store().settings(found(22).snapshot).value(), settings_of(5));
  release();
  EXPECT_EQ(place().count_snapshots(), 1);
}

TEST_P(StoreContract, TheFileStaysAsLargeAsOneRoundNeeds) {
  if (!place().is_file()) GTEST_SKIP() << "this store has no file";
  install("quiz");
  const auto round = [&](int turn) {
    std::vector<CaptureItem> items;
    for (int number = 0; number < 300; ++number) {
      items.push_back(item(turn * 1000 + number));
      items.back().settings = settings_of(turn * 1000 + number);
      items.back().event.captured_at_ms = kNow + turn * kDay;
    }
    capture(std::move(items));
    complete(begin("quiz", kNow + turn * kDay), kNow + turn * kDay + 1);
    reclaim_all(kNow + turn * kDay + 2, 0, 0, 100);
    release();
    const auto bytes = place().bytes();
    reopen();
    return bytes;
  };
  round(1);
  const auto early = round(2);
  std::uintmax_t late = 0;
  for (int turn = 3; turn < 12; ++turn) late = round(turn);
  EXPECT_LE(late, early + early / 10);
  EXPECT_GT(early, 300u * 1500u);
}

}  // namespace ptb::test
