// Copies of an open SQLite file, made by SQLite's own backup over the one connection: what is written meanwhile goes
// into the copy too, so that it never starts anew.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/fault_point.h"
#include "core/pairs.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"

namespace ptb {

namespace {

// 8 MiB of 16 KiB pages: as long as one takes, a capture waits, about as long as for a checkpoint. Smaller ones make
// the copy last: where many capture at once, each piece waits for its turn.
constexpr int kPagesOfAPiece = 512;
constexpr int kMostFindings = 100;

[[noreturn]] void raise_line(Status status, std::string text) { throw StoreFailure{{status, std::move(text)}}; }

class SqliteCopy final : public DatabaseCopy {
 public:
  SqliteCopy(SqliteConnection& from, std::string from_path, std::string path)
      : from_path_(std::move(from_path)), path_(std::move(path)) {
    remove_store_file(path_);
    create_private_file(path_);
    copy_ = std::make_unique<SqliteConnection>(path_);
    // Nothing is built upon it before it is all there and synced.
    copy_->run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE");
    backup_ = sqlite3_backup_init(copy_->handle(), "main", from.handle(), "main");
    if (backup_ == nullptr) fail(sqlite3_extended_errcode(copy_->handle()));
  }
  ~SqliteCopy() override { give_up(); }

  bool step() override {
    if (backup_ == nullptr)
      raise_line(Status::store, fmt::format("store {} had to be opened again meanwhile: try again", from_path_));
    const int code = sqlite3_backup_step(backup_, kPagesOfAPiece);
    fault_point("store.backup.piece_copied");
    if (code == SQLITE_OK) return true;
    sqlite3_backup_finish(backup_);
    backup_ = nullptr;
    if (code != SQLITE_DONE) fail(code);
    copy_->close();
    copy_.reset();
    return false;
  }

  void give_up() noexcept override {
    if (backup_ != nullptr) sqlite3_backup_finish(backup_);
    backup_ = nullptr;
  }

  [[nodiscard]] std::unique_ptr<Connection> open() override {
    auto opened = std::make_unique<SqliteConnection>(path_);
    opened->pragma("PRAGMA locking_mode = EXCLUSIVE");
    // One file that can be carried away, without a log beside it.
    opened->pragma("PRAGMA journal_mode = DELETE");
    return opened;
  }

  void keep_as(const std::string& path) override {
    {
      SqliteConnection copy(path_);
      copy.run("PRAGMA query_only = ON");
      if (const auto found = copy.pragma("PRAGMA quick_check(1)"); found != "ok")
        raise_line(Status::damaged,
                   fmt::format("the copy of store {} is damaged, and so is the store, or the disk ({}): look "
                               "with a check of the store",
                               path_, found));
    }
    sync_file(path_);
    fault_point("store.backup.before_rename");
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
      // Not every file system can; a link does not replace anything either.
      if (errno == EEXIST || ::link(path_.c_str(), path.c_str()) != 0)
        raise_line(Status::refused, fmt::format("the backup {} cannot be made: {}; name a file that is not there yet",
                                                path, std::generic_category().message(errno)));
      ::unlink(path_.c_str());
    }
    fault_point("store.backup.after_rename");
    sync_directory_of(path);
  }

 private:
  [[noreturn]] void fail(int code) const {
    const int primary = code & 0xFF;
    const bool of_source = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
    throw StoreFailure{sqlite_error(of_source ? from_path_ : path_, code, sqlite3_errstr(code), 0)};
  }

  std::string from_path_;
  std::string path_;
  std::unique_ptr<SqliteConnection> copy_;
  sqlite3_backup* backup_ = nullptr;
};

}  // namespace

std::unique_ptr<DatabaseCopy> SqliteConnection::begin_copy(const std::string& path) {
  return std::make_unique<SqliteCopy>(*this, path_, path);
}

std::vector<std::string> SqliteConnection::damage() {
  std::vector<std::string> found;
  try {
    {
      auto row = query("PRAGMA integrity_check(100)");
      while (row.row())
        if (row.text(0) != "ok") found.emplace_back(row.text(0));
    }
    auto row = query("PRAGMA foreign_key_check");
    while (row.row() && found.size() < kMostFindings)
      found.push_back(fmt::format("table {}: row {} names one of table {} that is not there", row.text(0), row.text(1),
                                  row.text(2)));
  } catch (const StoreFailure& failure) {
    found.push_back(failure.error.text);
  }
  for (std::string& line : found) line = printable(line, 300);
  return found;
}

}  // namespace ptb
