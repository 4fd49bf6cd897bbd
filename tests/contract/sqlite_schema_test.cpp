// The schema's own guards: rows that would break an invariant are refused by the database, whoever writes them.
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

struct BadStatement {
  const char* name;
  const char* sql;
};

class SqliteSchema : public testing::TestWithParam<BadStatement> {};

/// Lane 1 with the mark at 2, events 1 to 4 of which 2 is parked, one walk, all keys entered.
void make_rows(const std::string& path) {
  auto store = open_store(path);
  ASSERT_TRUE(store.has_value());
  Tool tool;
  tool.locator = {"acme", "quiz"};
  tool.state = ToolState::available;
  ASSERT_TRUE((*store)->put_tool(tool, 1000).has_value());
  ASSERT_TRUE(capture_events(**store, "quiz", 1, 2).has_value());
  const auto walk = (*store)->begin_walk(1, 1000);
  ASSERT_TRUE(walk.has_value() && walk->has_value());
  ASSERT_TRUE((*store)->settle({1, 2}, EventState::parked, "by_hand", "", 1500).has_value());
  WalkEnd end;
  end.reached = 2;
  end.completed = true;
  std::vector<StoredEvent> dropped;
  ASSERT_TRUE((*store)->end_walk(**walk, end, 2000, dropped).has_value());
  ASSERT_TRUE(capture_events(**store, "quiz", 3, 2).has_value());
  store->reset();
  ASSERT_EQ(run_sql(path,
                    "INSERT INTO event_key (event_id, place) SELECT event_id, place FROM event;"
                    "UPDATE lane SET keyed = 4"),
            SQLITE_OK);
}

constexpr const char* kGood =
    "UPDATE event SET state = 2, settled_at = 5, reason = 'refused' WHERE place = (1 << 40) + 3;"
    "UPDATE lane SET mark = 3; DELETE FROM event WHERE place = (1 << 40) + 1";

