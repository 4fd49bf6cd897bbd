// Reading: pages, filters, heads of lanes.
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

std::vector<std::int64_t> sequences(const Result<std::vector<StoredEvent>>& events) {
  std::vector<std::int64_t> all;
  EXPECT_TRUE(events.has_value());
  for (const auto& event : *events) all.push_back(event.place.sequence);
  return all;
}

}  // namespace

TEST_P(StoreContract, WaitingEventsAreReadInPages) {
  install("quiz");
  capture_many(1, 10);
  const std::int64_t in = lane().id;
  expect_ok(store().settle({in, 4}, EventState::parked, "by_hand", "", kNow));
  EXPECT_THAT(sequences(store().read_waiting(in, 0, 10, 3)), ElementsAre(1, 2, 3));
  EXPECT_THAT(sequences(store().read_waiting(in, 3, 10, 3)), ElementsAre(5, 6, 7));
  EXPECT_THAT(sequences(store().read_waiting(in, 7, 8, 3)), ElementsAre(8));
  EXPECT_THAT(sequences(store().read_waiting(in, 10, 10, 3)), IsEmpty());
  expect_status(store().read_waiting(99, 0, 10, 3), Status::not_found);
}

TEST_P(StoreContract, TheHeadOfALane) {
  install("quiz");
  capture_many(1, 3);
  const std::int64_t in = lane().id;
  expect_ok(store().settle({in, 1}, EventState::refused, "refused", "", kNow));
  EXPECT_EQ(store().first_waiting(in).value()->place.sequence, 2);
  complete(begin());
  EXPECT_FALSE(store().first_waiting(in).value().has_value());
  expect_status(store().first_waiting(99), Status::not_found);
}

TEST_P(StoreContract, ListsByStateToolAndPage) {
  install("quiz");
  install("wiki");
  deliver(1, 3);
  capture_many(4, 5);
  capture_many(100, 4, "wiki");
  const std::int64_t in = lane().id;
  const Place parked{in, 4};
  expect_ok(store().settle(parked, EventState::parked, "by_hand", "", kNow));
  expect_ok(store().settle({in, 5}, EventState::refused, "refused", "", kNow));
  expect_ok(store().settle({in, 6}, EventState::discarded, "by_hand", "", kNow));
  expect_ok(store().settle({in, 7}, EventState::delivered, "", "", kNow));
  EventFilter filter;
  filter.tool = locator("quiz");
  const auto listed = [&](EventFilterState state) {
    filter.state = state;
    return sequences(store().list(filter));
  };
  EXPECT_THAT(listed(EventFilterState::any), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(listed(EventFilterState::pending), ElementsAre(8));
  EXPECT_THAT(listed(EventFilterState::delivered), ElementsAre(1, 2, 3, 7));
  EXPECT_THAT(listed(EventFilterState::parked), ElementsAre(4));
  EXPECT_THAT(listed(EventFilterState::refused), ElementsAre(5));
  EXPECT_THAT(listed(EventFilterState::discarded), ElementsAre(6));
  const auto discarded = store().list(filter);
  for (const auto& event : *discarded) EXPECT_EQ(event.state, EventState::discarded);
  filter.limit = 2;
  EXPECT_THAT(listed(EventFilterState::delivered), ElementsAre(1, 2));
  filter.after = Place{in, 2};
  EXPECT_THAT(listed(EventFilterState::delivered), ElementsAre(3, 7));
  EventFilter all;
  all.limit = 9;
  const auto page = store().list(all);
  ASSERT_EQ(page->size(), 9u);
  all.after = page->back().place;
  EXPECT_THAT(sequences(store().list(all)), ElementsAre(2, 3, 4));
  all.tool = locator("none");
  EXPECT_THAT(sequences(store().list(all)), IsEmpty());
}

TEST_P(StoreContract, AClaimedLaneIsListedUnderBothNames) {
  capture_many(1, 2, "old");
  install("quiz");
  expect_ok(store().claim(locator("old"), locator("quiz"), kNow));
  EventFilter filter;
  filter.tool = locator("quiz");
  EXPECT_THAT(sequences(store().list(filter)), ElementsAre(1, 2));
  filter.tool = locator("old");
  EXPECT_THAT(sequences(store().list(filter)), ElementsAre(1, 2));
}

TEST_P(StoreContract, AListIsNeverLongerThanAThousand) {
  capture_many(1, 1200);
  EventFilter filter;
  filter.limit = 100000;
  EXPECT_EQ(store().list(filter)->size(), 1000u);
}

TEST_P(StoreContract, AnUnknownIdIsNotFound) { EXPECT_FALSE(is_there(4711)); }

}  // namespace ptb::test
