// SqlStore: the embedded store, for an LMS in one process. One connection, used by one thread at a time; lanes and
// tools are mirrored in memory. Must not know why anything happens: it is told, or asks the decision it was handed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/fault_point.h"
#include "core/store.h"
#include "store/connection.h"
#include "store/store_draft.h"
#include "store/store_mirror.h"

namespace ptb {

/// What a store is made of; each outlives what stands before it.
struct SqlStoreParts {
  std::string name;                   ///< for people
  std::shared_ptr<const void> guard;  ///< let go once the connection is closed; may be empty
  std::unique_ptr<Connection> connection;
  /// Opens the database again after a write whose outcome is unknown; empty: the connection copes by itself. Throws
  /// StoreFailure.
  std::function<std::unique_ptr<Connection>()> reopen = {};
  bool sends = true;  ///< of a shared store: this process walks lanes
};

/// On CLOCK_BOOTTIME: goes on while the process is stopped or the machine sleeps.
std::int64_t boot_time_ms();

/// Throws StoreFailure where that store has moved elsewhere.
void refuse_moved(Connection& connection, const std::string& name);
/// Where it has moved to; empty: nowhere.
std::string moved_to(Connection& connection);
/// What whoever has the store of that name open is told from then on.
Error moved_error(const std::string& name, const std::string& place);
extern const char* const kOpenAnew;  ///< the same of one that was put back

class SqlStore final : public Store {
 public:
  /// Throws StoreFailure where what is in the database makes no sense.
  explicit SqlStore(SqlStoreParts parts);
  ~SqlStore() override;

  StoreIdentity identity() override;
  Result<void> put_generation(const std::string& generation, std::uint64_t high_water) override;

  Result<void> put_tool(const Tool& tool, std::int64_t now_ms) override;
  Result<void> remove_tool(const Locator& locator, std::int64_t now_ms) override;
  Result<std::optional<Tool>> tool(const Locator& locator) override;
  Result<std::vector<Tool>> tools() override;
  Result<void> claim(const Locator& from, const Locator& to, std::int64_t now_ms) override;

  Result<void> put_policy(const Locator& locator, const std::string& document) override;
  Result<std::vector<std::pair<Locator, std::string>>> policies() override;

  Result<std::vector<Lane>> lanes() override;
  Result<Lane> lane(std::int64_t id) override;
  Result<std::vector<Lane>> lanes_of(const Locator& tool) override;
  Result<void> hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) override;
  Result<std::optional<LaneBlock>> block_of(std::int64_t lane, std::int64_t now_ms) override;
  Result<std::vector<std::int64_t>> lanes_behind(std::int64_t lane) override;
  Result<Backlog> backlog(const Locator& tool) override;

