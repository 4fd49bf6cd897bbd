#include "store/sqlite_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/fault_point.h"
#include "store/migrations.h"

namespace ptb {

namespace {

namespace fs = std::filesystem;

// A page holds 1 / 3 / 7 events of 2 KiB at 4 / 8 / 16 KiB. Since a capture touches one page (docs/decisions, 5), large
// pages cost a lone caller little and give arrays twice the rate of 4 KiB. A larger page cache changed nothing.
constexpr int kPageBytes = 16384;
constexpr int kCheckpointPages = 1000;  // SQLite's own choice; a log that keeps growing slows single commits down

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] bool sync() const { return ::fsync(descriptor_) == 0; }
  [[nodiscard]] ssize_t read(void* into, std::size_t size, off_t at = 0) const {
    return ::pread(descriptor_, into, size, at);
  }
  [[nodiscard]] bool write(const void* from, std::size_t size, off_t at) const {
    const ssize_t written = ::pwrite(descriptor_, from, size, at);
    if (written >= 0 && written != static_cast<ssize_t>(size)) errno = ENOSPC;
    return written == static_cast<ssize_t>(size);
  }

 private:
  int descriptor_;
};

[[noreturn]] void raise(Status status, std::string text) { throw StoreFailure{{status, std::move(text)}}; }

[[noreturn]] void raise_system(const std::string& path, std::string_view what) {
  const int cause = errno;
  throw StoreFailure{{Status::store, fmt::format("store {}: {}: {}; the directory must be writable and have space",
                                                 path, what, std::generic_category().message(cause))},
                     cause == ENOSPC || cause == EDQUOT};
}

void sync_path(const std::string& path, int flags, const std::string& store) {
  const File file(path, flags);
  if (!file.is_open() || !file.sync()) raise_system(store, "cannot write to " + path);
}

/// After a sync that has failed, here or in the process before this one, the system may take pages for stored that are
/// not: the next sync says nothing of them. What is written anew is synced for certain. False: there is nothing in it.
bool write_log_anew(const std::string& path) {
  const std::string log = path + "-wal";
  if (::access(log.c_str(), F_OK) != 0) return false;
  const File file(log, O_RDWR);
  std::vector<char> bytes(1U << 20U);
  off_t at = 0;
  ssize_t size = file.is_open() ? file.read(bytes.data(), bytes.size(), at) : -1;
  for (; size > 0; size = file.read(bytes.data(), bytes.size(), at)) {
    if (!file.write(bytes.data(), static_cast<std::size_t>(size), at)) break;
    at += size;
  }
  if (size != 0 || !file.sync()) raise_system(path, "cannot write to " + log);
  return at > 0;
}

void apply_settings(SqliteConnection& connection) {
  connection.run(fmt::format("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                             "PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = {}",
                             kCheckpointPages)
                     .c_str());
}

/// A setting that SQLite did not take would break a promise silently.
void check_settings(SqliteConnection& connection, const std::string& path) {
  struct Wanted {
    const char* pragma;
    const char* value;
  };
  for (const auto& [pragma, value] : {Wanted{"PRAGMA locking_mode", "exclusive"}, Wanted{"PRAGMA journal_mode", "wal"},
                                      Wanted{"PRAGMA synchronous", "2"}, Wanted{"PRAGMA foreign_keys", "1"}}) {
    const std::string found = connection.pragma(pragma);
    if (found != value)
      raise(Status::store,
            fmt::format("store {}: SQLite answers {} = '{}' where '{}' is needed: use a local file system "
                        "and an SQLite that is built with WAL",
                        path, pragma, found, value));
  }
}

[[noreturn]] void raise_newer(const std::string& path, std::int64_t version) {
  raise(Status::newer, fmt::format("store {} was written by a newer ptbridge (schema {}, this plugin knows {}): use a "
                                   "newer plugin; the file was left untouched",
                                   path, version, newest_schema()));
}

std::uint32_t big_endian(const unsigned char* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | static_cast<std::uint32_t>(at[3]);
}

std::unique_ptr<SqliteConnection> connect_untouched(const std::string& path) {
  auto connection = std::make_unique<SqliteConnection>(path);
  connection->keep_file_untouched();
  // Before the first read: an exclusive connection keeps the log's index in memory, so there is no -shm file.
  connection->pragma("PRAGMA locking_mode = EXCLUSIVE");
  return connection;
}

int schema_of(SqliteConnection& connection) { return std::atoi(connection.pragma("PRAGMA user_version").c_str()); }

}  // namespace

void remove_store_file(const std::string& path) {
  for (const char* const suffix : {"", "-wal", "-journal", "-shm"}) {
    const std::string file = path + suffix;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) raise_system(path, "cannot remove " + file);
  }
}

