#include "store/sqlite_connection.h"

#include <fmt/format.h>

#include <cassert>
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

Query::~Query() { sqlite3_reset(statement_); }

void Query::check(int code) const {
  if (code != SQLITE_OK) connection_.raise(code);
}

void Query::put(int at, std::int64_t value) { check(sqlite3_bind_int64(statement_, at, value)); }
void Query::put(int at, std::string_view value) {
  check(sqlite3_bind_text64(statement_, at, value.data() == nullptr ? "" : value.data(), value.size(), lifetime_,
                            SQLITE_UTF8));
}
void Query::put(int at, std::span<const unsigned char> value) {
  check(sqlite3_bind_blob64(statement_, at, value.data(), value.size(), lifetime_));
}
void Query::put(int at, std::nullopt_t) { check(sqlite3_bind_null(statement_, at)); }

bool Query::row() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.raise(code);
  return false;
}

void Query::run() {
  while (row()) {
  }
  sqlite3_reset(statement_);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::string_view Query::text(int column) const {
  const auto* const start = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (start == nullptr) return {};
  return {start, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
std::span<const unsigned char> Query::bytes(int column) const {
  const auto* const start = static_cast<const unsigned char*>(sqlite3_column_blob(statement_, column));
  return {start, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Connection::Connection(std::string path) : path_(std::move(path)) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) raise(code);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

Query Connection::query(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    statement.reset(prepared);
    if (code != SQLITE_OK) raise(code);
  }
  assert(sqlite3_stmt_busy(statement.get()) == 0);
  return {*this, statement.get()};
}

void Connection::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(code);
}

std::string Connection::pragma(const char* sql) {
  auto asked = query(sql);
  return asked.row() ? std::string(asked.text(0)) : std::string();
}

void Connection::keep_file_untouched() {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Connection::follow_usual_close() {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void Connection::close() {
  statements_.clear();
  const int code = sqlite3_close(handle_.get());
  if (code != SQLITE_OK) raise(code);
  handle_.release();
}

void Connection::begin() { query("BEGIN IMMEDIATE").run(); }

void Connection::commit() {
  try {
    query("COMMIT").run();
  } catch (const StoreFailure& failure) {
    if (leaves_commit_unknown(sqlite3_extended_errcode(handle_.get())))
      refuse({failure.error.status, failure.error.text + "; the bridge must be closed and opened again"});
    throw;
  }
}

void Connection::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle_.get()) != 0) return;
  if (sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK) return;
  refuse({Status::store,
          "store " + path_ + ": a failed change could not be undone; the bridge must be closed and opened again"});
}

void Connection::raise(int code) {
  sqlite3* const handle = handle_.get();
  const int primary = code & 0xFF;
  const bool of_system = handle != nullptr && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN);
  throw StoreFailure{sqlite_error(path_, code, handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle),
                                  of_system ? sqlite3_system_errno(handle) : 0)};
}

}  // namespace ptb
