// Forgetting: content goes, places and identities stay, and nobody else loses anything.
#include "core/snapshot.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

namespace {

CaptureItem of_course(CaptureItem item, const std::string& course, const std::string& user = {}) {
  item.event.course_id = course;
  item.event.arguments = encode_pairs({{"course_id", course}, {"note", "private-" + course}});
  item.event.context = encode_pairs({{"course_label", "private-" + course}, {"user_id", user}});
  return item;
}

std::string private_settings(const std::string& name) {
  return encode_settings({{Scope::course, "note", "private-setting-" + name}});
}

}  // namespace

TEST_P(StoreContract, AForgottenCourseLeavesTombstonesInTheirPlaces) {
  install("quiz");
  capture({of_course(item(1), "_1_1"), of_course(item(2), "_2_1"), of_course(item(3), "_1_1")});
  complete(begin());
  capture({of_course(item(4), "_1_1"), of_course(item(5), "_2_1"), of_course(item(6), "_1_1")});
  expect_ok(store().settle({lane().id, 6}, EventState::parked, "by_person", "said private-_1_1", kNow));
  const auto forgotten = store().forget({"_1_1", ""}, kNow + 5);
  ASSERT_TRUE(forgotten.has_value()) << forgotten.error().text;
  EXPECT_EQ(forgotten->events, 4);
  EXPECT_EQ(forgotten->discarded, 2);
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(waiting(), (std::vector<std::int64_t>{5}));
    EXPECT_EQ(lane().waiting, 1);
    EXPECT_EQ(found(1).state, EventState::delivered);
    EXPECT_EQ(found(4).state, EventState::discarded);
    EXPECT_EQ(found(4).reason, "forgotten");
    EXPECT_EQ(found(4).place.sequence, 4);
    EXPECT_EQ(found(6).state, EventState::discarded);
    for (const int gone : {1, 3, 4, 6}) {
      EXPECT_EQ(found(gone).event.arguments + found(gone).event.context + found(gone).event.operation +
                    found(gone).event.course_id + found(gone).event.content_id + found(gone).answer,
                "");
      EXPECT_EQ(found(gone).snapshot, 0);
    }
    EXPECT_NE(found(5).event.arguments, "");
    reopen();
  }
  EXPECT_EQ(capture(of_course(item(4), "_1_1")).kind, CaptureAnswer::Kind::duplicate) << "it is still known";
  EXPECT_EQ(store().forget({"_1_1", ""}, kNow)->events, 0);
}

TEST_P(StoreContract, AForgottenUserTakesOnlyWhatThatUserCaused) {
  install("quiz");
  capture({of_course(item(1), "_1_1", "ann"), of_course(item(2), "_1_1", "bob"), of_course(item(3), "_1_1")});
  const auto forgotten = store().forget({"", "ann"}, kNow);
  ASSERT_TRUE(forgotten.has_value());
  EXPECT_EQ(forgotten->events, 1);
  EXPECT_EQ(waiting(), (std::vector<std::int64_t>{2, 3}));
}

TEST_P(StoreContract, CopiesFromAndToACourseAreItsEventsToo) {
  install("quiz");
  CaptureItem from = item(1, "quiz", EventKind::course_copied);
  from.event.course_id = "_9_1";
  from.event.arguments = encode_pairs({{"oldCourseId", "_1_1"}, {"newCourseId", "_9_1"}});
  CaptureItem to = item(2, "quiz", EventKind::course_copied);
  to.event.course_id = "_9_1";
  to.event.arguments = encode_pairs({{"oldCourseId", "_9_1"}, {"newCourseId", "_1_1"}});
  capture({from, to});
  EXPECT_EQ(store().forget({"_1_1", ""}, kNow)->events, 2);
}

TEST_P(StoreContract, SharedSettingsStayWithThoseWhoStillNeedThem) {
  install("quiz");
  std::vector<CaptureItem> items;
  for (int number = 1; number <= 6; ++number) {
    items.push_back(of_course(item(number), number % 2 == 1 ? "_1_1" : "_2_1"));
    items.back().settings = private_settings("shared");
  }
  capture(std::move(items));
  ASSERT_EQ(found(6).snapshot, found(1).snapshot);
  ASSERT_TRUE(store().forget({"_1_1", ""}, kNow).has_value());
  for (const int kept : {2, 4, 6})
    EXPECT_EQ(store().settings(found(kept).snapshot).value(), private_settings("shared"));
  EXPECT_EQ(waiting(), (std::vector<std::int64_t>{2, 4, 6}));
  ASSERT_TRUE(store().forget({"_2_1", ""}, kNow).has_value());
  release();
  EXPECT_EQ(place().count_snapshots(), 0);
}

TEST_P(StoreContract, WhatIsForgottenIsNowhereInTheFilesAnyMore) {
  install("quiz");
  for (int number = 1; number <= 1200; ++number) {
    auto one = of_course(item(number), number % 3 == 0 ? "_1_1" : "_2_1");
    one.settings = private_settings(one.event.course_id + std::to_string(number));
    capture(one);
  }
  deliver(5000, 10);
  ASSERT_TRUE(place().holds("private-_1_1"));
  ASSERT_TRUE(store().forget({"_1_1", ""}, kNow).has_value());
  EXPECT_FALSE(place().holds("private-_1_1"));
  EXPECT_FALSE(place().holds("private-setting-_1_1"));
  EXPECT_TRUE(place().holds("private-_2_1"));
}

TEST_P(StoreContract, ForgettingWantsACourseOrAUser) {
  expect_status(store().forget({"", ""}, kNow), Status::argument);
  expect_status(store().forget({"a", "b"}, kNow), Status::argument);
}

}  // namespace ptb::test
