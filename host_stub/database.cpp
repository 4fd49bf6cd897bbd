// See database.h.
#include "database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "refusal.h"

namespace host {

namespace {

constexpr int kBusyMs = 10'000;

/// SQLite creates files with the mode of the process' umask; secrets need 0600 from the first moment on.
/// A file that is there is not opened: closing it again would drop the locks that other connections of this process
/// have on it.
void create_privately(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  std::error_code none;
  if (file < 0 && errno == EEXIST && !std::filesystem::is_symlink(path, none)) return;
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
  // FULLMUTEX: the bridge's thread asks for secrets while the command's thread works. No WAL: under serve there are
  // several connections, and SQLite up to 3.51.2 can corrupt a WAL that two of them checkpoint at once.
  const int answer = sqlite3_open_v2(path_.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  connection_.reset(raw);
  if (answer != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(raw, kBusyMs);
  if (sqlite3_exec(raw, "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", nullptr,
                   nullptr, nullptr) != SQLITE_OK)
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

namespace {

using Connection = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

Connection open_other(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int answer = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Connection opened(raw, &sqlite3_close);
  if (answer != SQLITE_OK) refuse("cannot open {}: {}", file.string(), sqlite3_errstr(answer));
  return opened;
}

/// The one number that a pragma answers with; -1: it does not answer.
std::int64_t pragma(const Connection& connection, const char* sql) {
  std::int64_t answer = -1;
  const auto keep = [](void* into, int, char** values, char**) {
    if (values[0] != nullptr) *static_cast<std::int64_t*>(into) = std::strtoll(values[0], nullptr, 10);
    return 0;
  };
  sqlite3_exec(connection.get(), sql, keep, &answer, nullptr);
  return answer;
}

/// All pages of one into the other, in one transaction of the other.
int copy_all(sqlite3* from, sqlite3* to) {
  sqlite3_backup* copying = sqlite3_backup_init(to, "main", from, "main");
  if (copying == nullptr) return sqlite3_errcode(to);
  sqlite3_backup_step(copying, -1);
  return sqlite3_backup_finish(copying);
}

}  // namespace

void Database::copy_to(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made < 0)
    refuse("cannot make the backup {}: {}; name a file that is not there yet", file.string(), std::strerror(errno));
  ::close(made);
  const auto copy = open_other(file, SQLITE_OPEN_READWRITE);
  int answer = copy_all(handle(), copy.get());
  // One file that can be carried away, without a log beside it.
  if (answer == SQLITE_OK) answer = sqlite3_exec(copy.get(), "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr);
  if (answer == SQLITE_OK) return;
  std::error_code none;
  std::filesystem::remove(file, none);
  refuse("cannot write the backup {}: {}; make room on that disk, or name another file", file.string(),
         sqlite3_errstr(answer));
}

void Database::copy_from(const std::filesystem::path& file, int application_id, int newest_version) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) refuse("there is no file {} to put back", file.string());
  const auto source = open_other(file, SQLITE_OPEN_READONLY);
  const auto whose = pragma(source, "PRAGMA application_id");
  if (whose != application_id)
    refuse("{} is no backup of this kind: name a file that `ptb-host state backup` wrote", file.string());
  const auto version = pragma(source, "PRAGMA user_version");
  if (version > newest_version)
    refuse("{} was written by a newer ptb-host (version {}, this one knows {}): use that one", file.string(), version,
           newest_version);
  bool whole = false;
  const auto keep = [](void* into, int, char** values, char**) {
    *static_cast<bool*>(into) = values[0] != nullptr && std::string_view(values[0]) == "ok";
    return 0;
  };
  if (sqlite3_exec(source.get(), "PRAGMA integrity_check(1)", keep, &whole, nullptr) != SQLITE_OK || !whole)
    refuse("{} is damaged: nothing was put back; take another backup", file.string());
  if (const int answer = copy_all(source.get(), handle()); answer != SQLITE_OK)
    refuse("cannot put {} back into {}: {}; nothing was changed", file.string(), path_.string(),
           sqlite3_errstr(answer));
  execute("PRAGMA journal_mode=TRUNCATE");
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
