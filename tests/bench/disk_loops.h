// What captures are compared with: the disk alone, and SQLite alone. Know nothing of the plugin.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace bench {

/// Overwrites 4 KiB of a file that is there already, and syncs it: the least that a durable write can be.
class RawSyncLoop {
 public:
  explicit RawSyncLoop(const std::filesystem::path& file);
  ~RawSyncLoop();
  RawSyncLoop(const RawSyncLoop&) = delete;
  RawSyncLoop& operator=(const RawSyncLoop&) = delete;

  /// One write and one fdatasync. Returns 1.
  double step();

 private:
  int file_ = -1;
  std::uint32_t position_ = 0;
  std::string block_;
};

/// What the store of the plugin asks of SQLite, so that the bare loop asks the same.
struct StorePragmas {
  int page_bytes = 4096;
  int wal_autocheckpoint_pages = 1000;
};
/// Reads the page size from a store that nobody has open; the rest is what the store sets at every open.
StorePragmas pragmas_of(const std::filesystem::path& closed_store);

/// Commits one row of `row_bytes` after the other, in a WAL with synchronous=FULL, secure_delete=FAST and exclusive
/// locking.
class BareSqliteLoop {
 public:
  BareSqliteLoop(const std::filesystem::path& file, const StorePragmas& pragmas, int row_bytes);
  ~BareSqliteLoop();
  BareSqliteLoop(const BareSqliteLoop&) = delete;
  BareSqliteLoop& operator=(const BareSqliteLoop&) = delete;

  /// One commit of one row. Returns 1.
  double step();

 private:
  void execute(const std::string& sql);

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::string row_;
};

}  // namespace bench
