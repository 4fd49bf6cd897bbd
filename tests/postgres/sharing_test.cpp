// Two stores on one database, as two processes have them: each sees what the other does, none walks what the other
// walks, and what comes too late is refused.
#include <atomic>
#include <functional>
#include <thread>

#include "postgres/server_of_suite.h"
#include "store/sql_store.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

namespace {

/// What the contract's fixture makes of numbers.
struct Made : StoreContract {
  using StoreContract::decide;
  using StoreContract::expect_ok;
  using StoreContract::expect_status;
  using StoreContract::id;
  using StoreContract::item;
  using StoreContract::locator;
};

class Sharing : public BehindProxy {
 protected:
  std::unique_ptr<SqlStore> node(bool sends = true, bool behind_proxy = false) {
    PostgresOptions how = options();
    if (!behind_proxy) how.uri = server_of_suite().uri(database_);
    how.listen = sends;
    return std::make_unique<SqlStore>(SqlStoreParts{"test", nullptr, PostgresConnection::open(how), {}, sends});
  }
  static void install(Store& store, ToolState state = ToolState::available) {
    Tool tool;
    tool.locator = Made::locator("quiz");
    tool.guid = "0123456789abcdef0123456789abcdef";
    tool.descriptor = "<tool-profile/>";
    tool.state = state;
    tool.options.wire = "proxy-tool";
    Made::expect_ok(store.put_tool(tool, kNow));
  }
  static Result<std::vector<CaptureAnswer>> try_capture(Store& store, int first, int count = 1) {
    CaptureBatch batch;
    for (int number = first; number < first + count; ++number) batch.items.push_back(Made::item(number));
    CaptureBatch* const batches[] = {&batch};
    const auto stored = store.capture(batches, DecideCapture(&Made::decide));
    if (!stored) return fail(stored.error());
    return batch.answers;
  }
  static std::vector<CaptureAnswer> capture(Store& store, int first, int count = 1) {
    const auto answers = try_capture(store, first, count);
    Made::expect_ok(answers);
    return answers ? *answers : std::vector<CaptureAnswer>(static_cast<std::size_t>(count));
  }
  static std::optional<Walk> begin(Store& store, std::int64_t lane = 1) {
    auto walk = store.begin_walk(lane, kNow);
    Made::expect_ok(walk);
    return walk ? *walk : std::nullopt;
  }
  static StoreNews news(Store& store, std::int64_t now_ms = kNow) {
    auto told = store.news(true, now_ms);
    Made::expect_ok(told);
    return told ? *told : StoreNews{};
  }
  static WalkEnd completed(const Walk& walk) {
    WalkEnd end;
    end.completed = true;
    end.reached = walk.last;
    return end;
  }
  static Result<void> end(Store& store, const Walk& walk) {
    std::vector<StoredEvent> dropped;
    return store.end_walk(walk, completed(walk), kNow, dropped);
  }
  /// By its first event. `not_before_ms`: when the next attempt is planned; 0: none is.
  static void stop(Store& store, const Walk& walk, std::int64_t not_before_ms = 0) {
    WalkEnd stopped;
    stopped.reached = walk.first;
    stopped.stopped_by = walk.first;
    stopped.error = "connection refused";
    stopped.not_before_ms = not_before_ms;
    std::vector<StoredEvent> dropped;
    Made::expect_ok(store.end_walk(walk, stopped, kNow, dropped));
  }
  std::string sequences() const {
    return ask("SELECT string_agg((place & 1099511627775)::text, ' ' ORDER BY place) FROM ptbridge.event");
  }
};

}  // namespace

/// A process that was away hears of both at once, in any order.
TEST(SharedMirror, AKeyThatOneLaneGaveUpStaysWithTheNext) {
  Mirror mirror;
  const auto put = [&](std::int64_t id, const std::string& key) {
    MirrorLane entry;
    entry.lane.id = id;
    entry.lane.key = key;
    entry.own_locator = entry.lane.tool = Made::locator("quiz");
    mirror.put(std::move(entry));
  };
  put(5, "acme/quiz");
  put(9, "acme/quiz");
  put(5, "acme/quiz (forgotten)");
  ASSERT_NE(mirror.lane_of_key("acme/quiz"), nullptr);
  EXPECT_EQ(mirror.lane_of_key("acme/quiz")->lane.id, 9);
}