const BadStatement kBad[] = {
    {"second_identity", "INSERT INTO meta (id, bridge) VALUES (2, zeroblob(16))"},
    {"short_identity", "UPDATE meta SET bridge = zeroblob(8)"},
    {"tool_without_program", "UPDATE tool SET locator = 'acme'"},
    {"unknown_tool_state", "UPDATE tool SET state = 'broken'"},
    {"option_of_two", "UPDATE tool SET allow_http = 2"},
    {"lane_key_twice", "INSERT INTO lane (key, tool, released) SELECT key, tool, released FROM lane"},
    {"falling_mark", "UPDATE lane SET mark = 1"},
    {"negative_mark", "INSERT INTO lane (key, tool, mark, released) VALUES ('a/b', 'a/b', -1, 1)"},
    {"half_released", "UPDATE lane SET released = 2"},
    {"unknown_hold", "UPDATE lane SET hold = 'resting'"},
    {"reason_without_hold", "UPDATE lane SET hold_reason = 'why'"},
    {"count_without_event", "UPDATE lane SET stopping_count = 1"},
    {"walk_of_no_lane", "INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (7, 1, 1, 1, 1)"},
    {"walk_backwards", "INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (1, 9, 5, 4, 1)"},
    {"walk_beyond_its_batch", "UPDATE walk SET reached = last + 1"},
    {"completed_but_not_ended", "UPDATE walk SET ended_at = 0"},
    {"completed_and_stopped", "UPDATE walk SET stopped_by = 1"},
    {"walk_twice", "INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (1, 1, 1, 1, 1)"},
    {"settings_without_holder", "UPDATE event SET snapshot = NULL WHERE place = (1 << 40) + 3"},
    {"holder_without_settings", "UPDATE event SET settings = '' WHERE place = (1 << 40) + 3"},
    {"settings_of_a_later_event", "UPDATE event SET snapshot = place + 1, settings = '' WHERE place = (1 << 40) + 3"},
    {"holder_removed_before_sharer",
     "UPDATE event SET snapshot = (1 << 40) + 1, settings = '' WHERE place = (1 << 40) + 3;"
     "DELETE FROM event WHERE place = (1 << 40) + 1"},
    {"event_removed_without_its_key", "UPDATE lane SET keyed = 0; DELETE FROM event WHERE place = (1 << 40) + 1"},
    {"place_without_lane", "UPDATE event SET place = 5 WHERE place = (1 << 40) + 3"},
    {"place_without_sequence", "UPDATE event SET place = 2 << 40 WHERE place = (1 << 40) + 3"},
    {"short_event_id", "UPDATE event SET event_id = zeroblob(4)"},
    {"unknown_state", "UPDATE event SET state = 5, settled_at = 1"},
    {"kind_in_words", "UPDATE event SET kind = 'course-copied'"},
    {"no_kind", "UPDATE event SET kind = 0"},
    {"unknown_deferral", "UPDATE event SET captured_as = 100"},
    {"waits_against_its_kind", "UPDATE event SET waits = 0"},
    {"settled_without_time", "UPDATE event SET state = 2 WHERE place = (1 << 40) + 3"},
    {"pending_with_time", "UPDATE event SET settled_at = 7 WHERE place = (1 << 40) + 3"},
    {"pending_with_reason", "UPDATE event SET reason = 'x' WHERE place = (1 << 40) + 3"},
    {"discarded_without_reason", "UPDATE event SET state = 4, settled_at = 7 WHERE place = (1 << 40) + 3"},
    {"text_for_a_number", "UPDATE event SET captured_at = 'today'"},
    {"waiting_event_removed", "DELETE FROM event WHERE place = (1 << 40) + 3"},
    {"parked_event_removed", "DELETE FROM event WHERE place = (1 << 40) + 2"},
    {"key_twice", "INSERT INTO event_key (event_id, place) SELECT event_id, place FROM event_key"},
    {"unknown_split", "UPDATE lane SET split = 'colour'"},
    {"negative_epoch", "UPDATE lane SET epoch = -1"},
    {"queued_but_not_suspended", "UPDATE lane SET queued = 1"},
    {"settled_beyond_its_batch", "UPDATE walk SET settled = last + 1"},
    {"policy_without_document", "INSERT INTO policy (locator, document) VALUES ('acme/quiz', '')"},
    {"policy_of_no_locator", "INSERT INTO policy (locator, document) VALUES ('quiz', '<x/>')"},
    {"crossing_of_no_lane", "INSERT INTO crossing (place, lane, after) VALUES (1 << 40, 7, 0)"},
    {"failure_number_zero", "INSERT INTO failure (place, number, at, error) VALUES (1 << 40, 0, 1, '')"},
    {"known_weather", "INSERT INTO known VALUES ('acme/quiz', 'weather', '', '', '', 1)"},
    {"lease_without_token", "INSERT INTO lease (place, token, until) VALUES (1 << 40, 'a', 1)"},
    {"lease_twice",
     "INSERT INTO lease (place, token, until) VALUES (1, printf('%032d', 1), 1), (1, printf('%032d', 2), 1)"},
    {"short_key", "INSERT INTO event_key (event_id, place) VALUES (zeroblob(3), 1)"},
};

}  // namespace

TEST_P(SqliteSchema, Refuses) {
  const ScratchDirectory directory;
  make_rows(directory.file("bridge.db"));
  const int code = run_sql(directory.file("bridge.db"), std::string("PRAGMA foreign_keys = ON;") + GetParam().sql);
  EXPECT_EQ(code, SQLITE_CONSTRAINT) << sqlite3_errstr(code);
}

INSTANTIATE_TEST_SUITE_P(Rows, SqliteSchema, testing::ValuesIn(kBad),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(SqliteSchemaOfGoodRows, TakesWhatIsRight) {
  const ScratchDirectory directory;
  make_rows(directory.file("bridge.db"));
  EXPECT_EQ(run_sql(directory.file("bridge.db"), kGood), SQLITE_OK);
}

}  // namespace ptb::test
