// The implementations that the contract suite runs against.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/sqlite_store.h"
#include "support/memory_store.h"
#include "tests/contract/scratch_directory.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

namespace {

class SqlitePlace final : public StorePlace {
 public:
  Result<std::unique_ptr<Store>> open() override {
    CountingRandom random;
    auto opened = open_sqlite_store({.path = path(), .migrate = true}, random);
    if (!opened) return fail(opened.error());
    return std::unique_ptr<Store>(std::move(*opened));
  }
  std::uintmax_t bytes() override { return std::filesystem::file_size(path()); }
  std::int64_t count_snapshots() override {
    sqlite3* handle = nullptr;
    sqlite3_stmt* count = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path().c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(handle, "SELECT count(*) FROM event WHERE settings <> ''", -1, &count, nullptr),
              SQLITE_OK);
    EXPECT_EQ(sqlite3_step(count), SQLITE_ROW);
    const std::int64_t found = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(handle);
    return found;
  }
  bool holds(const std::string& text) override {
    for (const char* const suffix : {"", "-wal"}) {
      std::ifstream file(path() + suffix, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] std::string path() const { return directory_.file("bridge.db"); }
  ScratchDirectory directory_;
};

class MemoryPlace final : public StorePlace {
 public:
  Result<std::unique_ptr<Store>> open() override { return std::unique_ptr<Store>(new MemoryStore(disk_)); }
  [[nodiscard]] bool is_file() const override { return false; }
  std::uintmax_t bytes() override { return 0; }
  std::int64_t count_snapshots() override { return static_cast<std::int64_t>(disk_.snapshots.size()); }
  bool holds(const std::string& text) override { return disk_.holds(text); }

 private:
  CountingRandom random_;
  MemoryDisk disk_{random_};
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(StoreKind{"sqlite", [] { return std::make_unique<SqlitePlace>(); }},
                                         StoreKind{"memory", [] { return std::make_unique<MemoryPlace>(); }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace ptb::test
