// Files that earlier plugins wrote open, keep their order and their settings, and go on.
#include <fmt/format.h>

#include "store/migrations.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

/// A file with nothing but the schema as it was after the first `steps` migrations.
void make_file_of_schema(const std::string& path, int steps) {
  ASSERT_EQ(run_sql(path, fmt::format("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA application_id = {}",
                                      kApplicationId)),
            SQLITE_OK);
  for (const auto& migration : migrations().first(steps)) {
    ASSERT_EQ(run_sql(path, migration.sql), SQLITE_OK);
  }
  ASSERT_EQ(run_sql(path, fmt::format("PRAGMA user_version = {}; INSERT INTO meta (id, bridge) VALUES "
                                      "(1, x'ABABABABABABABABABABABABABABABAB')",
                                      steps)),
            SQLITE_OK);
}

/// As schema 1 had it: a lane with its mark at 2, 2,000 events of which one is parked, settings shared by every third.
constexpr const char* kRowsOfSchema1 = R"(
INSERT INTO tool VALUES ('acme/quiz', '0123', 'available', '<tool-profile/>', 0, 1, 1, 0, 'proxy-tool', '', 0);
INSERT INTO lane (id, key, tool, mark, released) VALUES (1, 'acme/quiz', 'acme/quiz', 2, 1);
INSERT INTO lane (id, key, tool, released) VALUES (2, 'acme/wiki', 'acme/wiki', 0);
INSERT INTO walk (lane, ordinal, first, last, started_at, ended_at, reached, completed) VALUES (1, 1, 1, 2, 5, 6, 2, 1);
INSERT INTO snapshot (id, digest, content) VALUES (7, zeroblob(32), '7:content,1:a,1:1,'),
  (8, randomblob(32), '7:content,1:a,1:2,');
INSERT INTO snapshot_use (snapshot, stretch) VALUES (7, 1 << 30), (7, (1 << 30) + 1), (8, 1 << 30), (8, (1 << 30) + 1);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO event (place, event_id, waits, kind, captured_as, walks_before, snapshot, occurred_at, captured_at,
  operation, course_id, content_id, context, arguments)
SELECT (1 << 40) + i, CAST(printf('%016d', i) AS BLOB), i % 10 <> 0, iif(i % 10 = 0, 'course-deleted', 'content-imported'),
  iif(i = 3, 'not_installed', 'not_responding'), 0, CASE i % 3 WHEN 0 THEN 7 WHEN 1 THEN 8 END, i, i, 'op-' || i, 'c',
  'x', '', '1:k,1:' || (i % 10) || ',' FROM n;
INSERT INTO event_key (event_id, place) SELECT event_id, place FROM event;
UPDATE event SET state = 3, settled_at = 9, reason = 'by_hand' WHERE place = (1 << 40) + 9;
)";

/// As schema 3 had it: a suspended lane with a completed and a stopped walk, settled up to 2, and one that is idle.
constexpr const char* kRowsOfSchema3 = R"(
INSERT INTO tool VALUES ('acme/quiz', '0123', 'available', '<tool-profile/>', 0, 1, 1, 0, 'proxy-tool', '', 0, '');
INSERT INTO lane (id, key, tool, mark, released, keyed, hold, hold_reason)
VALUES (1, 'acme/quiz', 'acme/quiz', 2, 1, 5, 'suspended', 'three walks');
INSERT INTO lane (id, key, tool, mark, released) VALUES (2, 'acme/wiki', 'acme/quiz', 7, 1);
INSERT INTO walk (lane, ordinal, first, last, started_at, ended_at, reached, completed, stopped_by, error, not_before)
VALUES (1, 1, 1, 2, 5, 6, 2, 1, 0, '', 0), (1, 2, 3, 4, 7, 8, 4, 0, 4, 'reset', 99);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
INSERT INTO event (place, event_id, waits, kind, captured_as, walks_before, occurred_at, captured_at, operation,
  course_id, content_id, context, arguments, settings)
SELECT (1 << 40) + i, CAST(printf('%016d', i) AS BLOB), 1, 6, 0, i / 5, i, i, 'op-' || i, 'c', 'x', '', '', '' FROM n;
INSERT INTO event_key (event_id, place) SELECT event_id, place FROM event;
)";

EventId id_of(int number) {
  EventId id{};
  const std::string text = fmt::format("{:016d}", number);
  std::copy(text.begin(), text.end(), id.begin());
  return id;
}

}  // namespace

