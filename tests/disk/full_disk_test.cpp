// A disk that is full: captures are refused clearly, walks go on and are settled, what is settled makes room, and the
// reserve is there again once the disk has space. The disk is as large as the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "disk/judge.h"
#include "disk/stage.h"

namespace ptb::test {
namespace {

constexpr std::int64_t kReserve = 2 << 20;
constexpr std::int64_t kCheckpointPages = 100;

/// Counts what the files of a directory take.
class SmallDisk final : public DiskWatcher {
 public:
  SmallDisk(const std::string& directory, std::int64_t bytes) : bytes_(bytes), watched_(*this, directory) {}

  void grow_to(std::int64_t bytes) { bytes_ = bytes; }
  /// These files were put there behind its back.
  void has(const std::string& directory, const Files& files) {
    sizes_.clear();
    for (const auto& [name, bytes] : files) sizes_[directory + "/" + name] = static_cast<std::int64_t>(bytes.size());
  }
  [[nodiscard]] std::int64_t taken() const {
    std::int64_t sum = 0;
    for (const auto& [path, size] : sizes_) sum += size;
    return sum;
  }
  [[nodiscard]] int refusals() const { return refusals_; }

  int before(const DiskOrder& order) override {
    using Kind = DiskOrder::Kind;
    std::int64_t& size = sizes_[std::string(order.path)];
    switch (order.kind) {
      case Kind::write: return grow(size, order.at + static_cast<std::int64_t>(order.bytes.size()));
      case Kind::reserve: return grow(size, order.at);
      case Kind::truncate: size = order.at; break;
      case Kind::remove: size = 0; break;
      case Kind::rename: sizes_[std::string(order.target)] = std::exchange(size, 0); break;
      default: break;
    }
    return 0;
  }

 private:
  int grow(std::int64_t& size, std::int64_t to) {
    if (to > size && taken() - size + to > bytes_) {
      ++refusals_;
      return ENOSPC;
    }
    size = std::max(size, to);
    return 0;
  }

  std::int64_t bytes_;
  int refusals_ = 0;
  std::map<std::string, std::int64_t> sizes_;
  WatchedDisk watched_;  // last: it asks all others
};

class FullDisk : public testing::Test {
 protected:
  FullDisk() {
    player_.opening = usual_store(kReserve);
    player_.when_open = [] {
      run_on_newest_connection("PRAGMA wal_autocheckpoint = " + std::to_string(kCheckpointPages));
    };
    EXPECT_TRUE(player_.open());
    for (const char tool : {'a', 'b'}) player_.install(tool);
  }

  void fill_the_disk() {
    for (int call = 0; call < 1000 && player_.errors.empty(); ++call) player_.capture(10);
    expect_refusals_only();
    EXPECT_GT(player_.captured(), 500);
  }
  /// Of captures, in one clear line each.
  void expect_refusals_only() {
    EXPECT_FALSE(player_.errors.empty());
    for (const Error& error : player_.errors) {
      EXPECT_EQ(error.status, Status::store);
      EXPECT_THAT(error.text, testing::HasSubstr("the disk is full; nothing was stored: free space on it"));
      EXPECT_THAT(error.text, testing::Not(testing::HasSubstr("\n")));
    }
    player_.errors.clear();
  }
  void walk_everything() {
    for (const char tool : {'a', 'b'}) player_.save(tool, ToolState::available);
    player_.settle_some(EventState::pending, EventState::refused);
    player_.walk(40);
    player_.walk(0, 16);
    player_.walk();
  }
  bool has_reserve() {
    struct stat status {};
    return ::stat((floor_.store() + ".reserve").c_str(), &status) == 0 && status.st_size == kReserve;
  }
  void expect_all_kept() {
    EXPECT_THAT(broken_invariants(player_.store(), ledger_.at(kNever - 1)), testing::IsEmpty());
  }

  static constexpr std::int64_t kDisk = 12 << 20;
  const Floor floor_;
  Ledger ledger_;
  SmallDisk disk_{floor_.path(), kDisk};
  Player player_{floor_.store(), ledger_, [] { return DiskTime{0}; }, {}};
};

TEST_F(FullDisk, CapturesLeaveTheReserveAloneAndAreRefusedClearly) {
  EXPECT_TRUE(has_reserve());
  fill_the_disk();
  for (int call = 0; call < 20; ++call) player_.capture(10);
  expect_refusals_only();
  EXPECT_TRUE(has_reserve());
  expect_all_kept();
}

TEST_F(FullDisk, WalksGoOnAndAreSettled) {
  fill_the_disk();
  const int refused = disk_.refusals();
  walk_everything();
  EXPECT_THAT(player_.errors, testing::IsEmpty()) << player_.errors.front().text;
  EXPECT_GT(disk_.refusals(), refused) << "the disk was not full at all";
  EXPECT_FALSE(has_reserve());
  expect_all_kept();
  const auto lanes = player_.store().lanes();
  for (const Lane& lane : *lanes)
    EXPECT_EQ(lane.waiting, lane.key == "acme/toolc" ? lane.last_sequence : 0) << lane.key;
  for (int round = 0; round < 300; ++round) player_.reclaim(50);
  EXPECT_THAT(player_.errors, testing::IsEmpty()) << player_.errors.front().text;
  player_.capture(10);
  EXPECT_THAT(player_.errors, testing::IsEmpty()) << "what was settled has made room in the file";
  expect_all_kept();
  EXPECT_LE(disk_.taken(), kDisk);
}

TEST_F(FullDisk, TheReserveIsThereAgainOnceThereIsSpace) {
  fill_the_disk();
  walk_everything();
  EXPECT_FALSE(has_reserve());
  player_.capture(10);
  expect_refusals_only();
  disk_.grow_to(2 * kDisk);
  player_.capture(10);
  EXPECT_THAT(player_.errors, testing::IsEmpty());
  EXPECT_TRUE(has_reserve());
  expect_all_kept();
}

TEST_F(FullDisk, AStoreOpensOnAFullDisk) {
  fill_the_disk();
  player_.abandon();
  const Files left = floor_.take();
  player_.close();
  floor_.put(left);
  disk_.has(floor_.path(), left);
  EXPECT_TRUE(player_.open()) << player_.errors.front().text;
  expect_all_kept();
  walk_everything();
  EXPECT_THAT(player_.errors, testing::IsEmpty());
  expect_all_kept();
}

TEST(FullDiskWithoutReserve, AWalkCannotAlwaysBeSettled) {
  const Floor floor;
  Ledger ledger;
  SmallDisk disk(floor.path(), 6 << 20);
  Player player(floor.store(), ledger, [] { return DiskTime{0}; }, {});
  ASSERT_TRUE(player.open());
  player.install('a');
  for (int call = 0; call < 1000 && player.errors.empty(); ++call) player.capture(1);
  player.errors.clear();
  player.save('a', ToolState::available);
  player.walk(0, 1);
  EXPECT_THAT(player.errors, testing::Not(testing::IsEmpty())) << "these tests would not notice a missing reserve";
}

}  // namespace
}  // namespace ptb::test
