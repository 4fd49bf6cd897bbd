// The file of the embedded store: whose it is, who may open it, what is left untouched.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "store/migrations.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

class SqliteFile : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.file("bridge.db"); }
  [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
  void make_store() { ASSERT_TRUE(open_store(path()).has_value()); }

 private:
  ScratchDirectory directory_;
};

}  // namespace

TEST_F(SqliteFile, IsForItsOwnerOnlyAndLeavesNoOtherFilesBehind) {
  const mode_t before = ::umask(0);
  make_store();
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat((path() + ".lock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  for (const char* const suffix : {".new", ".new-wal", "-wal", "-shm", "-journal"})
    EXPECT_FALSE(std::filesystem::exists(path() + suffix)) << suffix;
}

TEST_F(SqliteFile, DescriptorsAreNotInherited) {
  auto store = open_store(path());
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(capture_events(**store, "quiz", 1, 1).has_value());
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (gone || !target.starts_with(path())) continue;
    ++checked;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0) << target;
  }
  EXPECT_EQ(checked, 3) << "the file, its log and its lock";
}

TEST_F(SqliteFile, ASecondOpenIsLockedAlsoUnderAnotherName) {
  auto first = open_store(path());
  ASSERT_TRUE(first.has_value());
  const auto second = open_store(path());
  expect_error(second, Status::locked, path());
  EXPECT_NE(second.error().text.find("another bridge"), std::string::npos) << "the lock file speaks before SQLite";
  std::filesystem::create_symlink(path(), file("alias.db"));
  expect_error(open_store(file("alias.db")), Status::locked, path());
  EXPECT_TRUE(capture_events(**first, "quiz", 1, 1).has_value());
  first->reset();
  EXPECT_TRUE(open_store(file("alias.db")).has_value());
}

TEST_F(SqliteFile, AForkedChildDoesNotKeepTheStoreLocked) {
  auto store = open_store(path());
  ASSERT_TRUE(store.has_value());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  store->reset();
  EXPECT_TRUE(open_store(path()).has_value());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(SqliteFile, ADatabaseShellInTheWayIsNamed) {
  make_store();
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "BEGIN; SELECT * FROM lane", nullptr, nullptr, nullptr), SQLITE_OK);
  expect_error(open_store(path()), Status::locked, path());
  sqlite3_close(shell);
  EXPECT_TRUE(open_store(path()).has_value());
}

TEST_F(SqliteFile, ANewerSchemaIsRefusedUntouched) {
  make_store();
  ASSERT_EQ(run_sql(path(), "PRAGMA user_version = 9999"), SQLITE_OK);
  const std::string before = bytes_of(path());
  expect_error(open_store(path()), Status::newer, path());
  EXPECT_EQ(bytes_of(path()), before);
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
}

TEST_F(SqliteFile, ANewerSchemaThatIsStillInTheLogIsRefusedUntouched) {
  make_store();
  sqlite3* newer = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &newer), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(newer, "PRAGMA user_version = 9999; CREATE TABLE later (x)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  // What a crash would leave behind: the file as it was, and the log.
  write_bytes(file("copy.db"), bytes_of(path()));
  write_bytes(file("copy.db-wal"), bytes_of(path() + "-wal"));
  sqlite3_close(newer);
  const std::string before = bytes_of(file("copy.db"));
  const std::string log = bytes_of(file("copy.db-wal"));
  ASSERT_FALSE(log.empty());
  expect_error(open_store(file("copy.db")), Status::newer, file("copy.db"));
  EXPECT_EQ(bytes_of(file("copy.db")), before);
  EXPECT_EQ(bytes_of(file("copy.db-wal")), log);
}

TEST_F(SqliteFile, SomethingElseIsRefusedUntouched) {
  ASSERT_EQ(run_sql(path(), "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')"), SQLITE_OK);
  for (const std::string& content :
       {bytes_of(path()), std::string("hello, world\n"), std::string(5000, 'x'), std::string()}) {
    write_bytes(path(), content);
    expect_error(open_store(path()), Status::damaged, path());
    EXPECT_EQ(bytes_of(path()), content);
  }
}

