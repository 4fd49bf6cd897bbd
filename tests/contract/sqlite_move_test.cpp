// A whole store moves into another one: every row, once, also when the process dies on the way; and the first one says
// where it has gone.
#include <gmock/gmock.h>

#include "store/store_copy.h"
#include "tests/contract/faulty_disk.h"
#include "tests/contract/filled_store.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

using testing::HasSubstr;

AuditEntry noted() { return {0, kFilledAt + 100, "somebody", "migrate", "", ""}; }

class SqliteMove : public testing::Test {
 protected:
  [[nodiscard]] std::string from() const { return directory_.file("bridge.db"); }
  [[nodiscard]] std::string to() const { return directory_.file("other.db"); }
  static std::unique_ptr<SqlStore> open(const std::string& path) {
    auto opened = open_store(path);
    EXPECT_TRUE(opened.has_value()) << opened.error().text;
    return opened ? std::move(*opened) : nullptr;
  }

 private:
  ScratchDirectory directory_;
};

}  // namespace

TEST_F(SqliteMove, EverythingIsThereAsItWas) {
  auto store = open(from());
  fill(*store, 3000);
  const std::string before = told(*store);
  auto target = open(to());
  const auto moved = store->move_to(*target, noted());
  ASSERT_TRUE(moved.has_value()) << moved.error().text;
  EXPECT_FALSE(moved->was_there);
  EXPECT_GT(moved->events, 3000);
  EXPECT_EQ(moved->lanes, 4);
  const auto refused = store->lanes();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("sqlite:" + to()));
  store.reset();
  target.reset();

  const auto closed = open_store(from());
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().status, Status::refused);
  EXPECT_THAT(closed.error().text, HasSubstr("has moved to sqlite:" + to()));
  target = open(to());
  EXPECT_EQ(told(*target), before + "\nmigratesqlite:" + to());
  EXPECT_TRUE(target->check()->findings.empty()) << target->check()->findings.front();
  // What was captured before is known there, and what comes next stands behind it.
  EXPECT_EQ(capture_into(*target, "quiz", 7, 1)->front().kind, CaptureAnswer::Kind::duplicate);
  EXPECT_EQ(capture_into(*target, "quiz", 900'000, 1)->front().place.sequence, 3001);
}

TEST_F(SqliteMove, WhatIsCopiedOfEveryTableIsAllOfIt) {
  auto store = open(from());
  fill(*store, 1700);
  auto target = open(to());
  ASSERT_TRUE(store->move_to(*target, noted()).has_value());
  store.reset();
  target.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(to().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, ("ATTACH '" + from() + "' AS was").c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<std::string> tables;
  const auto keep = [](void* into, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(into)->emplace_back(values[0]);
    return 0;
  };
  ASSERT_EQ(sqlite3_exec(handle, "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                         keep, &tables, nullptr),
            SQLITE_OK);
  EXPECT_EQ(tables.size(), 14u) << "a new table is to be copied too: see store_copy.cpp";
  for (const auto& table : tables) {
    if (table == "meta") continue;
    std::vector<std::string> found;
    const std::string sql = "SELECT (SELECT count(*) FROM was." + table + ") > 0 AND NOT EXISTS (SELECT * FROM was." +
                            table + " EXCEPT SELECT * FROM main." + table + ") AND NOT EXISTS (SELECT * FROM main." +
                            table + " EXCEPT SELECT * FROM was." + table + ")";
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), keep, &found, nullptr), SQLITE_OK);
    EXPECT_EQ(found.front(), "1") << table << " has no rows, or others than before";
  }
  sqlite3_close(handle);
}

TEST_F(SqliteMove, GoesIntoAnEmptyStoreOnlyAndNotAmidstAWalk) {
  auto store = open(from());
  fill(*store, 100);
  const std::string before = told(*store);
  auto target = open(to());
  ASSERT_TRUE(target->put_audit({0, 1, "x", "y", "z", ""}).has_value());
  const auto refused = store->move_to(*target, noted());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, Status::refused);
  EXPECT_THAT(refused.error().text, HasSubstr("is not empty"));
  EXPECT_FALSE(store->move_to(*store, noted()).has_value());
  ASSERT_TRUE(store->hold_lane(1, LaneHold::none, "").has_value());
  const auto lanes = store->lanes();
  ASSERT_TRUE(lanes.has_value());
  for (const Lane& lane : *lanes) {
    if (!store->begin_walk(lane.id, kFilledAt + 30)->has_value()) continue;
    auto other = open(from() + "2");
    const auto walking = store->move_to(*other, noted());
    ASSERT_FALSE(walking.has_value());
    EXPECT_EQ(walking.error().status, Status::state);
    return;
  }
  ADD_FAILURE() << "no lane could be walked";
}

