// The store as a whole: what a check finds, what a backup holds, how a backup becomes the store, also when the process
// dies on the way.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "core/snapshot.h"
#include "tests/contract/faulty_disk.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kMade = 1'763'900'000'000;

EventId life(unsigned char byte) {
  EventId id{};
  std::fill(id.begin(), id.end(), byte);
  return id;
}

AuditEntry noted(const std::string& what, std::int64_t at_ms = kMade) { return {0, at_ms, "somebody", what, "", ""}; }

/// As capture_events, with settings that can be read.
Result<void> capture_whole(Store& store, int first, int count) {
  CaptureBatch batch;
  for (int number = first; number < first + count; ++number) {
    batch.items.push_back(event_to("quiz", number));
    batch.items.back().settings = encode_settings({{Scope::course, "color", std::to_string(number % 7)}});
  }
  CaptureBatch* const batches[] = {&batch};
  return store.capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::not_installed, {}};
  });
}

/// Something has written over a page that holds events, and nothing that opening reads.
std::string spoiled(std::string bytes) {
  const auto events = bytes.find(std::string(1000, 'x'));
  EXPECT_NE(events, std::string::npos);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(events / 16384 * 16384), 16384, '\x5A');
  return bytes;
}

class SqliteWhole : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = open_store(path());
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    store_ = std::move(*opened);
  }
  Store& store() { return *store_; }
  void close() { store_.reset(); }
  [[nodiscard]] std::string path() const { return directory_.file("bridge.db"); }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
  void capture(int first, int count) { ASSERT_TRUE(capture_whole(store(), first, count).has_value()); }
  std::int64_t waiting() { return store().lane(1)->waiting; }
  /// But for the one that only keeps room.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path()))
      if (entry.path().extension() != ".reserve") names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  /// What a check finds in a store of three events after `sql` was run on its file.
  std::vector<std::string> findings_after(const std::string& sql) {
    close();
    EXPECT_EQ(run_sql(path(), "PRAGMA ignore_check_constraints = ON;" + sql), SQLITE_OK) << sql;
    reopen();
    const auto check = store().check();
    EXPECT_TRUE(check.has_value()) << check.error().text;
    return check ? check->findings : std::vector<std::string>();
  }

 private:
  ScratchDirectory directory_;
  std::unique_ptr<SqlStore> store_;
};

}  // namespace

TEST_F(SqliteWhole, ACheckReadsEverythingAndLeavesNothingBehind) {
  capture(1, 2500);
  const auto walk = store().begin_walk(1, kMade);
  ASSERT_TRUE(walk.has_value());
  const auto check = store().check();
  ASSERT_TRUE(check.has_value()) << check.error().text;
  EXPECT_THAT(check->findings, IsEmpty());
  EXPECT_EQ(check->events, 2500);
  EXPECT_EQ(check->lanes, 1);
  EXPECT_EQ(files(), (std::vector<std::string>{"bridge.db", "bridge.db-wal", "bridge.db.lock"}));
}

TEST_F(SqliteWhole, ACheckAfterUpkeepFindsNothing) {
  for (int round = 0; round < 3; ++round) {
    capture(1 + 100 * round, 100);
    Tool tool;
    tool.locator = {"acme", "quiz"};
    tool.state = ToolState::available;
    ASSERT_TRUE(store().put_tool(tool, kMade).has_value());
    auto walks = store().save_tool(tool.locator, ToolState::available, kMade);
    ASSERT_TRUE(walks.has_value() && walks->size() == 1);
    WalkEnd end;
    end.reached = walks->front().last;
    end.completed = round != 1;
    end.stopped_by = round == 1 ? walks->front().last : 0;
    std::vector<StoredEvent> dropped;
    ASSERT_TRUE(store().end_walk(walks->front(), end, kMade, dropped).has_value());
    ASSERT_TRUE(store()
                    .reclaim(
                        kMade + 1, [](const Locator&) { return 0; }, round * 1'000'000'000'000, 70)
                    .has_value());
    ASSERT_TRUE(store().forget({"", "u"}, kMade).has_value());
    const auto check = store().check();
    ASSERT_TRUE(check.has_value());
    EXPECT_THAT(check->findings, IsEmpty()) << "round " << round;
  }
}