TEST_F(SqliteFile, ACutOffOrOverwrittenFileIsDamaged) {
  {
    auto store = open_store(path());
    ASSERT_TRUE(store.has_value() && capture_events(**store, "quiz", 1, 200).has_value());
  }
  const std::string whole = bytes_of(path());
  const std::string half = whole.substr(0, whole.size() / 2);
  write_bytes(path(), half);
  expect_error(open_store(path()), Status::damaged, path());
  EXPECT_EQ(bytes_of(path()), half);
  std::string scrambled = whole;
  std::fill(scrambled.begin() + 100, scrambled.begin() + 8000, '\xEE');
  write_bytes(path(), scrambled);
  expect_error(open_store(path()), Status::damaged, path());
  write_bytes(path(), whole);
  EXPECT_TRUE(open_store(path()).has_value());
}

TEST_F(SqliteFile, ALogWithoutItsFileIsNotReplayedIntoANewStore) {
  {
    auto store = open_store(path());
    ASSERT_TRUE(store.has_value() && capture_events(**store, "quiz", 1, 3).has_value());
    write_bytes(file("lost.db-wal"), bytes_of(path() + "-wal"));
  }
  expect_error(open_store(file("lost.db")), Status::damaged, file("lost.db"));
  EXPECT_FALSE(std::filesystem::exists(file("lost.db")));
}

TEST_F(SqliteFile, CaptureOnlyNeitherMakesNorMigrates) {
  expect_error(open_store(path(), false), Status::store, path());
  EXPECT_FALSE(std::filesystem::exists(path()));
  make_store();
  EXPECT_TRUE(open_store(path(), false).has_value());
  ASSERT_EQ(run_sql(path(), "PRAGMA user_version = 0"), SQLITE_OK);
  const std::string before = bytes_of(path());
  expect_error(open_store(path(), false), Status::store, path());
  EXPECT_EQ(bytes_of(path()), before);
}

TEST_F(SqliteFile, WrongPathsGetOneClearLine) {
  expect_error(open_store(file("missing/bridge.db")), Status::store, file("missing/bridge.db"));
  expect_error(open_store("/proc/bridge.db"), Status::store, "/proc/bridge.db");
  std::filesystem::create_directory(file("folder"));
  expect_error(open_store(file("folder")), Status::argument, file("folder"));
  EXPECT_EQ(open_store("").error().status, Status::argument);
}

TEST_F(SqliteFile, ACrashWhileTheStoreIsMadeLeavesNoneOrAWholeOne) {
  for (const char* const point :
       {"store.create.file_made", "store.migrate.begin", "store.migrate.before_commit", "store.migrate.after_commit",
        "store.create.identity_written", "store.create.before_rename"}) {
    die_at(point, path());
    EXPECT_FALSE(std::filesystem::exists(path())) << point;
  }
  die_at("store.create.after_rename", path());
  auto store = open_store(path());
  ASSERT_TRUE(store.has_value()) << store.error().text;
  EXPECT_TRUE((*store)->lanes()->empty());
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(SqliteFile, ACrashBeforeTheCommitLeavesNothingAndAfterItEverything) {
  for (const char* const point : {"store.capture.begin", "store.capture.lane_written", "store.capture.event_written",
                                  "store.capture.before_commit"}) {
    die_at(point, path());
    auto store = open_store(path());
    ASSERT_TRUE(store.has_value()) << point;
    EXPECT_TRUE((*store)->lanes()->empty()) << point;
  }
  die_at("store.capture.after_commit", path());
  auto store = open_store(path());
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ((*store)->list({})->size(), 3U);
}

TEST_F(SqliteFile, MigrationsAreNumberedWithoutGaps) {
  int expected = 1;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.number, expected++);
  EXPECT_EQ(newest_schema(), expected - 1);
}

}  // namespace ptb::test