TEST(SqliteUpgrade, AStoreOfSchema1KeepsEverything) {
  const ScratchDirectory directory;
  const std::string path = directory.file("bridge.db");
  make_file_of_schema(path, 1);
  ASSERT_EQ(run_sql(path, kRowsOfSchema1), SQLITE_OK);
  for (int opening = 0; opening < 2; ++opening) {
    auto opened = open_store(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    Store& store = **opened;
    const auto lane = store.lane(1);
    ASSERT_TRUE(lane.has_value());
    EXPECT_EQ(lane->last_sequence, 2000);
    EXPECT_EQ(lane->waiting, 2000 - 2 - 1);
    std::int64_t expected = 2;
    while (true) {
      const auto page = store.read_waiting(1, expected, 5000, 300);
      ASSERT_TRUE(page.has_value());
      if (page->empty()) break;
      for (const StoredEvent& stored : *page) {
        if (++expected == 9) ++expected;
        ASSERT_EQ(stored.place.sequence, expected);
        ASSERT_EQ(stored.event.id, id_of(static_cast<int>(expected)));
        ASSERT_EQ(stored.event.operation, fmt::format("op-{}", expected));
        ASSERT_EQ(stored.event.arguments, fmt::format("1:k,1:{},", expected % 10));
        ASSERT_EQ(stored.event.kind, expected % 10 == 0 ? EventKind::course_deleted : EventKind::content_imported);
        ASSERT_EQ(stored.captured_as, expected == 3 ? Deferral::not_installed : Deferral::not_responding);
        ASSERT_EQ(stored.settings, expected % 3 == 2 ? "" : fmt::format("7:content,1:a,1:{},", expected % 3 + 1));
        ASSERT_EQ(store.settings(stored.snapshot).value(), stored.settings);
      }
    }
    EXPECT_EQ(expected, 2000);
    EXPECT_EQ(store.find(id_of(1))->value().state, EventState::delivered);
    EXPECT_EQ(store.find(id_of(9))->value().state, EventState::parked);
  }
  auto again = open_store(path);
  CaptureBatch batch;
  batch.items.push_back(event_to("quiz", 0));
  batch.items.front().event.id = id_of(4);
  batch.items.push_back(event_to("quiz", 3000));
  CaptureBatch* const batches[] = {&batch};
  ASSERT_TRUE((*again)
                  ->capture(batches,
                            [](const CaptureItem&, const Tool*, const Lane*, bool) {
                              return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::behind_backlog, {}};
                            })
                  .has_value());
  EXPECT_EQ(batch.answers[0].kind, CaptureAnswer::Kind::duplicate);
  EXPECT_EQ(batch.answers[1].place, (Place{1, 2001}));
}

TEST(SqliteUpgrade, AStoreOfSchema3KeepsItsLanesAndGoesOn) {
  const ScratchDirectory directory;
  const std::string path = directory.file("bridge.db");
  make_file_of_schema(path, 3);
  ASSERT_EQ(run_sql(path, kRowsOfSchema3), SQLITE_OK);
  expect_error(open_store(path, false), Status::store, path);
  {
    auto opened = open_store(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    Store& store = **opened;
    const Lane lane = store.lane(1).value();
    EXPECT_EQ(lane.hold, LaneHold::suspended);
    EXPECT_EQ(lane.hold_reason, "three walks");
    EXPECT_EQ(lane.split, "");
    EXPECT_EQ(lane.epoch, 0);
    EXPECT_EQ(lane.condition_since_ms, 0);
    EXPECT_EQ(lane.waiting, 3);
    EXPECT_EQ(lane.last_walk.ordinal, 2);
    EXPECT_EQ(lane.last_walk.error, "reset");
    EXPECT_EQ(lane.last_walk.not_before_ms, 99);
    EXPECT_EQ(store.lane(2)->last_sequence, 7);
    EXPECT_EQ(store.find(id_of(2))->value().state, EventState::delivered);
    EXPECT_EQ(store.find(id_of(2))->value().settled_at_ms, 6);
    EXPECT_EQ(store.find(id_of(5))->value().event.not_before_ms, 0);
    EXPECT_EQ(store.tool({"acme", "quiz"}).value()->suspended, "");
    CaptureBatch batch;
    batch.items = {event_to("quiz", 3000), event_to("wiki", 3001)};
    batch.items[0].part = {"course", "a", ""};
    CaptureBatch* const batches[] = {&batch};
    bool behind = false;
    ASSERT_TRUE(store
                    .capture(batches,
                             [&](const CaptureItem& item, const Tool*, const Lane*, bool others_first) {
                               if (item.event.locator.program == "quiz") behind = others_first;
                               return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::behind_backlog, {}};
                             })
                    .has_value());
    EXPECT_TRUE(behind) << "what the old lane holds goes first";
    EXPECT_EQ(batch.answers[1].place, (Place{2, 8}));
  }
  auto again = open_store(path);
  ASSERT_TRUE(again.has_value()) << again.error().text;
  const auto walks = (*again)->save_tool({"acme", "quiz"}, ToolState::available, 1000);
  ASSERT_TRUE(walks.has_value()) << walks.error().text;
  ASSERT_EQ(walks->size(), 2u) << "the new lane is behind the old one";
  WalkEnd end;
  end.reached = 5;
  end.completed = true;
  std::vector<StoredEvent> dropped;
  ASSERT_TRUE((*again)->end_walk(walks->front(), end, 2000, dropped).has_value());
  EXPECT_EQ((*again)->find(id_of(5))->value().settled_at_ms, 2000);
  // Walks that had settled something before the upgrade are reclaimed with their events.
  while ((*again)
             ->reclaim(
                 3000, [](const Locator&) { return 0; }, 1'000'000, 100)
             .value()) {
  }
  for (int number = 1; number <= 5; ++number) EXPECT_FALSE((*again)->find(id_of(number))->has_value());
}

TEST(SqliteUpgrade, ACrashAmidstLeavesTheOldFile) {
  for (const char* const point : {"store.migrate.begin", "store.migrate.before_commit"}) {
    const ScratchDirectory directory;
    const std::string path = directory.file("bridge.db");
    make_file_of_schema(path, 1);
    ASSERT_EQ(run_sql(path, kRowsOfSchema1), SQLITE_OK);
    die_at(point, path);
    auto opened = open_store(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    EXPECT_EQ((*opened)->lane(1)->waiting, 2000 - 2 - 1);
  }
}

}  // namespace ptb::test