  Result<void> capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) override;

  Result<std::optional<Walk>> begin_walk(std::int64_t lane, std::int64_t now_ms) override;
  Result<std::vector<Walk>> save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) override;
  Result<void> end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) override;
  Result<void> advance_mark(const Walk& walk, std::int64_t through, std::int64_t now_ms) override;
  Result<Failures> failures(const Place& place) override;
  Result<std::vector<FailedAttempt>> failed_attempts(const Place& place) override;
  Result<std::vector<StoredEvent>> read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                int limit) override;
  /// Pending, refused and parked events may be settled; delivered and discarded ones are final (Status::refused).
  using Store::settle;
  Result<void> settle(const Place& place, EventState state, const std::string& reason, const std::string& answer,
                      std::int64_t now_ms, const Walk* walk) override;

  Result<std::optional<StoredEvent>> find(const EventId& id) override;
  Result<std::vector<StoredEvent>> list(const EventFilter& filter) override;
  Result<std::optional<StoredEvent>> first_waiting(std::int64_t lane) override;
  Result<std::string> settings(std::int64_t snapshot) override;

  Result<void> put_known(const KnownValue& known, std::int64_t now_ms) override;
  Result<std::optional<std::string>> known(const KnownValue& asked) override;

  /// What a walk could not send is not given to a puller either: events that others go before, and those of a lane that
  /// is being walked or is not released.
  Result<Lease> take(const Locator& tool, int limit, const std::string& token, std::int64_t until_ms,
                     std::int64_t now_ms) override;
  Result<void> end_lease(const EventId& id, const std::string& token, bool acknowledged, std::int64_t now_ms) override;

  Result<void> put_audit(const AuditEntry& entry) override;
  Result<std::vector<AuditEntry>> audit(std::int64_t after, int limit) override;
  Result<void> put_watch(const Locator& tool, bool raised) override;
  Result<bool> watch_raised(const Locator& tool) override;

  Result<Forgotten> forget(const ForgetTerms& terms, std::int64_t now_ms) override;

  /// A piece is a row removed or looked at. Nothing is removed of lanes behind their mark, nor what is parked.
  /// `retention` is asked under the store's mutex and must not call the store.
  Result<bool> reclaim(std::int64_t now_ms, const ReceiptRetention& retention, std::int64_t key_retention_ms,
                       int pieces) override;

  /// Looks at a copy where the database is a file, which wants as much room again for that time.
  Result<StoreCheck> check() override;
  Result<void> back_up(const std::string& path, const AuditEntry& noted) override;
  Result<PutBack> put_back(const std::string& backup, const EventId& bridge, const AuditEntry& noted) override;
  Result<void> begin_new_life(const EventId& bridge, const AuditEntry& noted) override;
  /// `other` is a SqlStore too, of any kind of database; this one is not shared.
  Result<Moved> move_to(Store& other, const AuditEntry& noted) override;

  [[nodiscard]] bool is_shared() const override { return shared_; }
  Result<StoreNews> news(bool look, std::int64_t now_ms) override;
  Result<std::vector<StoreNode>> nodes() override;
  [[nodiscard]] int listening_socket() const override { return shared_ ? connection_->listening_socket() : -1; }
  [[nodiscard]] bool may_send(const Walk& walk) const override;
  Result<void> renew() override;

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

  /// Who only captures knows nothing of a locator before he captures for it, so that his opening does not grow with
  /// tools and lanes.
  enum class Wants : std::uint8_t { all, what_it_names };
  /// Runs `body(Draft&)` as one transaction: committed, and taken over into the mirror, where it returns a value, else
  /// undone. `scope()`: the locators of all lanes and tools that it reads or changes. On a shared store both may be
  /// called again, after somebody else has changed some of that.
  template <typename Value, typename Touched, typename Body>
  Result<Value> change(const FaultPoints& points, Touched scope, Body body, Wants wants = Wants::all);
  /// Runs `body()`, which only reads; on a shared store perhaps more than once.
  template <typename Value, typename Body>
  Result<Value> look(Body body, Wants wants = Wants::all);

  void learn_all();
  void learn(const Locator& own);

  // What transactions touch. The tool that a locator's lanes are delivered to belongs to it.
  using Scope = std::set<Locator>;
  static Scope nothing() { return {}; }
  void add_family(Scope& scope, const Locator& own) const;
  [[nodiscard]] Scope scope_of_lane(std::int64_t lane);
  [[nodiscard]] Scope scope_of_tool(const Locator& tool) const;
  [[nodiscard]] Scope everything() const;

  // Sharing with other processes: see sql_store_shared.cpp.
  static constexpr int kMostAttempts = 20;
  [[nodiscard]] Error too_busy() const;
  [[nodiscard]] std::vector<FamilyLock> locks_for(const Scope& scope, bool whatever_version) const;
  void catch_up(const std::vector<FamilyLock>& locks);
  [[nodiscard]] static bool covers(const std::vector<FamilyLock>& locks, const Scope& scope);
  void write_standings(const Draft& draft);
  void committed_to(const std::vector<FamilyLock>& locks, const std::set<Locator>& changed_tools);
  /// Who this process is to the others may have changed.
  void note_node();
  void keep_up();
  void take_in_changes();
  void take_in_family(const Locator& locator, std::int64_t version);
  void take_in_tool(const Locator& locator);
  void take_in_lane(MirrorLane entry);
  void tell_again(std::int64_t now_ms);
  [[nodiscard]] bool is_owed_a_walk(const MirrorLane& entry, std::int64_t now_ms) const;
  [[nodiscard]] bool is_mine(const MirrorLane& entry) const;
  bool is_walked_elsewhere(MirrorLane& entry);
  [[nodiscard]] bool is_under_way(const MirrorLane* entry, const Walk& walk) const;
  std::optional<std::int64_t> key_to_ask_for(const EventId& id);
  /// Of those lanes the ones that nobody holds any more are free; returns these.
  Result<std::set<std::int64_t>> take_over(const std::set<std::int64_t>& left);
  /// Why nothing can be done now. Empty: all is well, perhaps since the database has just been opened again and has all
  /// that was promised.
  std::optional<Error> refusal();
  void open_again();
  std::optional<Error> made_useless(Connection& connection, const Mirror& found) const;
  std::string missing_in(Connection& connection, const Mirror& found) const;

  CaptureAnswer capture_item(Draft& draft, const CaptureItem& item, const DecideCapture& decide);
  /// Where an event goes: a lane that is there, or one to be made under that key.
  struct LaneChoice {
    std::int64_t epoch = 0;
    std::int64_t lane = 0;
    std::string key;
  };
  static LaneChoice choose_lane(Draft& draft, const Locator& own, const LanePart& part);
  bool goes_behind_others(Draft& draft, const CaptureItem& item, const LaneChoice& choice);
  MirrorLane& lane_for(Draft& draft, const LaneChoice& choice, const Locator& own, const std::string& split,
                       bool installed);
  bool awaits_save_after_claim(const Locator& own) const;
  void insert_crossing(Draft& draft, const CaptureItem& item, MirrorLane& entry, bool installed);
  void insert_event(Draft& draft, const CaptureItem& item, const MirrorLane& entry, Deferral captured_as);
  std::int64_t holder_of_settings(const std::string& settings, std::int64_t place);
  std::string settings_at(std::int64_t place);
  std::optional<std::int64_t> entered_key(const EventId& id);
  std::optional<std::int64_t> place_of_key(const EventId& id);
  /// Before the transaction inserts events of its own: those are not among the keys that it says have been entered.
  void enter_keys(Draft& draft);

  /// How far a lane may be walked: up to `last`, behind which `block` goes first.
  struct Reach {
    std::int64_t last = 0;
    LaneBlock block;
  };
  bool is_pending(const Draft& draft, std::int64_t place);
  std::int64_t first_pending(const Lane& lane, std::int64_t through);
  Reach reach_of(const Draft& draft, const MirrorLane& entry, std::int64_t first);
  Reach reach_as_second(const Draft& draft, const MirrorLane& entry);
  void remove_idle_crossings(Draft& draft, std::int64_t lane, bool all);
  void remove_over_leases(MirrorLane& entry, std::int64_t now_ms);
  std::int64_t lease_end(std::int64_t lane, std::int64_t now_ms);
  std::int64_t take_in(Draft& draft, std::int64_t lane, const std::string& token, std::int64_t now_ms, int limit,
                       Lease& lease);

  /// Begins a walk in the lane unless something forbids it.
  std::optional<Walk> begin_in(Draft& draft, std::int64_t lane, std::int64_t now_ms);
  Walk write_walk(MirrorLane& entry, std::int64_t first, std::int64_t last, std::int64_t now_ms);
  Result<void> end_in(Draft& draft, EndedWalk& ended, std::int64_t now_ms);
  void forget_walkers(std::span<const EndedWalk> ended);
  void stop_walk(Draft& draft, MirrorLane& entry, EndedWalk& ended, std::int64_t now_ms);
  /// The events of a lane up to `through` are settled; the lane's row is left to the caller.
  void move_mark(MirrorLane& entry, std::int64_t through);
  Result<void> settle_in(Draft& draft, const Place& place, EventState state, const std::string& reason,
                         const std::string& answer, std::int64_t now_ms);
  void write_settled(const MirrorLane& entry, std::int64_t sequence, EventState state, const std::string& reason,
                     const std::string& answer, std::int64_t now_ms);
  /// An event that waits is settled as part of a walk's end.
  void settle_row(MirrorLane& entry, std::int64_t sequence, EventState state, const std::string& reason,
                  const std::string& answer, std::int64_t now_ms);
  /// An event that is settled needs neither its lease nor, unless it is parked, the record of its failures.
  void drop_what_waiting_needed(MirrorLane& entry, std::int64_t sequence, EventState state);
  void record_failure(MirrorLane& entry, std::int64_t sequence, const std::string& error, std::int64_t now_ms);
  void forget_failures(MirrorLane& entry, std::int64_t first, std::int64_t last);
  void suspend_tool(Draft& draft, const Locator& locator, const std::string& why);
  void settle_never_waiting(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                            std::vector<StoredEvent>& dropped);
  std::vector<StoredEvent> read_pending(const Lane& lane, std::int64_t after, std::int64_t through, int limit);
  void list_lane(const Lane& lane, EventFilterState state, std::int64_t after, std::size_t limit,
                 std::vector<StoredEvent>& found);
  void append_rows(Query& rows, std::size_t limit, std::int64_t first, std::vector<StoredEvent>& found);

  std::int64_t forget_page(Draft& draft, const ForgetTerms& terms, std::int64_t after, std::int64_t now_ms,
                           Forgotten& forgotten);
  void forget_event(Draft& draft, std::int64_t place, EventState state, std::int64_t now_ms, Forgotten& forgotten);
  void forget_answers(Draft& draft, std::int64_t lane);
  void forget_course(Draft& draft, const std::string& course);
  void give_settings_away(std::int64_t place);
  void reclaim_lanes(Draft& draft, const Reclaiming& terms, int& pieces);
  void move_idle_mark(Draft& draft, const MirrorLane& entry);
  void reclaim_acknowledged(Draft& draft, const MirrorLane& entry, const Reclaiming& terms, int& pieces);
  int remove_range(std::int64_t first, std::int64_t last, int& pieces);
  void reclaim_keys(std::int64_t lane, const Reclaiming& terms, int& pieces);
  void reclaim_exceptions(Draft& draft, const Reclaiming& terms, int& pieces);

  template <typename Body>
  auto in_turn(Body body);
  std::unique_ptr<DatabaseCopy> copy_in_pieces(const std::string& draft);
  Result<StoreCheck> check_in_turns();
  void refuse_while_walking();
  void refuse_while_others_live();
  std::vector<FamilyLock> locks_for_copy() const;
  template <typename Body>
  void write_for_move(Body body);
  Moved copy_into(SqlStore& target, const std::string& place);

  std::mutex mutex_;
  std::string name_;
  std::shared_ptr<const void> guard_;       // before the connection: let go after it is closed
  std::unique_ptr<Connection> connection_;  ///< null: it is to be opened again
  std::function<std::unique_ptr<Connection>()> reopen_;
  DatabaseCopy* copy_under_way_ = nullptr;  ///< of that connection, which could not be closed before it
  Mirror mirror_;
  bool shared_;
  bool sends_;                 ///< of a shared store: this process walks lanes
  bool asks_for_keys_ = true;  ///< else a shared store's own rules tell that an event was captured before
  bool knows_all_;             ///< else only those locators:
  std::set<Locator> learned_;
  StoreNews news_;
  std::int64_t kept_up_at_ms_ = 0;  ///< on CLOCK_BOOTTIME, as the next
  std::int64_t told_again_at_ms_ = 0;
  std::atomic<std::int64_t> node_ = 0;
  std::atomic<std::int64_t> held_until_ms_ = 0;
  std::unordered_map<std::size_t, std::int64_t> recent_settings_;  ///< hash → place of an event that may hold them
  ReclaimRound round_;
  std::optional<EventId> new_bridge_;  ///< what begin_new_life has begun to call this bridge
};

