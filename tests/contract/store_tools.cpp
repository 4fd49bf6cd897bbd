// Tools and lanes: installed, saved, removed, claimed, held; and the store's own identity.
#include "tests/contract/store_contract.h"

namespace ptb::test {

using testing::ElementsAre;

TEST_P(StoreContract, AToolComesBackAsItWasPut) {
  Tool tool;
  tool.locator = locator("quiz");
  tool.guid = "0123456789abcdef0123456789abcdef";
  tool.descriptor = "<tool-profile>ü</tool-profile>";
  tool.state = ToolState::inactive;
  tool.options = {true,         true,         true,         true,          "proxy-tool", "/etc/ca.pem", 4'000'000'000U,
                  "10.0.0.0/8", "/etc/c.pem", "/etc/k.pem", "https://a/b", 100,          "client",      "1"};
  expect_ok(store().put_tool(tool, kNow));
  reopen();
  const auto kept = store().tool(locator("quiz")).value();
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->guid, tool.guid);
  EXPECT_EQ(kept->descriptor, tool.descriptor);
  EXPECT_EQ(kept->state, tool.state);
  EXPECT_EQ(kept->options, tool.options);
  EXPECT_EQ(store().tools()->size(), 1u);
  EXPECT_FALSE(store().tool(locator("wiki")).value().has_value());
}

TEST_P(StoreContract, SavingAsAvailableBeginsAWalkInOneTransaction) {
  install("quiz", ToolState::inactive);
  capture_many(1, 3);
  const auto walks = store().save_tool(locator("quiz"), ToolState::available, kNow);
  ASSERT_TRUE(walks.has_value());
  ASSERT_EQ(walks->size(), 1u);
  EXPECT_EQ(walks->front().last, 3);
  EXPECT_EQ(store().tool(locator("quiz")).value()->state, ToolState::available);
  complete(walks->front());
  reopen();
  EXPECT_EQ(store().tool(locator("quiz")).value()->state, ToolState::available);
  EXPECT_EQ(lane().mark, 3);
  EXPECT_TRUE(store().save_tool(locator("quiz"), ToolState::available, kNow)->empty());
  expect_status(store().save_tool(locator("wiki"), ToolState::available, kNow), Status::not_found);
}

TEST_P(StoreContract, SavingAwayFromAvailableBeginsNothing) {
  install("quiz");
  capture_many(1, 3);
  EXPECT_TRUE(store().save_tool(locator("quiz"), ToolState::inactive, kNow)->empty());
  EXPECT_EQ(store().tool(locator("quiz")).value()->state, ToolState::inactive);
  EXPECT_EQ(capture(item(4)).deferral, Deferral::not_available);
}

TEST_P(StoreContract, EventsFromBeforeTheInstallationWaitForASave) {
  const auto early = capture(item(1));
  EXPECT_EQ(early.deferral, Deferral::not_installed);
  EXPECT_FALSE(lane().released);
  install("quiz");
  reopen();
  EXPECT_FALSE(lane().released);
  EXPECT_FALSE(may_begin());
  EXPECT_EQ(capture(item(2)).deferral, Deferral::behind_backlog);
  const auto walks = store().save_tool(locator("quiz"), ToolState::available, kNow);
  ASSERT_EQ(walks->size(), 1u);
  EXPECT_EQ(walks->front().waiting, 2);
  reopen();
  EXPECT_TRUE(lane().released);
}

TEST_P(StoreContract, ALaneOfAnInstalledToolIsReleasedFromTheStart) {
  install("quiz");
  capture(item(1));
  EXPECT_TRUE(lane().released);
  EXPECT_TRUE(may_begin());
}

TEST_P(StoreContract, SaveLiftsASuspensionButNotAHold) {
  install("quiz");
  capture_many(1, 1);
  expect_ok(store().hold_lane(lane().id, LaneHold::suspended, "three walks"));
  EXPECT_EQ(store().save_tool(locator("quiz"), ToolState::available, kNow)->size(), 1u);
  EXPECT_EQ(lane().hold, LaneHold::none);
  EXPECT_EQ(lane().hold_reason, "");
  expect_ok(store().hold_lane(lane().id, LaneHold::held, "a person"));
  EXPECT_TRUE(store().save_tool(locator("quiz"), ToolState::available, kNow)->empty());
  reopen();
  EXPECT_EQ(lane().hold, LaneHold::held);
  EXPECT_EQ(lane().hold_reason, "a person");
  expect_status(store().hold_lane(99, LaneHold::held, ""), Status::not_found);
}

