// One SQLite file over the raw C API, with prepared statements. Knows nothing of the schema.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/connection.h"
#include "store/disk_reserve.h"

namespace ptb {

class SqliteConnection final : public Connection {
 public:
  /// Opens an existing file. It is not read yet.
  explicit SqliteConnection(std::string path);
  ~SqliteConnection() override;

  void run(const char* sql) override;
  std::int64_t changes() override { return sqlite3_changes64(handle_.get()); }
  void begin(std::span<const FamilyLock> locks) override;
  void commit() override;
  void roll_back() noexcept override;
  /// Refuses what the reserve would have to be given up for, unless the file has as much room within itself.
  void needs_room() override;
  /// Takes what is in the log into the file, so that the log's own room can be used again; for what adds nothing also
  /// gives up the reserve.
  bool make_room() override;
  /// Takes what is in the log into the file, and empties the log.
  void scrub() override;

  [[nodiscard]] std::string place() const override { return "sqlite:" + path_; }
  [[nodiscard]] std::string file() const override { return path_; }
  std::unique_ptr<DatabaseCopy> begin_copy(const std::string& path) override;
  std::unique_ptr<Successor> make_successor(const std::string& backup) override;
  std::vector<std::string> damage() override;

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  /// The first column of the only row.
  std::string pragma(const char* sql);
  /// Leaves the log as it is when the connection closes. For a file that is not ours to change.
  void keep_file_untouched();
  void follow_usual_close();
  /// Keeps that much room for what adds nothing.
  void keep(DiskReserve reserve) { reserve_ = std::move(reserve); }
  /// Ends every statement and closes. Errors are those of the last write into the file.
  void close();

 protected:
  Statement& prepare(const char* sql) override;

 private:
  class SqliteStatement;
  [[noreturn]] void raise(int code);

  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<SqliteStatement>> statements_;
  std::optional<DiskReserve> reserve_;
  bool adds_ = false;  ///< the transaction does
};

/// What an SQLite result code means to a person. `detail`: SQLite's own words; `system_error`: errno or 0.
Error sqlite_error(const std::string& path, int code, std::string_view detail, int system_error);

}  // namespace ptb
