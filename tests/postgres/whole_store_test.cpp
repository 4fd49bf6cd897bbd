// A store in PostgreSQL as a whole: looked through while others use it, and moved into from a file.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fault_point.h"
#include "store/sql_store.h"
#include "store/sqlite_store.h"
#include "tests/contract/filled_store.h"
#include "tests/contract/scratch_directory.h"
#include "tests/postgres/server_of_suite.h"

namespace ptb::test {

namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NoRandom final : public Random {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = 0xAB;
  }
};

AuditEntry noted() { return {0, kFilledAt + 100, "somebody", "migrate", "", ""}; }

class WholePostgresStore : public OnPostgres {
 protected:
  std::unique_ptr<SqlStore> open_shared() const {
    return std::make_unique<SqlStore>(SqlStoreParts{"PostgreSQL", nullptr, open()});
  }
  std::unique_ptr<SqlStore> open_file() const {
    NoRandom random;
    auto opened = open_sqlite_store({.path = path(), .migrate = true}, random);
    EXPECT_TRUE(opened.has_value()) << opened.error().text;
    return opened ? std::move(*opened) : nullptr;
  }
  [[nodiscard]] std::string path() const { return directory_.file("bridge.db"); }

 private:
  ScratchDirectory directory_;
};

}  // namespace

TEST_F(WholePostgresStore, IsLookedThrough) {
  auto store = open_shared();
  fill(*store, 1200);
  auto check = store->check();
  ASSERT_TRUE(check.has_value()) << check.error().text;
  EXPECT_THAT(check->findings, IsEmpty());
  EXPECT_GT(check->events, 1200);
  EXPECT_EQ(check->lanes, 4);
  ask("DELETE FROM ptbridge.event_key WHERE place = (SELECT max(place) FROM ptbridge.event)");
  ask("INSERT INTO ptbridge.lease VALUES (77, '0123456789abcdef0123456789abcdef', 1)");
  check = store->check();
  ASSERT_TRUE(check.has_value()) << check.error().text;
  EXPECT_EQ(check->findings.size(), 2u);
}

TEST_F(WholePostgresStore, IsNoFile) {
  auto store = open_shared();
  const ScratchDirectory directory;
  const auto backup = store->back_up(directory.file("kept.db"), noted());
  ASSERT_FALSE(backup.has_value());
  EXPECT_THAT(backup.error().text, HasSubstr("pg_dump"));
  EXPECT_FALSE(store->put_back(directory.file("kept.db"), {}, noted()).has_value());
}

TEST_F(WholePostgresStore, BeginsANewLifeAfterItWasPutBackOutside) {
  auto store = open_shared();
  fill(*store, 20);
  EventId life{};
  life.data[0] = 9;
  const auto begun = store->begin_new_life(life, noted());
  ASSERT_TRUE(begun.has_value()) << begun.error().text;
  EXPECT_FALSE(store->lanes().has_value());
  store = open_shared();
  EXPECT_EQ(store->identity().bridge, life);
  const auto lanes = store->lanes();
  ASSERT_TRUE(lanes.has_value());
  for (const Lane& lane : *lanes) EXPECT_EQ(lane.hold, LaneHold::held);
}

TEST_F(WholePostgresStore, TakesInAWholeFile) {
  auto file = open_file();
  fill(*file, 3000);
  const std::string before = told(*file);
  auto store = open_shared();
  const auto moved = file->move_to(*store, noted());
  ASSERT_TRUE(moved.has_value()) << moved.error().text;
  EXPECT_GT(moved->rows, 6000);
  file.reset();
  NoRandom random;
  const auto closed = open_sqlite_store({.path = path(), .migrate = true}, random);
  ASSERT_FALSE(closed.has_value());
  EXPECT_THAT(closed.error().text, HasSubstr("has moved to postgresql://"));
  store = open_shared();
  std::string after = told(*store);
  const auto last = after.rfind("\nmigrate");
  ASSERT_NE(last, std::string::npos);
  EXPECT_THAT(after.substr(last), HasSubstr("postgresql://"));
  EXPECT_EQ(after.substr(0, last), before);
  EXPECT_THAT(store->check()->findings, IsEmpty());
  // It goes on: known ids are known, new events and lanes and notes find their numbers, lanes are walked.
  EXPECT_EQ(capture_into(*store, "quiz", 2999, 1)->front().kind, CaptureAnswer::Kind::duplicate);
  EXPECT_EQ(capture_into(*store, "quiz", 900'000, 1)->front().place.sequence, 3001);
  EXPECT_TRUE(capture_into(*store, "other", 900'001, 1).has_value());
  EXPECT_TRUE(store->put_audit({0, 1, "x", "y", "z", ""}).has_value());
  ASSERT_TRUE(store->hold_lane(1, LaneHold::none, "").has_value());
  ASSERT_TRUE(store->save_tool({"acme", "quiz"}, ToolState::available, kFilledAt + 50'000'000).has_value());
  auto second = open_shared();
  EXPECT_EQ(second->lanes()->size(), 5u);
  EXPECT_THAT(second->check()->findings, IsEmpty());
}

TEST_F(WholePostgresStore, ACrashLeavesOneStoreThatGoesOnAndTheNextTryFinishes) {
  for (const char* const point : {"store.move.copied", "store.move.committed", "store.move.before_mark"}) {
    database_ = server_of_suite().new_database();
    uri_ = server_of_suite().uri(database_);
    for (const auto& suffix : {"", "-wal", ".lock"}) ::unlink((path() + suffix).c_str());
    {
      auto file = open_file();
      fill(*file, 300);
    }
    static const char* fatal;
    fatal = point;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto file = open_file();
      auto store = open_shared();
      fault_point_hook = [](const char* name) {
        if (std::string_view(name) == fatal) ::_exit(7);
      };
      static_cast<void>(file->move_to(*store, noted()));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << "never came to " << point;
    auto file = open_file();
    auto store = open_shared();
    const bool copied = std::string_view(point) != "store.move.copied";
    EXPECT_EQ(store->lanes()->empty(), !copied) << point;
    const auto moved = file->move_to(*store, noted());
    ASSERT_TRUE(moved.has_value()) << point << ": " << moved.error().text;
    EXPECT_EQ(moved->was_there, copied) << point;
    store = open_shared();
    EXPECT_EQ(store->lane(1)->last_sequence, 300) << point;
    EXPECT_THAT(store->check()->findings, IsEmpty()) << point;
  }
}

}  // namespace ptb::test