TEST_P(StoreContract, ARemovedToolLeavesItsEventsToTheNextSave) {
  install("quiz");
  capture_many(1, 2);
  expect_ok(store().remove_tool(locator("quiz"), kNow));
  EXPECT_FALSE(store().tool(locator("quiz")).value().has_value());
  EXPECT_FALSE(lane().released);
  EXPECT_FALSE(may_begin());
  EXPECT_EQ(capture(item(3)).deferral, Deferral::not_installed);
  install("quiz");
  reopen();
  EXPECT_FALSE(may_begin());
  EXPECT_EQ(store().save_tool(locator("quiz"), ToolState::available, kNow)->front().waiting, 3);
  expect_status(store().remove_tool(locator("wiki"), kNow), Status::not_found);
}

TEST_P(StoreContract, WhatIsCapturedAfterAnEmptyLanesToolWentWaitsForASaveToo) {
  install("quiz");
  deliver(1, 1);
  expect_ok(store().remove_tool(locator("quiz"), kNow));
  EXPECT_TRUE(lane().released);
  capture(item(2));
  EXPECT_FALSE(lane().released);
  install("quiz");
  reopen();
  EXPECT_FALSE(may_begin());
}

TEST_P(StoreContract, AClaimGivesALaneToAnotherToolUnreleased) {
  capture_many(1, 2, "old");
  install("quiz");
  expect_ok(store().claim(locator("old"), locator("quiz"), kNow));
  reopen();
  EXPECT_EQ(lane("old").tool, locator("quiz"));
  EXPECT_FALSE(lane("old").released);
  EXPECT_FALSE(may_begin("old"));
  const auto walks = store().save_tool(locator("quiz"), ToolState::available, kNow);
  ASSERT_EQ(walks->size(), 1u);
  EXPECT_EQ(walks->front().lane, lane("old").id);
  complete(walks->front());
  EXPECT_EQ(capture(item(3, "old")).deferral, Deferral::first_attempt) << "later events follow the claim";
  EXPECT_EQ(store().lanes_of(locator("quiz"))->size(), 1u);
  EXPECT_TRUE(store().lanes_of(locator("old"))->empty());
  expect_ok(store().remove_tool(locator("quiz"), kNow));
  EXPECT_EQ(lane("old").tool, locator("old"));
  EXPECT_FALSE(lane("old").released);
}

TEST_P(StoreContract, AClaimNeedsALaneAndATool) {
  install("quiz");
  install("wiki");
  capture_many(1, 1, "wiki");
  capture_many(2, 1, "old");
  expect_status(store().claim(locator("never"), locator("quiz"), kNow), Status::not_found);
  expect_status(store().claim(locator("old"), locator("missing"), kNow), Status::not_found);
  expect_status(store().claim(locator("wiki"), locator("quiz"), kNow), Status::refused);
  EXPECT_EQ(lane("wiki").tool, locator("wiki"));
  EXPECT_EQ(lane("old").tool, locator("old"));
}

TEST_P(StoreContract, LanesComeByKey) {
  for (const char* const program : {"zoo", "ant", "map"}) capture(item(static_cast<int>(program[0]), program));
  std::vector<std::string> keys;
  const auto lanes = store().lanes();
  for (const auto& each : *lanes) keys.push_back(each.key);
  EXPECT_THAT(keys, ElementsAre("acme/ant", "acme/map", "acme/zoo"));
  EXPECT_EQ(store().lane(lane("map").id)->key, "acme/map");
  expect_status(store().lane(99), Status::not_found);
}

TEST_P(StoreContract, TheIdentityStaysAndTheGenerationIsKept) {
  const StoreIdentity made = store().identity();
  EXPECT_EQ(made.bridge.version(), boost::uuids::uuid::version_random_number_based);
  EXPECT_EQ(made.generation, "");
  expect_ok(store().put_generation("spring", 0xFFFFFFFFFFFFFFFFULL));
  EXPECT_EQ(store().identity().generation, "spring");
  reopen();
  EXPECT_EQ(store().identity().bridge, made.bridge);
  EXPECT_EQ(store().identity().generation, "spring");
  EXPECT_EQ(store().identity().high_water, 0xFFFFFFFFFFFFFFFFULL);
}

}  // namespace ptb::test
