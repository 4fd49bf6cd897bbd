// See disk_loops.h.
#include "disk_loops.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;
constexpr std::uint32_t kBlocks = 1024;

}  // namespace

RawSyncLoop::RawSyncLoop(const std::filesystem::path& file) : block_(kBlockBytes, 'x') {
  file_ = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0) throw std::runtime_error(fmt::format("cannot create {}", file.string()));
  // Written, not only allocated: the first write to an unwritten extent also changes the file system's own records.
  for (std::uint32_t block = 0; block < kBlocks; ++block) {
    if (write(file_, block_.data(), block_.size()) != kBlockBytes) throw std::runtime_error("cannot write: disk full?");
  }
  if (fsync(file_) != 0) throw std::runtime_error("cannot sync");
}

RawSyncLoop::~RawSyncLoop() { close(file_); }

double RawSyncLoop::step() {
  position_ = (position_ + 1) % kBlocks;
  block_[position_ % kBlockBytes] ^= 1;
  if (pwrite(file_, block_.data(), block_.size(), static_cast<off_t>(position_) * kBlockBytes) != kBlockBytes ||
      fdatasync(file_) != 0) {
    throw std::runtime_error("cannot write and sync");
  }
  return 1;
}

StorePragmas pragmas_of(const std::filesystem::path& closed_store) {
  // The header of an SQLite file holds the page size at offset 16, big-endian; 1 stands for 65,536.
  std::ifstream file(closed_store, std::ios::binary);
  unsigned char header[18] = {};
  file.read(reinterpret_cast<char*>(header), sizeof header);
  if (!file) throw std::runtime_error(fmt::format("{} is no SQLite file", closed_store.string()));
  StorePragmas pragmas;
  pragmas.page_bytes = header[16] << 8 | header[17];
  if (pragmas.page_bytes == 1) pragmas.page_bytes = 65536;
  return pragmas;
}

BareSqliteLoop::BareSqliteLoop(const std::filesystem::path& file, const StorePragmas& pragmas, int row_bytes)
    : row_(static_cast<std::size_t>(row_bytes), 'r') {
  if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) {
    throw std::runtime_error(fmt::format("cannot create {}", file.string()));
  }
  execute(fmt::format("PRAGMA page_size={}", pragmas.page_bytes));
  execute("PRAGMA locking_mode=EXCLUSIVE");
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=FULL");
  execute("PRAGMA secure_delete=FAST");
  execute(fmt::format("PRAGMA wal_autocheckpoint={}", pragmas.wal_autocheckpoint_pages));
  execute("CREATE TABLE event(sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
  sqlite3_prepare_v3(database_, "INSERT INTO event(body) VALUES(?)", -1, SQLITE_PREPARE_PERSISTENT, &insert_, nullptr);
  if (insert_ == nullptr) throw std::runtime_error(sqlite3_errmsg(database_));
}

BareSqliteLoop::~BareSqliteLoop() {
  sqlite3_finalize(insert_);
  sqlite3_close(database_);
}

double BareSqliteLoop::step() {
  sqlite3_bind_blob(insert_, 1, row_.data(), static_cast<int>(row_.size()), SQLITE_STATIC);
  if (sqlite3_step(insert_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database_));
  sqlite3_reset(insert_);
  return 1;
}

void BareSqliteLoop::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(fmt::format("{}: {}", sql, sqlite3_errmsg(database_)));
  }
}

}  // namespace bench