TEST_F(SqliteWhole, ACheckFindsWhatNoSchemaForbids) {
  struct Damage {
    const char* sql;
    const char* found;
  };
  const std::vector<Damage> damages = {
      {"PRAGMA foreign_keys = OFF; UPDATE lane SET id = 5 WHERE id = 1", "its lane is not there"},
      {"UPDATE lane SET keyed = 3", "its id is not among the known ones"},
      {"INSERT INTO event_key SELECT event_id, place + 1 FROM event LIMIT 1", "another event has the same id"},
      {"UPDATE event SET settings = '', snapshot = place WHERE place & 3 = 1;"
       "UPDATE event SET settings = '', snapshot = 1099511627777 WHERE place & 3 = 2",
       "the event that holds its settings is not there"},
      {"UPDATE event SET arguments = '4:oops' WHERE place & 3 = 2", "its arguments cannot be read"},
      {"UPDATE event SET context = 'x' WHERE place & 3 = 2", "its context cannot be read"},
      {"UPDATE event SET settings = '1:a,' WHERE place & 3 = 2", "its settings cannot be read"},
      {"UPDATE event SET kind = 77 WHERE place & 3 = 2", "its kind"},
      {"UPDATE lane SET mark = 9", "its mark is behind its last event"},
      {"INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (1, 1, 1, 1, 1), (1, 3, 1, 1, 1)",
       "walks are missing"},
      {"INSERT INTO crossing VALUES (77, 1, 0)", "stand between two courses"},
      {"INSERT INTO failure VALUES (77, 1, 0, '')", "failed attempts"},
      {"INSERT INTO lease VALUES (77, '0123456789abcdef0123456789abcdef', 1)", "taken it"},
      {"INSERT INTO event_key VALUES (x'000102030405060708090a0b0c0d0e0f', 77)", "nothing says what became of it"},
      {"INSERT INTO spent_key VALUES (77, x'000102030405060708090a0b0c0d0e0f', 1)", "it is gone, and its id"},
      {"INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (9, 1, 1, 1, 1)", "that is not there"},
      {"UPDATE event SET state = 9 WHERE place & 3 = 2", "CHECK constraint"},
  };
  capture(1, 3);
  close();
  const std::string whole = bytes_of(path());
  for (const auto& [sql, found] : damages) {
    write_bytes(path(), whole);
    EXPECT_THAT(findings_after(sql), Contains(HasSubstr(found))) << sql;
    close();
  }
}