template <typename Value, typename Touched, typename Body>
Result<Value> SqlStore::change(const FaultPoints& points, Touched scope, Body body, Wants wants) {
  const std::lock_guard guard(mutex_);
  if (const auto refused = refusal()) return fail(*refused);
  bool committed = false;
  bool made_room = false;
  try {
    for (int attempt = 1;; ++attempt) {
      try {
        fault_point(points.begin);
        if (wants == Wants::all) learn_all();
        const std::vector<FamilyLock> locks = shared_ ? locks_for(scope(), attempt > 1) : std::vector<FamilyLock>();
        Transaction transaction(*connection_, locks);
        if (shared_ && attempt > 1) {
          catch_up(locks);
          if (!covers(locks, scope())) continue;
        }
        asks_for_keys_ = attempt > 1;
        Draft draft(mirror_);
        Result<Value> result = body(draft);
        if (!result) {
          // What it was refused for may be old.
          connection_->confirm();
          note_node();
          return result;
        }
        if (shared_) write_standings(draft);
        fault_point(points.before_commit);
        transaction.commit();
        committed = true;
        fault_point(points.after_commit);
        const std::set<Locator> changed_tools = shared_ ? draft.changed_tools() : std::set<Locator>();
        draft.take_over();
        if (shared_) committed_to(locks, changed_tools);
        return result;
      } catch (const Outdated&) {
        note_node();
        if (attempt == kMostAttempts) return fail(too_busy());
      } catch (const StoreFailure& failure) {
        // After a commit of unknown outcome only opening again helps.
        if (!failure.disk_full || connection_->refusal() || made_room || !connection_->make_room()) throw;
        made_room = true;
      }
    }
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  } catch (...) {
    // The mirror may have taken over half of what the file has.
    if (committed) connection_->refuse({Status::store, "store " + name_ + ": out of memory; it must be opened again"});
    throw;
  }
}

template <typename Value, typename Body>
Result<Value> SqlStore::look(Body body, Wants wants) {
  const std::lock_guard guard(mutex_);
  if (const auto refused = refusal()) return fail(*refused);
  try {
    for (int attempt = 1;; ++attempt) {
      try {
        if (wants == Wants::all) learn_all();
        if (shared_) keep_up();
        return body();
      } catch (const Outdated&) {
        if (attempt == kMostAttempts) return fail(too_busy());
      }
    }
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace ptb
