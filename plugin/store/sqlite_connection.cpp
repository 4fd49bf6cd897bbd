#include "store/sqlite_connection.h"

#include <fmt/format.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace ptb {

namespace {

constexpr int kBusyTimeoutMs = 1000;

/// Codes after which nobody can say whether a commit is on stable storage.
bool leaves_commit_unknown(int code) {
  const int primary = code & 0xFF;
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return true;
  // A log page that could not be written was followed by no commit record; the next transaction overwrites it.
  return primary == SQLITE_IOERR && code != SQLITE_IOERR_WRITE;
}

}  // namespace

Error sqlite_error(const std::string& path, int code, std::string_view detail, int system_error) {
  const std::string cause = system_error == 0
                                ? std::string(detail)
                                : fmt::format("{}, {}", detail, std::generic_category().message(system_error));
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return {Status::store, fmt::format("store {}: the disk is full; nothing was stored: free space on it, then try "
                                         "again",
                                         path)};
    case SQLITE_IOERR:
      return {Status::store,
              fmt::format("store {}: the file could not be read or written ({}, code {}): check the disk "
                          "and its quota, then try again",
                          path, cause, code)};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Status::store, fmt::format("store {} cannot be opened for writing ({}): make the file and its directory "
                                         "writable for this process",
                                         path, cause)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {Status::locked,
              fmt::format("store {} is in use by another program, perhaps a database shell: close it, then try again",
                          path)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return {Status::damaged,
              fmt::format("store {} is damaged ({}): keep a copy and restore it from a backup", path, detail)};
    case SQLITE_NOMEM: return {Status::store, fmt::format("store {}: out of memory; nothing was stored", path)};
    case SQLITE_TOOBIG:
      return {Status::argument, fmt::format("store {}: a value is too large to be stored; nothing was stored", path)};
    case SQLITE_CONSTRAINT:
      return {
          Status::internal,
          fmt::format("store {} refused a row that breaks its rules ({}); nothing was stored: report this as a fault",
                      path, detail)};
    default: return {Status::internal, fmt::format("store {}: {} (code {}); nothing was stored", path, cause, code)};
  }
}

class SqliteConnection::SqliteStatement final : public Statement {
 public:
  SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}

  void put(int at, std::int64_t value) override { check(sqlite3_bind_int64(statement_.get(), at, value)); }
  void put(int at, std::string_view text, bool in_place) override {
    check(sqlite3_bind_text64(statement_.get(), at, text.data() == nullptr ? "" : text.data(), text.size(),
                              lifetime(in_place), SQLITE_UTF8));
  }
  void put(int at, std::span<const unsigned char> bytes, bool in_place) override {
    check(sqlite3_bind_blob64(statement_.get(), at, bytes.data(), bytes.size(), lifetime(in_place)));
  }
  void put_null(int at) override { check(sqlite3_bind_null(statement_.get(), at)); }

  bool row() override {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) connection_.raise(code);
    return false;
  }
  void run() override {
    while (row()) {
    }
    reset();
  }
  void reset() noexcept override { sqlite3_reset(statement_.get()); }

  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_.get(), column);
  }
  [[nodiscard]] bool is_null(int column) const override {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] std::string_view text(int column) const override {
    const auto* const start = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    if (start == nullptr) return {};
    return {start, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }
  [[nodiscard]] std::span<const unsigned char> bytes(int column) const override {
    const auto* const start = static_cast<const unsigned char*>(sqlite3_column_blob(statement_.get(), column));
    return {start, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }
  [[nodiscard]] bool is_busy() const { return sqlite3_stmt_busy(statement_.get()) != 0; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  static sqlite3_destructor_type lifetime(bool in_place) { return in_place ? SQLITE_STATIC : SQLITE_TRANSIENT; }
  void check(int code) const {
    if (code != SQLITE_OK) connection_.raise(code);
  }

  SqliteConnection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

SqliteConnection::SqliteConnection(std::string path) : path_(std::move(path)) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) raise(code);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

/// What a connection in doubt has in its log is for the next one to judge.
SqliteConnection::~SqliteConnection() {
  if (handle_ && refusal() && refusal()->status != Status::state) keep_file_untouched();
}

Statement& SqliteConnection::prepare(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) raise(code);
    statement = std::make_unique<SqliteStatement>(*this, prepared);
  }
  assert(!statement->is_busy());
  return *statement;
}

void SqliteConnection::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(code);
}

std::string SqliteConnection::pragma(const char* sql) {
  auto asked = query(sql);
  return asked.row() ? std::string(asked.text(0)) : std::string();
}

void SqliteConnection::keep_file_untouched() {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void SqliteConnection::follow_usual_close() {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void SqliteConnection::close() {
  statements_.clear();
  const int code = sqlite3_close(handle_.get());
  if (code != SQLITE_OK) raise(code);
  handle_.release();
}

void SqliteConnection::begin(std::span<const FamilyLock> /*locks*/) {
  adds_ = false;
  query("BEGIN IMMEDIATE").run();
}

void SqliteConnection::commit() {
  try {
    query("COMMIT").run();
  } catch (const StoreFailure& failure) {
    if (leaves_commit_unknown(sqlite3_extended_errcode(handle_.get()))) refuse(failure.error);
    throw;
  }
}

void SqliteConnection::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle_.get()) != 0) return;
  if (sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK) return;
  refuse({Status::store, "store " + path_ + ": a failed change could not be undone; it must be opened again"});
}

void SqliteConnection::needs_room() {
  adds_ = true;
  if (!reserve_ || reserve_->take()) return;
  const std::int64_t free_bytes =
      std::atoll(pragma("PRAGMA freelist_count").c_str()) * std::atoll(pragma("PRAGMA page_size").c_str());
  if (free_bytes < reserve_->bytes()) throw StoreFailure{sqlite_error(path_, SQLITE_FULL, {}, 0)};
}

bool SqliteConnection::make_room() {
  const bool gave_up = !adds_ && reserve_ && reserve_->give_up();
  try {
    run("PRAGMA wal_checkpoint(RESTART)");
    return true;
  } catch (const StoreFailure&) {
    return gave_up;
  }
}

void SqliteConnection::scrub() { run("PRAGMA wal_checkpoint(TRUNCATE)"); }

void SqliteConnection::raise(int code) {
  sqlite3* const handle = handle_.get();
  const int primary = code & 0xFF;
  const bool of_system = handle != nullptr && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN);
  const int cause = of_system ? sqlite3_system_errno(handle) : 0;
  throw StoreFailure{
      sqlite_error(path_, code, handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle), cause),
      primary == SQLITE_FULL || cause == EDQUOT || cause == ENOSPC};
}

}  // namespace ptb
