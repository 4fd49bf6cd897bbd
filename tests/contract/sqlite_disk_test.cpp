// The embedded store on a disk that is full or fails: what was answered is true, and nothing is half done.
#include <sys/mount.h>

#include "tests/contract/faulty_disk.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

std::size_t count(Store& store) {
  EventFilter all;
  all.limit = 1000;
  const auto events = store.list(all);
  EXPECT_TRUE(events.has_value());
  return events.has_value() ? events->size() : 0;
}

}  // namespace

TEST(SqliteDisk, FullAtAnyWriteOfACaptureLeavesNothingOfIt) {
  const ScratchDirectory directory;
  FaultyDisk disk;
  auto store = open_store(directory.file("bridge.db"));
  ASSERT_TRUE(store.has_value()) << store.error().text;
  ASSERT_TRUE(capture_events(**store, "quiz", 1, 5).has_value());
  int failures = 0;
  for (int writes = 0;; ++writes) {
    disk.fill_after(writes);
    const auto captured = capture_events(**store, "wiki", 100, 20);
    const bool failed = disk.has_failed();
    disk.fill_after(-1);
    if (captured.has_value()) break;
    ++failures;
    ASSERT_TRUE(failed);
    EXPECT_EQ(captured.error().status, Status::store) << captured.error().text;
    EXPECT_NE(captured.error().text.find("disk is full"), std::string::npos) << captured.error().text;
    ASSERT_EQ(count(**store), 5U) << "full after " << writes << " writes";
    ASSERT_EQ((*store)->lanes()->size(), 1U);
    ASSERT_LT(writes, 1000);
  }
  EXPECT_GT(failures, 5);
  EXPECT_EQ(count(**store), 25U);
  store->reset();
  auto again = open_store(directory.file("bridge.db"));
  ASSERT_TRUE(again.has_value()) << again.error().text;
  EXPECT_EQ(count(**again), 25U);
}

TEST(SqliteDisk, AfterAFailedSyncTheStoreIsOpenedAgainAndVerifiedBeforeItPromisesAnything) {
  const ScratchDirectory directory;
  FaultyDisk disk;
  auto store = open_store(directory.file("bridge.db"));
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(capture_events(**store, "quiz", 1, 5).has_value());
  disk.break_sync_after(0);
  for (int turn = 0; turn < 3; ++turn) {
    const auto captured = capture_events(**store, "quiz", 10, 1);
    ASSERT_FALSE(captured.has_value());
    EXPECT_EQ(captured.error().status, Status::store);
    EXPECT_NE(captured.error().text.find("bridge.db"), std::string::npos) << captured.error().text;
    EXPECT_FALSE((*store)->lanes().has_value()) << "what cannot be verified is not told";
  }
  disk.break_sync_after(-1);
  EXPECT_TRUE(capture_events(**store, "quiz", 10, 1).has_value()) << "the disk is back, and nobody had to close it";
  EXPECT_EQ(count(**store), 6U);
  store->reset();
  auto again = open_store(directory.file("bridge.db"));
  ASSERT_TRUE(again.has_value()) << again.error().text;
  EXPECT_EQ(count(**again), 6U);
}

TEST(SqliteDisk, AStoreThatHasLostWhatItPromisedRefusesForGood) {
  const ScratchDirectory directory;
  const std::string path = directory.file("bridge.db");
  FaultyDisk disk;
  auto store = open_store(path);
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(capture_events(**store, "quiz", 1, 5).has_value());
  disk.break_sync_after(0);
  ASSERT_FALSE(capture_events(**store, "quiz", 10, 1).has_value());
  disk.break_sync_after(-1);
  // What the disk had taken for written is gone.
  std::filesystem::resize_file(path + "-wal", 0);
  for (int turn = 0; turn < 2; ++turn) {
    const auto captured = capture_events(**store, "quiz", 20, 1);
    ASSERT_FALSE(captured.has_value());
    EXPECT_EQ(captured.error().status, Status::damaged) << captured.error().text;
    EXPECT_NE(captured.error().text.find("acme/quiz"), std::string::npos) << captured.error().text;
  }
}

TEST(SqliteDisk, ASmallFileSystemFillsUpAndIsUsableAgain) {
  const ScratchDirectory directory;
  const std::string mount = directory.file("small");
  std::filesystem::create_directory(mount);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=30m") != 0) GTEST_SKIP() << "no right to mount a file system";
  struct Unmount {
    const std::string& path;
    ~Unmount() { ::umount(path.c_str()); }
  } unmount{mount};
  std::size_t stored = 0;
  {
    const std::string ballast = mount + "/ballast";
    write_bytes(ballast, std::string(8'000'000, 'b'));
    auto store = open_store(mount + "/bridge.db");
    ASSERT_TRUE(store.has_value()) << store.error().text;
    int first = 1;
    for (; first < 30'000; first += 10) {
      const auto captured = capture_events(**store, "quiz", first, 10);
      if (captured.has_value()) continue;
      EXPECT_EQ(captured.error().status, Status::store) << captured.error().text;
      break;
    }
    stored = static_cast<std::size_t>(first - 1);
    EXPECT_GT(stored, 50U);
    EXPECT_EQ(count(**store), stored);
    std::filesystem::remove(ballast);
    EXPECT_TRUE(capture_events(**store, "quiz", first, 10).has_value());
    stored += 10;
  }
  auto again = open_store(mount + "/bridge.db");
  ASSERT_TRUE(again.has_value()) << again.error().text;
  EXPECT_EQ(count(**again), stored);
}

}  // namespace ptb::test
