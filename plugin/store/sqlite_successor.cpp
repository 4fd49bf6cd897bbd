// A backup that becomes the store: prepared beside it, and given its name in one step, so that a crash leaves the old
// store or the new one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/fault_point.h"
#include "store/sqlite_connection.h"
#include "store/sqlite_file.h"

namespace ptb {

namespace {

namespace fs = std::filesystem;

constexpr const char* kDraft = ".put-back";
constexpr std::size_t kCopiedAtOnce = 1024 * 1024;

[[noreturn]] void raise(Status status, std::string text) { throw StoreFailure{{status, std::move(text)}}; }

[[noreturn]] void raise_system(const std::string& what) {
  raise(Status::store,
        fmt::format("{}: {}; the store was left as it was", what, std::generic_category().message(errno)));
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (number_ < 0) raise_system("cannot open " + path);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

void copy_bytes(const std::string& from, const std::string& to) {
  const Descriptor in(from, O_RDONLY);
  const Descriptor out(to, O_WRONLY);
  std::vector<char> bytes(kCopiedAtOnce);
  for (ssize_t got = 0; (got = ::read(in.number(), bytes.data(), bytes.size())) != 0;) {
    if (got < 0) raise_system("cannot read " + from);
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = ::write(out.number(), bytes.data() + done, static_cast<std::size_t>(got - done));
      if (written < 0) raise_system("cannot write " + to);
      done += written;
    }
  }
}

void refuse_what_is_no_backup(const std::string& backup, const std::string& store) {
  std::error_code none;
  if (!fs::is_regular_file(backup, none))
    raise(Status::not_found, fmt::format("there is no file {} to put back", backup));
  if (fs::equivalent(backup, store, none))
    raise(Status::argument, fmt::format("{} is the store itself: name a backup of it", backup));
  if (fs::exists(backup + "-wal", none) && fs::file_size(backup + "-wal", none) > 0)
    raise(Status::argument, fmt::format("{0} has a log beside it, {0}-wal, so it is no backup but a store that was not "
                                        "closed: make a backup of it, and put that back",
                                        backup));
  refuse_foreign_file(backup);
}

class SqliteSuccessor final : public Successor {
 public:
  SqliteSuccessor(std::string path, std::string backup)
      : path_(std::move(path)), draft_(path_ + kDraft), backup_(std::move(backup)) {}
  ~SqliteSuccessor() override {
    connection_.reset();
    if (taken_) return;
    for (const char* const suffix : {"", "-wal", "-journal"}) ::unlink((draft_ + suffix).c_str());
  }

  Connection& prepare() override {
    refuse_what_is_no_backup(backup_, path_);
    remove_store_file(draft_);
    create_private_file(draft_);
    copy_bytes(backup_, draft_);
    fault_point("store.restore.copied");
    connection_ = open_store_file(draft_, true);
    auto last = connection_->query("SELECT at, what FROM audit ORDER BY number DESC LIMIT 1");
    if (last.row() && last.text(1) == "backup") made_at_ms_ = last.integer(0);
    return *connection_;
  }
  [[nodiscard]] std::int64_t made_at_ms() const override { return made_at_ms_; }

  void settle() override {
    connection_->run("PRAGMA wal_checkpoint(TRUNCATE)");
    connection_->close();
    connection_.reset();
    sync_file(draft_);
    fault_point("store.restore.settled");
  }

  void take_place(Connection& in_use, const std::string& kept_as) override {
    auto& current = dynamic_cast<SqliteConnection&>(in_use);
    // A log that stayed behind would be taken for the new file's.
    if (current.pragma("PRAGMA wal_checkpoint(TRUNCATE)") != "0")
      raise(Status::store, fmt::format("store {}: its log could not be taken in; the store was left as it was", path_));
    if (::link(path_.c_str(), kept_as.c_str()) != 0) raise_system("cannot keep the store as " + kept_as);
    fault_point("store.restore.linked");
    try {
      current.close();
      if (::unlink((path_ + "-wal").c_str()) != 0 && errno != ENOENT) raise_system("cannot remove " + path_ + "-wal");
      // Where directories are not written in order, the old log must not come back beside the new file.
      sync_directory_of(path_);
      fault_point("store.restore.closed");
      if (::rename(draft_.c_str(), path_.c_str()) != 0) raise_system("cannot give the backup the name " + path_);
      taken_ = true;
      fault_point("store.restore.renamed");
      sync_directory_of(path_);
    } catch (const StoreFailure& failure) {
      // The old store is opened again by itself; the new one by whoever opens the bridge anew.
      if (!taken_) ::unlink(kept_as.c_str());
      current.refuse({taken_ ? Status::state : Status::store, failure.error.text});
      throw;
    }
  }

 private:
  std::string path_;
  std::string draft_;
  std::string backup_;
  std::unique_ptr<SqliteConnection> connection_;
  std::int64_t made_at_ms_ = 0;
  bool taken_ = false;
};

}  // namespace

std::unique_ptr<Successor> SqliteConnection::make_successor(const std::string& backup) {
  return std::make_unique<SqliteSuccessor>(path_, backup);
}

void remove_unfinished_successor(const std::string& path) {
  std::error_code none;
  if (!fs::exists(path + kDraft, none)) return;
  // The name that the old store was to be kept under may be its second one: what is open has one name only.
  const fs::path store(path);
  const auto kept = store.filename().string() + kKeptAs;
  for (const auto& entry : fs::directory_iterator(store.parent_path(), none))
    if (entry.path().filename().string().starts_with(kept) && fs::equivalent(entry.path(), store, none))
      ::unlink(entry.path().c_str());
  remove_store_file(path + kDraft);
}

}  // namespace ptb