TEST_F(SqliteWhole, ACheckFindsPagesThatSomethingHasWrittenOver) {
  capture(1, 500);
  close();
  // Opening reads the events whose keys are not entered.
  ASSERT_EQ(run_sql(path(),
                    "UPDATE lane SET keyed = 490; INSERT INTO event_key SELECT event_id, place FROM event WHERE "
                    "place & 1023 <= 490"),
            SQLITE_OK);
  write_bytes(path(), spoiled(bytes_of(path())));
  reopen();
  const auto check = store().check();
  ASSERT_TRUE(check.has_value()) << check.error().text;
  ASSERT_FALSE(check->findings.empty());
  for (const auto& line : check->findings) EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

TEST_F(SqliteWhole, ABackupIsAWholeStoreThoughOthersWriteMeanwhile) {
  capture(1, 3000);
  std::atomic<bool> stop = false;
  int captured = 3000;
  std::thread writer([&] {
    while (!stop) {
      EXPECT_TRUE(capture_whole(store(), captured + 1, 1).has_value());
      ++captured;
    }
  });
  const auto made = store().back_up(file("kept.db"), noted("backup"));
  stop = true;
  writer.join();
  ASSERT_TRUE(made.has_value()) << made.error().text;
  ASSERT_TRUE(store().check()->findings.empty());
  const auto kept = open_store(file("kept.db"));
  ASSERT_TRUE(kept.has_value()) << kept.error().text;
  const auto there = (*kept)->lane(1)->waiting;
  EXPECT_GE(there, 3000);
  EXPECT_LE(there, captured);
  EXPECT_THAT((*kept)->check()->findings, IsEmpty());
  const auto trail = (*kept)->audit(0, 10);
  ASSERT_EQ(trail->size(), 1u);
  EXPECT_EQ(trail->front().what, "backup");
  EXPECT_EQ((*kept)->identity().bridge, store().identity().bridge);
}

TEST(SqliteBackup, AFailedSyncEndsTheBackupAndKeepsNobodyOut) {
  const ScratchDirectory directory;
  FaultyDisk disk;
  auto opened = open_store(directory.file("bridge.db"));
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  Store& store = **opened;
  CaptureBatch batch;
  for (int number = 1; number <= 3000; ++number) {
    batch.items.push_back(event_to("quiz", number));
    batch.items.back().event.context = encode_pairs({{"filler", std::string(12'000, 'x')}});  // several pieces
  }
  CaptureBatch* const batches[] = {&batch};
  const DecideCapture defer = [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::not_available, {}};
  };
  ASSERT_TRUE(store.capture(batches, defer).has_value());
  int number = 10'000;
  const auto capture_one = [&] {
    CaptureBatch one;
    one.items = {event_to("quiz", ++number)};
    CaptureBatch* const alone[] = {&one};
    return store.capture(alone, defer);
  };
  for (int turn = 0; turn < 5; ++turn) {
    Result<void> made;
    std::thread beside([&] { made = store.back_up(directory.file("kept" + std::to_string(turn)), noted("backup")); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * turn));
    disk.break_sync_after(0);
    EXPECT_FALSE(capture_one().has_value());
    disk.break_sync_after(-1);
    const auto captured = capture_one();
    EXPECT_TRUE(captured.has_value()) << captured.error().text;
    beside.join();
    if (!made) {
      EXPECT_THAT(made.error().text, Not(HasSubstr("another program"))) << turn;
    }
  }
}

TEST_F(SqliteWhole, ABackupIsOneFileForItsOwnerAndReplacesNothing) {
  capture(1, 10);
  ASSERT_TRUE(store().back_up(file("kept.db"), noted("backup")).has_value());
  EXPECT_EQ(files(), (std::vector<std::string>{"bridge.db", "bridge.db-wal", "bridge.db.lock", "kept.db"}));
  struct stat status {};
  ASSERT_EQ(::stat(file("kept.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const std::string before = bytes_of(file("kept.db"));
  const auto again = store().back_up(file("kept.db"), noted("backup"));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().status, Status::refused);
  EXPECT_EQ(bytes_of(file("kept.db")), before);
  EXPECT_FALSE(store().back_up(file("no/such/kept.db"), noted("backup")).has_value());
}

TEST_F(SqliteWhole, ARestoreBeginsANewLifeWithEveryLaneHeld) {
  capture(1, 10);
  ASSERT_TRUE(store().back_up(file("kept.db"), noted("backup")).has_value());
  capture(11, 5);
  const auto done = store().put_back(file("kept.db"), life(7), noted("restore", kMade + 1000));
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_THAT(done->found.findings, IsEmpty());
  EXPECT_EQ(done->found.events, 10);
  EXPECT_EQ(done->waiting, 10);
  EXPECT_EQ(done->made_at_ms, kMade);
  EXPECT_EQ(done->kept_as, path() + ".before-restore-20251123T121321Z");
  const auto refused = store().lanes();
  ASSERT_FALSE(refused.has_value()) << "what is in memory is of another store";
  EXPECT_EQ(refused.error().status, Status::state);
  EXPECT_THAT(refused.error().text, HasSubstr("opened anew"));
  EXPECT_FALSE(capture_whole(store(), 20, 1).has_value());

  reopen();
  EXPECT_EQ(store().identity().bridge, life(7));
  EXPECT_EQ(waiting(), 10);
  EXPECT_EQ(store().lane(1)->hold, LaneHold::held);
  EXPECT_THAT(store().lane(1)->hold_reason, HasSubstr("2025-11-23T12:13:20"));
  const auto trail = store().audit(0, 10);
  ASSERT_EQ(trail->size(), 2u);
  EXPECT_EQ(trail->back().what, "restore");
  EXPECT_THAT(store().check()->findings, IsEmpty());
  capture(11, 5);
  EXPECT_EQ(waiting(), 15);
  const auto before = open_store(done->kept_as);
  ASSERT_TRUE(before.has_value()) << before.error().text;
  EXPECT_EQ((*before)->lane(1)->waiting, 15) << "what was there before is kept whole";
}

TEST_F(SqliteWhole, ARestoreRefusesWhatIsNoBackupAndLeavesTheStore) {
  capture(1, 10);
  ASSERT_TRUE(store().back_up(file("kept.db"), noted("backup")).has_value());
  const std::string kept = bytes_of(file("kept.db"));
  const auto refused = [&](const std::string& bytes, Status status) {
    write_bytes(file("bad.db"), bytes);
    const auto done = store().put_back(file("bad.db"), life(7), noted("restore"));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().status, status) << done.error().text;
    EXPECT_EQ(bytes_of(file("bad.db")), bytes);
    EXPECT_TRUE(capture_whole(store(), 100, 1).has_value());
  };
  refused("no database", Status::damaged);
  refused(kept.substr(0, 60) + std::string(3, '\0') + "\x09" + kept.substr(64), Status::newer);
  refused(kept.substr(0, 68) + "XXXX" + kept.substr(72), Status::damaged);
  EXPECT_FALSE(store().put_back(file("none.db"), life(7), noted("restore")).has_value());
  EXPECT_FALSE(store().put_back(path(), life(7), noted("restore")).has_value());

  write_bytes(file("torn.db"), spoiled(kept));
  const auto done = store().put_back(file("torn.db"), life(7), noted("restore"));
  EXPECT_TRUE(!done || !done->found.findings.empty());
  EXPECT_EQ(waiting(), 11);
  EXPECT_EQ(files(),
            (std::vector<std::string>{"bad.db", "bridge.db", "bridge.db-wal", "bridge.db.lock", "kept.db", "torn.db"}));
}

TEST_F(SqliteWhole, ARestoreWaitsForNoWalk) {
  capture(1, 10);
  ASSERT_TRUE(store().back_up(file("kept.db"), noted("backup")).has_value());
  Tool tool;
  tool.locator = {"acme", "quiz"};
  tool.state = ToolState::available;
  ASSERT_TRUE(store().put_tool(tool, kMade).has_value());
  ASSERT_EQ(store().save_tool(tool.locator, ToolState::available, kMade)->size(), 1u);
  const auto done = store().put_back(file("kept.db"), life(7), noted("restore"));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().status, Status::state);
  EXPECT_EQ(waiting(), 10);
  EXPECT_FALSE(store().begin_new_life(life(7), noted("restore")).has_value());
}

TEST_F(SqliteWhole, WhatWasPutBackOutsideBeginsANewLifeToo) {
  capture(1, 10);
  ASSERT_TRUE(store().begin_new_life(life(9), noted("restore")).has_value());
  EXPECT_FALSE(store().lanes().has_value());
  reopen();
  EXPECT_EQ(store().identity().bridge, life(9));
  EXPECT_EQ(store().lane(1)->hold, LaneHold::held);
}

TEST_F(SqliteWhole, ACrashAmidstARestoreLeavesTheOldStoreOrTheNewOne) {
  struct Point {
    const char* name;
    bool is_new;
  };
  for (const auto& [point, is_new] : {Point{"store.restore.copied", false}, Point{"store.restore.checked", false},
                                      Point{"store.restore.marked", false}, Point{"store.restore.settled", false},
                                      Point{"store.restore.linked", false}, Point{"store.restore.closed", false},
                                      Point{"store.restore.renamed", true}}) {
    const ScratchDirectory directory;
    const std::string at = directory.file("bridge.db");
    {
      auto made = open_store(at);
      ASSERT_TRUE(capture_whole(**made, 1, 4).has_value());
      ASSERT_TRUE((*made)->back_up(directory.file("kept.db"), noted("backup")).has_value());
      ASSERT_TRUE(capture_whole(**made, 5, 3).has_value());
    }
    static const char* fatal;
    fatal = point;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto opened = open_store(at);
      static_cast<void>(capture_whole(**opened, 8, 1));
      fault_point_hook = [](const char* name) {
        if (std::string_view(name) == fatal) ::_exit(7);
      };
      static_cast<void>((*opened)->put_back(directory.file("kept.db"), life(7), noted("restore")));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << "never came to " << point;
    auto opened = open_store(at);
    ASSERT_TRUE(opened.has_value()) << point << ": " << opened.error().text;
    EXPECT_EQ((*opened)->lane(1)->waiting, is_new ? 4 : 8) << point;
    EXPECT_EQ((*opened)->identity().bridge == life(7), is_new) << point;
    EXPECT_THAT((*opened)->check()->findings, IsEmpty()) << point;
    int others = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(at).parent_path())) {
      const auto name = entry.path().filename().string();
      EXPECT_FALSE(name.starts_with("bridge.db.put-back")) << point;
      if (name.starts_with("bridge.db.before-restore-")) ++others;
    }
    EXPECT_EQ(others, is_new ? 1 : 0) << point;
  }
}

}  // namespace ptb::test
