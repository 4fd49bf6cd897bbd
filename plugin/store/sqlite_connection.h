// One SQLite connection over the raw C API, with prepared statements and transactions that undo themselves. Knows
// nothing of the schema. A failure of SQLite is thrown as StoreFailure, which never leaves store/: SqliteStore turns it
// into an Error in each of its functions.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/result.h"

namespace ptb {

struct StoreFailure {
  Error error;
};

/// A prepared statement while it is in use; given back, reset, when it goes.
class Query {
 public:
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  /// Binds ?1, ?2 … in order: whole numbers, texts, bytes (blobs), nullopt for NULL.
  template <typename... Values>
  Query& bind(const Values&... values) {
    int at = 0;
    (put(++at, values), ...);
    return *this;
  }
  /// The same without copies: texts and bytes must stay as they are until the query has run.
  template <typename... Values>
  Query& bind_in_place(const Values&... values) {
    lifetime_ = SQLITE_STATIC;
    bind(values...);
    lifetime_ = SQLITE_TRANSIENT;
    return *this;
  }
  /// Steps. True: a row can be read.
  bool row();
  /// Steps until it is done, and resets it so that it can be bound and run again.
  void run();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  /// Valid until the next step.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const unsigned char> bytes(int column) const;

 private:
  friend class Connection;
  Query(class Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  void put(int at, std::int64_t value);
  void put(int at, std::string_view value);
  void put(int at, std::span<const unsigned char> value);
  void put(int at, std::nullopt_t);
  void put(int at, int value) { put(at, static_cast<std::int64_t>(value)); }
  void put(int at, const std::string& value) { put(at, std::string_view(value)); }
  void check(int code) const;

  Connection& connection_;
  sqlite3_stmt* statement_;
  sqlite3_destructor_type lifetime_ = SQLITE_TRANSIENT;
};

class Connection {
 public:
  /// Opens an existing file. It is not read yet.
  explicit Connection(std::string path);

  /// `sql` must be a literal: prepared once for each address. A query that is in use must not be asked for again.
  Query query(const char* sql);
  /// One or more statements without results.
  void run(const char* sql);
  /// The first column of the only row.
  std::string pragma(const char* sql);
  [[nodiscard]] std::int64_t last_row_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  /// Leaves the log as it is when the connection closes. For a file that is not ours to change.
  void keep_file_untouched();
  void follow_usual_close();
  /// Ends every statement and closes. Errors are those of the last write into the file.
  void close();

  void begin();
  void commit();
  void roll_back() noexcept;

  /// Why this connection must not be used any more: the outcome of a commit is unknown, or the file is damaged.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  void refuse(Error error) { refusal_ = std::move(error); }
  [[noreturn]] void raise(int code);

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  std::optional<Error> refusal_;
};

/// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!committed_) connection_.roll_back();
  }
  void commit() {
    connection_.commit();
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

/// What an SQLite result code means to a person. `detail`: SQLite's own words; `system_error`: errno or 0.
Error sqlite_error(const std::string& path, int code, std::string_view detail, int system_error);

}  // namespace ptb