TEST_F(Sharing, CapturesOfTwoNodesTakeTheirPlacesInTurn) {
  const auto one = node();
  const auto other = node();
  install(*one);
  for (int number = 1; number <= 6; number += 2) {
    EXPECT_EQ(capture(*one, number).front().place.sequence, number);
    EXPECT_EQ(capture(*other, number + 1).front().place.sequence, number + 1);
  }
  EXPECT_EQ(sequences(), "1 2 3 4 5 6");
}

TEST_F(Sharing, TheSameOperationOnTwoNodesAtOnceIsOneEvent) {
  constexpr int kEvents = 60;
  const auto one = node();
  const auto other = node();
  install(*one);
  std::atomic<int> fresh = 0;
  const auto work = [&fresh](Store& store) {
    for (int number = 1; number <= kEvents; ++number)
      if (capture(store, number).front().kind == CaptureAnswer::Kind::fresh) ++fresh;
  };
  std::thread beside([&] { work(*other); });
  work(*one);
  beside.join();
  EXPECT_EQ(fresh, kEvents);
  EXPECT_EQ(ask("SELECT count(*) || ' ' || max(place & 1099511627775) FROM ptbridge.event"), "60 60");
}

TEST_F(Sharing, ALaneIsWalkedByOneNodeAtATime) {
  const auto one = node();
  const auto other = node();
  install(*one);
  capture(*other, 1, 3);
  const auto walk = begin(*one);
  ASSERT_TRUE(walk);
  EXPECT_FALSE(begin(*other));
  Made::expect_ok(end(*one, *walk));
  EXPECT_FALSE(begin(*other)) << "nothing is left";
  capture(*one, 4);
  EXPECT_TRUE(begin(*other));
  EXPECT_FALSE(begin(*one));
}

TEST_F(Sharing, WhatANodeThatClosesWalkedIsWantedAtOnce) {
  auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1, 3);
  ASSERT_TRUE(begin(*one));
  EXPECT_TRUE(news(*other).wanted.empty());
  one.reset();
  EXPECT_TRUE(news(*other).wanted.contains(1));
  const auto walk = begin(*other);
  ASSERT_TRUE(walk);
  EXPECT_EQ(walk->first, 1);
  EXPECT_EQ(walk->previously_reached, 3) << "the other one may have sent them all";
}

TEST_F(Sharing, ANodeWhoseLeaseIsOverCannotSettle) {
  const auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1, 3);
  const auto stale = begin(*one);
  ASSERT_TRUE(stale);
  ask("UPDATE ptbridge.node SET until = clock_timestamp() - interval '1 second' WHERE number = " +
      std::to_string(stale->node));
  EXPECT_TRUE(news(*other).wanted.contains(1));
  const auto walk = begin(*other);
  ASSERT_TRUE(walk);
  Made::expect_status(one->advance_mark(*stale, 2, kNow), Status::state);
  Made::expect_status(one->settle({1, 1}, EventState::refused, "refused", "no", kNow, &*stale), Status::state);
  Made::expect_status(end(*one, *stale), Status::state);
  EXPECT_FALSE(one->may_send(*stale));
  EXPECT_TRUE(other->may_send(*walk));
  EXPECT_EQ(ask("SELECT mark FROM ptbridge.lane"), "0");
  Made::expect_ok(end(*other, *walk));
  EXPECT_EQ(ask("SELECT mark FROM ptbridge.lane"), "3");
  EXPECT_EQ(capture(*one, 4).front().place.sequence, 4) << "it may capture all the same";
}

