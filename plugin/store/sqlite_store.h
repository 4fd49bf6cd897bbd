// SqliteStore: the embedded store, for an LMS in one process. One connection, used by one thread at a time; lanes and
// tools are mirrored in memory. Must not know why anything happens: it is told, or asks the decision it was handed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/fault_point.h"
#include "core/store.h"
#include "store/sqlite_connection.h"
#include "store/store_lock.h"
#include "store/store_mirror.h"

namespace ptb {

struct SqliteStoreOptions {
  std::string path;
  /// False: for a capture-only process. A store that is missing or has an older schema is then an error.
  bool migrate = true;
};

class SqliteStore final : public Store {
 public:
  /// Opens the store at `options.path`, making it with an identity of 16 bytes from `random` where there is none. Holds
  /// PATH.lock while it lives. Errors: Status::locked (another bridge, also of this process), newer, damaged (both: the
  /// file is untouched), argument (no file name), store (directory, disk, missing or older while `migrate` is false).
  static Result<std::unique_ptr<SqliteStore>> open(const SqliteStoreOptions& options, Random& random);
  ~SqliteStore() override;

  StoreIdentity identity() override;
  Result<void> put_generation(const std::string& generation, std::uint64_t high_water) override;

  Result<void> put_tool(const Tool& tool) override;
  Result<void> remove_tool(const Locator& locator) override;
  Result<std::optional<Tool>> tool(const Locator& locator) override;
  Result<std::vector<Tool>> tools() override;
  Result<void> claim(const Locator& from, const Locator& to) override;

  Result<std::vector<Lane>> lanes() override;
  Result<Lane> lane(std::int64_t id) override;
  Result<std::vector<Lane>> lanes_of(const Locator& tool) override;
  Result<void> hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) override;

  Result<void> capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) override;

  Result<std::optional<Walk>> begin_walk(std::int64_t lane, std::int64_t now_ms) override;
  Result<std::vector<Walk>> save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) override;
  Result<void> end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) override;
  Result<std::vector<StoredEvent>> read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                int limit) override;
  /// Pending, refused and parked events may be settled; delivered and discarded ones are final (Status::refused).
  Result<void> settle(const Place& place, EventState state, const std::string& reason, const std::string& answer,
                      std::int64_t now_ms) override;

  Result<std::optional<StoredEvent>> find(const EventId& id) override;
  Result<std::vector<StoredEvent>> list(const EventFilter& filter) override;
  Result<std::optional<StoredEvent>> first_waiting(std::int64_t lane) override;
  Result<std::string> settings(std::int64_t snapshot) override;

  Result<Forgotten> forget(const ForgetTerms& terms, std::int64_t now_ms) override;

  /// A piece is a row removed or looked at. Nothing is removed of lanes behind their mark, nor what is parked.
  Result<bool> reclaim(std::int64_t now_ms, std::int64_t receipt_retention_ms, std::int64_t key_retention_ms,
                       int pieces) override;

 private:
  /// The fault points around one transaction.
  struct FaultPoints {
    const char* begin;
    const char* before_commit;
    const char* after_commit;
  };
  struct Reclaiming;

  /// How far the current round of reclaim has come.
  struct ReclaimRound {
    enum class Phase : std::uint8_t { lanes, exceptions, done } phase = Phase::lanes;
    std::int64_t lane = 0;  ///< the last lane that is done
    int state = 1;          ///< of exceptions: the last row looked at
    std::int64_t place = 0;
  };

  SqliteStore(StoreLock lock, std::string path, Connection connection, Mirror mirror);

  /// Runs `body(Draft&)` as one transaction: committed, and taken over into the mirror, where it returns a value, else
  /// undone.
  template <typename Value, typename Body>
  Result<Value> change(const FaultPoints& points, Body body);
  /// Runs `body()`, which only reads.
  template <typename Value, typename Body>
  Result<Value> look(Body body);

  CaptureAnswer capture_item(Draft& draft, const CaptureItem& item, const DecideCapture& decide);
  MirrorLane& lane_for(Draft& draft, const std::string& key, const Locator& locator, bool installed);
  void insert_event(Draft& draft, const CaptureItem& item, const MirrorLane& entry, Deferral captured_as);
  std::int64_t holder_of_settings(const std::string& settings, std::int64_t place);
  std::string settings_at(std::int64_t place);
  std::optional<std::int64_t> entered_key(const EventId& id);
  std::optional<std::int64_t> place_of_key(const EventId& id);
  /// Before the transaction inserts events of its own: those are not among the keys that it says have been entered.
  void enter_keys(Draft& draft);
  Walk begin_in(MirrorLane& entry, std::int64_t now_ms);
  Result<void> end_in(Draft& draft, EndedWalk& ended, std::int64_t now_ms);
  void stop_walk(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                 std::vector<StoredEvent>& dropped);
  void settle_never_waiting(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                            std::vector<StoredEvent>& dropped);
  std::vector<StoredEvent> read_pending(const Lane& lane, std::int64_t after, std::int64_t through, int limit);
  void list_lane(const Lane& lane, EventFilterState state, std::int64_t after, std::size_t limit,
                 std::vector<StoredEvent>& found);
  void append_rows(Query& rows, std::size_t limit, std::vector<StoredEvent>& found);

  std::int64_t forget_page(Draft& draft, const ForgetTerms& terms, std::int64_t after, std::int64_t now_ms,
                           Forgotten& forgotten);
  void forget_event(Draft& draft, std::int64_t place, EventState state, std::int64_t now_ms, Forgotten& forgotten);
  void forget_answers(Draft& draft, std::int64_t lane);
  void give_settings_away(std::int64_t place);
  void reclaim_lanes(Draft& draft, const Reclaiming& terms, int& pieces);
  void move_idle_mark(Draft& draft, const MirrorLane& entry);
  void reclaim_acknowledged(Draft& draft, const Lane& lane, const Reclaiming& terms, int& pieces);
  int remove_range(std::int64_t first, std::int64_t last, int& pieces);
  void reclaim_keys(std::int64_t lane, const Reclaiming& terms, int& pieces);
  void reclaim_exceptions(Draft& draft, const Reclaiming& terms, int& pieces);

  std::mutex mutex_;
  StoreLock lock_;  // before the connection: released after it is closed
  std::string path_;
  Connection connection_;
  Mirror mirror_;
  std::unordered_map<std::size_t, std::int64_t> recent_settings_;  ///< hash → place of an event that may hold them
  ReclaimRound round_;
};

template <typename Value, typename Body>
Result<Value> SqliteStore::change(const FaultPoints& points, Body body) {
  const std::lock_guard guard(mutex_);
  if (connection_.refusal()) return fail(*connection_.refusal());
  bool committed = false;
  try {
    fault_point(points.begin);
    Transaction transaction(connection_);
    Draft draft(mirror_);
    Result<Value> result = body(draft);
    if (!result) return result;
    fault_point(points.before_commit);
    transaction.commit();
    committed = true;
    fault_point(points.after_commit);
    draft.take_over();
    return result;
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  } catch (...) {
    // The mirror may have taken over half of what the file has.
    if (committed)
      connection_.refuse(
          {Status::store, "store " + path_ + ": out of memory; the bridge must be closed and opened again"});
    throw;
  }
}

template <typename Value, typename Body>
Result<Value> SqliteStore::look(Body body) {
  const std::lock_guard guard(mutex_);
  if (connection_.refusal()) return fail(*connection_.refusal());
  try {
    return body();
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace ptb