TEST_F(SqliteMove, AFailedMoveChangesNothingAndTheStoreGoesOn) {
  auto store = open(from());
  fill(*store, 100);
  auto target = open(to());
  ASSERT_EQ(run_sql(to() + ".none", "SELECT 1"), SQLITE_OK);
  target.reset();
  ASSERT_EQ(run_sql(to(), "CREATE TRIGGER broken BEFORE INSERT ON lease BEGIN SELECT RAISE(ABORT, 'no'); END"),
            SQLITE_OK);
  target = open(to());
  ASSERT_FALSE(store->move_to(*target, noted()).has_value());
  EXPECT_TRUE(capture_into(*store, "quiz", 900'000, 1).has_value());
  EXPECT_TRUE(target->lanes()->empty());
  EXPECT_TRUE(store->check()->findings.empty());
}

TEST_F(SqliteMove, ACrashLeavesOneStoreThatGoesOnAndTheNextTryFinishes) {
  struct Point {
    const char* name;
    bool copied;
    bool marked;
  };
  for (const auto& [point, copied, marked] :
       {Point{"store.move.copied", false, false}, Point{"store.move.committed", true, false},
        Point{"store.move.before_mark", true, false}, Point{"store.move.after_mark", true, true}}) {
    const ScratchDirectory directory;
    const std::string first = directory.file("bridge.db");
    const std::string second = directory.file("other.db");
    {
      auto store = open(first);
      fill(*store, 600);
    }
    static const char* fatal;
    fatal = point;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = open(first);
      auto target = open(second);
      fault_point_hook = [](const char* name) {
        if (std::string_view(name) == fatal) ::_exit(7);
      };
      static_cast<void>(store->move_to(*target, noted()));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << "never came to " << point;
    {
      auto store = open_store(first);
      ASSERT_EQ(store.has_value(), !marked) << point;
      auto target = open(second);
      EXPECT_EQ(target->lanes()->empty(), !copied) << point;
      if (!marked) {
        const auto moved = (*store)->move_to(*target, noted());
        ASSERT_TRUE(moved.has_value()) << point << ": " << moved.error().text;
        EXPECT_EQ(moved->was_there, copied) << point;
      }
    }
    auto target = open(second);
    EXPECT_EQ(target->lane(1)->last_sequence, 600) << point;
    EXPECT_TRUE(target->check()->findings.empty()) << point;
    EXPECT_EQ(target->audit(0, 100)->back().what, "migrate");
    EXPECT_FALSE(open_store(first).has_value()) << point;
  }
}

TEST_F(SqliteMove, AnEarlierCopyThatIsNotTheSameAnyMoreIsNotTaken) {
  {
    auto store = open(from());
    fill(*store, 50);
  }
  std::filesystem::copy_file(from(), to());
  auto store = open(from());
  ASSERT_TRUE(capture_into(*store, "quiz", 900'000, 1).has_value());
  auto target = open(to());
  const auto refused = store->move_to(*target, noted());
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("not the same any more"));
  EXPECT_TRUE(capture_into(*store, "quiz", 900'001, 1).has_value());
}

/// Whichever sync fails: then the next call opens the store again.
TEST_F(SqliteMove, AMarkWhoseSyncFailedIsAMarkAllTheSame) {
  FaultyDisk disk;
  for (int syncs = 0; syncs < 40; ++syncs) {
    const ScratchDirectory directory;
    const std::string path = directory.file("bridge.db");
    auto store = open(path);
    fill(*store, 50);
    auto target = open(directory.file("other.db"));
    disk.break_sync_after(syncs);
    const auto moved = store->move_to(*target, noted());
    const bool failed = disk.has_failed();
    disk.break_sync_after(-1);
    if (!failed) {
      ASSERT_TRUE(moved.has_value()) << moved.error().text;
      return;
    }
    // What is accepted now must be in a store that opens.
    const auto captured = capture_into(*store, "quiz", 5000, 1);
    store.reset();
    auto again = open_store(path);
    EXPECT_EQ(captured.has_value(), again.has_value())
        << "sync " << syncs << ": " << (captured ? again.error().text : captured.error().text);
    if (again) {
      EXPECT_EQ(capture_into(**again, "quiz", 5000, 1)->front().kind, CaptureAnswer::Kind::duplicate);
    }
  }
  FAIL() << "40 syncs, and the store has not moved";
}

}  // namespace ptb::test
