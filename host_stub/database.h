// SQLite behind two small owners. Knows SQL errors and nothing of what the tables mean.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace host {

class Database;

/// One prepared statement, bound from left to right and stepped through. Throws Refusal where SQLite fails.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);

  /// True while there is a row to read.
  bool step();
  /// To the end, and ready to be bound again.
  void run();
  /// Ready to be bound again.
  void reset();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  Database& database_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
  int bound_ = 0;
};

/// One connection: synchronous=FULL, foreign keys checked. There may be several at once. The file is created with mode
/// 0600.
class Database {
 public:
  explicit Database(std::filesystem::path path);

  void execute(const char* sql);
  /// Writes a copy that is one file, mode 0600. Throws Refusal: there is a file already, or it cannot be written.
  void copy_to(const std::filesystem::path& file);
  /// Takes over all that the file holds, in one transaction. Throws Refusal, with nothing changed: it is not there, is
  /// damaged, has another application id, or a user version above `newest_version`.
  void copy_from(const std::filesystem::path& file, int application_id, int newest_version);
  [[noreturn]] void fail(const char* doing) const;
  [[nodiscard]] sqlite3* handle() const { return connection_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> connection_;
};

/// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace host
