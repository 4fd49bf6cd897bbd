// The store as a whole: looked through, copied, put back. What takes long is done in pieces between which others use
// the connection, or on a copy that nobody else knows.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/clock.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"
#include "store/store_rules.h"

namespace ptb {

namespace {

namespace fs = std::filesystem;

// Whoever waits for the mutex gets it then: a mutex alone is not fair.
constexpr std::chrono::milliseconds kTurnOfOthers(1);

constexpr const char* kNewIdentity = "UPDATE meta SET bridge = ?1";
constexpr const char* kHoldAll = "UPDATE lane SET hold = 'held', queued = 0, hold_reason = ?1";
constexpr const char* kNote = "INSERT INTO audit (at, who, what, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kHighWater = "SELECT high_water FROM meta";

/// Held by whoever looks through a store, backs it up or puts it back: two would take each other's draft away.
constinit std::mutex one_at_a_time;

void note_in(Connection& connection, const AuditEntry& entry) {
  connection.query(kNote).bind(entry.at_ms, entry.who, entry.what, entry.target, entry.detail).run();
}

std::span<const unsigned char> bytes_of(const EventId& id) { return {id.begin(), id.size()}; }

std::string put_back_reason(std::int64_t made_at_ms) {
  const auto when = made_at_ms == 0 ? std::string() : " of " + rfc3339(made_at_ms);
  return fmt::format("put back from a backup{}: look at what waits, then release", when);
}

/// Later events have other ids than those which the bridge gave after the backup, and nothing goes out by itself.
void begin_life(Connection& connection, const EventId& bridge, std::int64_t made_at_ms, const AuditEntry& noted) {
  const auto when = made_at_ms == 0 ? std::string() : " of " + rfc3339(made_at_ms);
  connection.query(kNewIdentity).bind(std::span<const unsigned char>(bridge.begin(), bridge.size())).run();
  connection.query(kHoldAll)
      .bind(fmt::format("put back from a backup{}: look at what waits, then release", when))
      .run();
  note_in(connection, noted);
}

std::int64_t count_waiting_events(const Mirror& mirror) {
  std::int64_t sum = 0;
  for (const auto& [id, entry] : mirror.lanes()) sum += entry.lane.waiting;
  return sum;
}

/// "20261123T081500Z".
std::string stamp(std::int64_t at_ms) {
  std::string text = rfc3339(at_ms).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

/// A file that is a copy for the time being; it goes with this.
class CopyFile {
 public:
  explicit CopyFile(std::string file) : path(std::move(file)) {}
  CopyFile(const CopyFile&) = delete;
  CopyFile& operator=(const CopyFile&) = delete;
  ~CopyFile() {
    std::error_code none;
    for (const char* const suffix : {"", "-wal", "-journal"}) fs::remove(path + suffix, none);
  }
  const std::string path;
};

/// One that is not taken yet: two restores may fall into one second.
std::string free_name(const std::string& wanted) {
  std::error_code none;
  std::string name = wanted;
  for (int number = 2; fs::exists(name, none); ++number) name = fmt::format("{}-{}", wanted, number);
  return name;
}

}  // namespace

const char* const kOpenAnew = "the store was put back from a backup: the bridge must be closed and opened anew";

/// Runs a part of it as look() does, but with failures thrown.
template <typename Body>
auto SqlStore::in_turn(Body body) {
  const std::lock_guard guard(mutex_);
  if (const auto refused = refusal()) throw StoreFailure{*refused};
  return body();
}

std::unique_ptr<DatabaseCopy> SqlStore::copy_in_pieces(const std::string& draft) {
  std::unique_ptr<DatabaseCopy> copy = in_turn([&] {
    auto begun = connection_->begin_copy(draft);
    copy_under_way_ = begun.get();
    return begun;
  });
  try {
    while (in_turn([&] { return copy->step(); })) std::this_thread::sleep_for(kTurnOfOthers);
  } catch (...) {
    const std::lock_guard guard(mutex_);
    copy_under_way_ = nullptr;
    copy.reset();
    throw;
  }
  const std::lock_guard guard(mutex_);
  copy_under_way_ = nullptr;
  return copy;
}

Result<StoreCheck> SqlStore::check() {
  const std::lock_guard alone(one_at_a_time);
  try {
    const std::string file = in_turn([&] { return connection_->file(); });
    if (file.empty()) return check_in_turns();
    // A copy stands still while it is read, and nobody waits for whoever reads it.
    const CopyFile draft{file + ".check"};
    const auto copy = copy_in_pieces(draft.path);
    try {
      const auto connection = copy->open();
      auto findings = connection->damage();
      auto seen = check_rules(*connection, [] {});
      seen.findings.insert(seen.findings.begin(), findings.begin(), findings.end());
      return seen;
    } catch (const StoreFailure& failure) {
      return StoreCheck{{failure.error.text}, 0, 0};
    }
  } catch (const StoreFailure& failure) {
    if (failure.error.status == Status::damaged) return StoreCheck{{failure.error.text}, 0, 0};
    return fail(failure.error);
  } catch (const Outdated&) {
    return fail(Status::store, fmt::format("store {}: its connection was lost: check again", name_));
  }
}

Result<StoreCheck> SqlStore::check_in_turns() {
  std::unique_lock lock(mutex_);
  if (const auto refused = refusal()) return fail(*refused);
  auto findings = connection_->damage();
  auto seen = check_rules(*connection_, [&] {
    lock.unlock();
    std::this_thread::sleep_for(kTurnOfOthers);
    lock.lock();
    if (const auto refused = refusal()) throw StoreFailure{*refused};
  });
  seen.findings.insert(seen.findings.begin(), findings.begin(), findings.end());
  return seen;
}

Result<void> SqlStore::back_up(const std::string& path, const AuditEntry& noted) {
  std::error_code none;
  const std::string target = fs::absolute(path, none).string();
  if (path.empty() || fs::exists(fs::symlink_status(target, none)))
    return fail(Status::refused,
                fmt::format("the backup '{}' cannot be made: name a file that is not there yet", path));
  if (!fs::is_directory(fs::path(target).parent_path(), none))
    return fail(Status::argument, fmt::format("the backup {} cannot be made: its directory is not there", target));
  const std::lock_guard alone(one_at_a_time);
  try {
    const CopyFile draft{target + ".ptb-part"};
    const auto copy = copy_in_pieces(draft.path);
    {
      const auto connection = copy->open();
      fault_point("store.backup.copied");
      Transaction transaction(*connection);
      note_in(*connection, noted);
      transaction.commit();
    }
    copy->keep_as(target);
    return {};
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

Result<PutBack> SqlStore::put_back(const std::string& backup, const EventId& bridge, const AuditEntry& noted) {
  const std::lock_guard alone(one_at_a_time);
  try {
    std::error_code none;
    const auto successor = in_turn([&] { return connection_->make_successor(fs::absolute(backup, none).string()); });
    Connection& made = successor->prepare();
    refuse_moved(made, backup);
    PutBack done;
    done.found.findings = made.damage();
    if (done.found.findings.empty()) done.found = check_rules(made, [] {});
    if (!done.found.findings.empty()) return done;
    fault_point("store.restore.checked");
    done.made_at_ms = successor->made_at_ms();
    done.waiting = count_waiting_events(load_mirror(made));
    {
      auto row = made.query(kHighWater);
      if (row.row()) done.high_water = static_cast<std::uint64_t>(row.integer(0));
    }
    {
      Transaction transaction(made);
      begin_life(made, bridge, done.made_at_ms, noted);
      transaction.commit();
    }
    fault_point("store.restore.marked");
    successor->settle();
    done.kept_as = free_name(in_turn([&] { return connection_->file(); }) + ".before-restore-" + stamp(noted.at_ms));
    in_turn([&] {
      refuse_while_walking();
      successor->take_place(*connection_, done.kept_as);
      connection_->refuse({Status::state, kOpenAnew});
    });
    return done;
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

Result<void> SqlStore::begin_new_life(const EventId& bridge, const AuditEntry& noted) {
  auto begun = change<void>(
      {"store.new_life.begin", "store.new_life.before_commit", "store.new_life.after_commit"},
      [&] { return everything(); },
      [&](Draft& draft) -> Result<void> {
        refuse_while_walking();
        refuse_while_others_live();
        const std::string reason = put_back_reason(0);
        connection_->query(kNewIdentity).bind(bytes_of(bridge)).run();
        new_bridge_ = bridge;
        for (const auto& [id, known] : draft.before().lanes()) {
          MirrorLane& entry = draft.lane(id);
          entry.lane.hold = LaneHold::held;
          entry.lane.hold_reason = reason;
          update_lane(*connection_, entry);
        }
        note_in(*connection_, noted);
        return {};
      });
  if (!begun) return begun;
  const std::lock_guard guard(mutex_);
  connection_->refuse({Status::state, kOpenAnew});
  return {};
}

void SqlStore::refuse_while_walking() {
  for (const auto& [id, entry] : mirror_.lanes())
    if (entry.walked_here)
      throw StoreFailure{{Status::state, fmt::format("lane {} is being walked: stop the walks first, then try again",
                                                     entry.lane.key)}};
}

}  // namespace ptb