void create_private_file(const std::string& path) {
  if (!File(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW).is_open()) raise_system(path, "cannot be created");
}

void sync_file(const std::string& path) { sync_path(path, O_RDWR, path); }

void sync_directory_of(const std::string& path) {
  sync_path(fs::path(path).parent_path().string(), O_RDONLY | O_DIRECTORY, path);
}

void refuse_foreign_file(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) raise_system(path, "cannot be read");
  unsigned char header[100] = {};
  const ssize_t size = file.read(header, sizeof header);
  if (size < 0) raise_system(path, "cannot be read");
  if (size < static_cast<ssize_t>(sizeof header) || std::memcmp(header, "SQLite format 3", 16) != 0)
    raise(Status::damaged,
          fmt::format("store {} is damaged or is no database: restore it from a backup, or name another "
                      "file; it was left untouched",
                      path));
  if (big_endian(header + 68) != static_cast<std::uint32_t>(kApplicationId))
    raise(Status::damaged,
          fmt::format("{} is a database of another program: name another file; it was left untouched", path));
  const std::uint32_t version = big_endian(header + 60);
  if (version > static_cast<std::uint32_t>(newest_schema())) raise_newer(path, version);
}

Result<std::string> real_store_path(const std::string& path) {
  std::error_code problem;
  const fs::path given(path);
  if (path.empty() || !given.has_filename() || path.find('\0') != std::string::npos)
    return fail(Status::argument, fmt::format("'{}' names no store file: write sqlite:PATH", path));
  if (fs::is_directory(given, problem))
    return fail(Status::argument, fmt::format("{} is a directory: name a file in it", path));
  if (fs::exists(given, problem)) {
    const fs::path found = fs::canonical(given, problem);
    if (!problem) return found.string();
  }
  const fs::path directory = fs::canonical(given.has_parent_path() ? given.parent_path() : fs::path("."), problem);
  if (problem)
    return fail(Status::store,
                fmt::format("store {}: its directory cannot be used ({}): create it first", path, problem.message()));
  return (directory / given.filename()).string();
}

void create_store_file(const std::string& path, const std::array<unsigned char, 16>& bridge) {
  if (::access((path + "-wal").c_str(), F_OK) == 0)
    raise(Status::damaged,
          fmt::format("store {0} is missing but its log {0}-wal is there: put the store back from where "
                      "it went, or remove the log to start anew",
                      path));
  const std::string draft = path + ".new";
  remove_store_file(draft);
  create_private_file(draft);
  fault_point("store.create.file_made");
  SqliteConnection connection(draft);
  connection.run(
      fmt::format("PRAGMA page_size = {}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL", kPageBytes)
          .c_str());
  apply_settings(connection);
  migrate(connection, 0);
  connection.query("INSERT INTO meta (id, bridge) VALUES (1, ?1)").bind(std::span<const unsigned char>(bridge)).run();
  fault_point("store.create.identity_written");
  // Closing would do this too, but says nothing where the disk is full: then the file would be given its name without
  // what is still in the log.
  connection.run("PRAGMA wal_checkpoint(TRUNCATE)");
  connection.close();
  sync_file(draft);
  fault_point("store.create.before_rename");
  if (::rename(draft.c_str(), path.c_str()) != 0) raise_system(path, "cannot be created");
  fault_point("store.create.after_rename");
  sync_directory_of(path);
}

std::unique_ptr<SqliteConnection> open_store_file(const std::string& path, bool may_migrate) {
  refuse_foreign_file(path);
  auto opened = connect_untouched(path);
  // The header on disk may be older than the log.
  const int version = schema_of(*opened);
  if (version > newest_schema()) raise_newer(path, version);
  if (version < newest_schema() && !may_migrate)
    raise(Status::store,
          fmt::format("store {} has schema {} and this plugin needs {}: open it once in a process that is "
                      "not capture-only",
                      path, version, newest_schema()));
  // What SQLite has read of the log counts only if it reads the same of what is on the disk for certain.
  if (write_log_anew(path)) {
    opened.reset();
    opened = connect_untouched(path);
  }
  SqliteConnection& connection = *opened;
  if (connection.pragma("PRAGMA journal_mode = WAL") != "wal")
    raise(Status::store, fmt::format("store {} cannot keep a write-ahead log: use a local file system", path));
  apply_settings(connection);
  check_settings(connection, path);
  connection.follow_usual_close();
  migrate(connection, schema_of(connection));
  // What a crash left in the log goes into the file now, so that nothing is built upon pages of unknown durability.
  connection.run("PRAGMA wal_checkpoint(RESTART)");
  return opened;
}

}  // namespace ptb