TEST_F(Sharing, ALeaseFarInTheFutureIsOver) {
  const auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1);
  ASSERT_TRUE(begin(*one));
  ask("UPDATE ptbridge.node SET until = clock_timestamp() + interval '1 year'");
  EXPECT_TRUE(news(*other).wanted.contains(1)) << "the server's clock was put back";
}

TEST_F(Sharing, WhatIsLeftByANodeThatWasToWalkItIsWanted) {
  auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1);
  one.reset();
  EXPECT_TRUE(news(*other).wanted.contains(1)) << "its first attempt is owed";
}

TEST_F(Sharing, AnAttemptThatANodePlannedWhichIsGoneIsMadeByAnother) {
  auto one = node();
  install(*one);
  capture(*one, 1, 3);
  const auto walk = begin(*one);
  ASSERT_TRUE(walk);
  stop(*one, *walk, kNow + 60'000);
  one.reset();
  const auto early = node();
  EXPECT_FALSE(news(*early, kNow + 61'000).wanted.contains(1)) << "whoever planned it goes first";
  const auto late = node();
  EXPECT_TRUE(news(*late, kNow + 90'000).wanted.contains(1));
}

TEST_F(Sharing, AWalkThatOneStoppedWithNothingPlannedIsOwedNothing) {
  auto one = node();
  install(*one);
  capture(*one, 1, 3);
  const auto walk = begin(*one);
  ASSERT_TRUE(walk);
  stop(*one, *walk);
  const auto other = node();
  EXPECT_FALSE(news(*other, kNow + 90'000).wanted.contains(1));
}

TEST_F(Sharing, WhatPeopleDoToALaneReachesTheNodeThatWalksIt) {
  const auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1, 3);
  ASSERT_TRUE(begin(*one));
  news(*one);
  capture(*other, 4);
  StoreNews told = news(*one);
  EXPECT_TRUE(told.stopped.empty());
  EXPECT_TRUE(told.reread.empty()) << "an event more is none that was settled";
  Made::expect_ok(other->settle({1, 2}, EventState::parked, "by_person", "", kNow));
  told = news(*one);
  EXPECT_TRUE(told.reread.contains(1));
  EXPECT_TRUE(told.stopped.empty());
  Made::expect_ok(other->hold_lane(1, LaneHold::held, "not now"));
  told = news(*one);
  EXPECT_TRUE(told.stopped.contains(1));
  EXPECT_TRUE(news(*other).stopped.empty()) << "it walks nothing";
}

TEST_F(Sharing, AnEventInALaneThatAnotherNodeHasJustMadeIsFound) {
  const auto one = node();
  const auto other = node();
  install(*one);
  news(*other);
  ASSERT_TRUE(other->lanes());
  capture(*one, 1);
  const auto found = other->find(Made::id(1));
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_TRUE(found->has_value());
}

TEST_F(Sharing, ARepeatIsADuplicateAlsoWhereNothingWouldBeStoredOfItNow) {
  const auto one = node();
  install(*one);
  capture(*one, 1);
  CaptureBatch batch;
  batch.items = {Made::item(1)};
  CaptureBatch* const batches[] = {&batch};
  Made::expect_ok(one->capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::ignore, {}, "no_handler"};
  }));
  EXPECT_EQ(batch.answers.front().kind, CaptureAnswer::Kind::duplicate);
}

TEST_F(Sharing, ANewLifeBeginsOnceNobodyElseHasItOpen) {
  const auto one = node();
  auto other = node();
  install(*one);
  capture(*other, 1);
  const auto refused = one->begin_new_life(Made::id(7), {0, kNow, "somebody", "restore", "", ""});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, Status::state);
  EXPECT_NE(refused.error().text.find("has it open"), std::string::npos) << refused.error().text;
  other.reset();
  Made::expect_ok(one->begin_new_life(Made::id(7), {0, kNow, "somebody", "restore", "", ""}));
}

TEST_F(Sharing, ASaveIsHeardByTheNodeThatWalks) {
  const auto one = node();
  const auto other = node();
  install(*one);
  capture(*one, 1, 3);
  ASSERT_TRUE(begin(*one));
  news(*one);
  const auto walks = other->save_tool(Made::locator("quiz"), ToolState::available, kNow);
  ASSERT_TRUE(walks);
  EXPECT_TRUE(walks->empty()) << "the other one walks it";
  const auto told = news(*one);
  EXPECT_TRUE(told.changed.contains(Made::locator("quiz")));
  EXPECT_TRUE(told.restarted.contains(1));
}

TEST_F(Sharing, WhatANodeCapturesThatDoesNotSendIsWantedOnceAndByAll) {
  const auto one = node();
  const auto other = node();
  install(*one);
  news(*other);
  const auto captor = node(false);
  capture(*captor, 1);
  EXPECT_TRUE(news(*one).wanted.contains(1));
  EXPECT_TRUE(news(*other).wanted.contains(1));
  EXPECT_FALSE(news(*one).wanted.contains(1));
}

TEST_F(Sharing, ToolsAndPoliciesAreSeenByAll) {
  const auto one = node();
  const auto other = node();
  install(*one);
  EXPECT_TRUE(news(*other).changed.contains(Made::locator("quiz")));
  Made::expect_ok(one->put_policy(Made::locator("quiz"), "<policy/>"));
  EXPECT_TRUE(news(*other).changed.contains(Made::locator("quiz")));
  capture(*one, 1);
  EXPECT_FALSE(news(*other).changed.contains(Made::locator("quiz"))) << "an event changes no tool";
  Made::expect_ok(one->remove_tool(Made::locator("quiz"), kNow));
  EXPECT_TRUE(news(*other).changed.contains(Made::locator("quiz")));
  const auto tool = other->tool(Made::locator("quiz"));
  ASSERT_TRUE(tool);
  EXPECT_FALSE(tool->has_value());
}

/// Wherever the connection is cut, once the capture has said OK its event is there once; and where it said that it
/// failed, capturing again finds out.
TEST_F(Sharing, ACaptureThatIsCutAnywhereIsOneEvent) {
  const auto store = node(true, true);
  install(*store);
  int number = 0;
  for (const bool after : {false, true})
    for (int n = 1; n < 60; ++n) {
      ++number;
      if (after)
        proxy_->cut_after(n);
      else
        proxy_->cut_before(n);
      auto answers = try_capture(*store, number);
      if (!answers) answers = try_capture(*store, number);
      Made::expect_ok(answers);
      if (proxy_->is_armed()) break;
    }
  EXPECT_GE(number, 8);
  EXPECT_EQ(ask("SELECT count(*) || ' ' || max(place & 1099511627775) FROM ptbridge.event"),
            std::to_string(number) + " " + std::to_string(number));
}

/// Thirty lanes are captured into and walked by two nodes at once; no place is given twice, and no mark passes what was
/// not settled.
TEST_F(Sharing, NodesThatWorkAtOnceKeepTheirLanesWhole) {
  const auto one = node();
  const auto other = node();
  install(*one);
  std::atomic<int> next = 0;
  const auto work = [&next](Store& store) {
    for (int round = 0; round < 40; ++round) {
      capture(store, 1 + 3 * next++, 3);
      if (const auto walk = begin(store)) {
        Made::expect_ok(store.settle({walk->lane, walk->first}, EventState::refused, "refused", "no", kNow, &*walk));
        if (walk->last > walk->first) Made::expect_ok(store.advance_mark(*walk, walk->first, kNow));
        Made::expect_ok(end(store, *walk));
      }
    }
  };
  std::thread beside([&] { work(*other); });
  work(*one);
  beside.join();
  if (const auto walk = begin(*one)) Made::expect_ok(end(*one, *walk));
  EXPECT_EQ(ask("SELECT count(*) || ' ' || max(place & 1099511627775) FROM ptbridge.event"), "240 240");
  EXPECT_EQ(ask("SELECT mark FROM ptbridge.lane"), "240");
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.walk WHERE completed = 1 AND settled <> last"), "0");
}

}  // namespace ptb::test
