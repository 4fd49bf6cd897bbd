// See database.h.
#include "database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "refusal.h"

namespace host {

namespace {

/// SQLite creates files with the mode of the process' umask; secrets need 0600 from the first moment on.
void create_privately(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) refuse("cannot open {}: {}", path.string(), std::strerror(errno));
  ::close(file);
}

}  // namespace

Statement::Statement(Database& database, std::string_view sql)
    : database_(database), statement_(nullptr, &sqlite3_finalize) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
    database.fail("read");
  statement_.reset(raw);
}

Statement& Statement::bind(std::string_view text) {
  const char* bytes = text.data() == nullptr ? "" : text.data();
  if (sqlite3_bind_text(statement_.get(), ++bound_, bytes, static_cast<int>(text.size()), SQLITE_TRANSIENT) !=
      SQLITE_OK)
    database_.fail("read");
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  if (sqlite3_bind_int64(statement_.get(), ++bound_, number) != SQLITE_OK) database_.fail("read");
  return *this;
}

bool Statement::step() {
  const int answer = sqlite3_step(statement_.get());
  if (answer == SQLITE_ROW) return true;
  if (answer == SQLITE_DONE) return false;
  database_.fail(sqlite3_stmt_readonly(statement_.get()) != 0 ? "read" : "write");
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bound_ = 0;
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

Database::Database(std::filesystem::path path) : path_(std::move(path)), connection_(nullptr, &sqlite3_close) {
  create_privately(path_);
  sqlite3* raw = nullptr;
  // FULLMUTEX: the bridge's thread asks for secrets while the command's thread works. One connection, not two, since
  // SQLite up to 3.51.2 can corrupt a WAL that two connections of one process checkpoint at once.
  const int answer = sqlite3_open_v2(path_.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  connection_.reset(raw);
  if (answer != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(raw, 2000);
  if (sqlite3_exec(raw, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", nullptr, nullptr,
                   nullptr) != SQLITE_OK)
    fail("open");
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("write");
}

void Database::fail(const char* doing) const {
  const int code = sqlite3_errcode(handle());
  const char* advice = "nothing was done; try again";
  if (code == SQLITE_FULL) advice = "nothing was done; make room on that disk and try again";
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) advice = "the file is damaged: put it back from a backup";
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN) advice = "nothing was done; make it writable and try again";
  refuse("cannot {} {}: {} ({})", doing, path_.string(), sqlite3_errmsg(handle()), advice);
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace host
