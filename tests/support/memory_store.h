// MemoryStore: the Store port over plain values, for the seeded simulation: it plays tens of thousands of histories of
// the whole engine, each with crashes, in the time that an embedded store would need for a few. What a crash leaves
// behind is in the MemoryDisk: let the fault point hook throw, destroy the store, open another on the same disk. Every
// function takes effect whole or not at all, wherever it throws: the same contract suite as for the others says so.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/store.h"
#include "support/memory_disk.h"

namespace ptb::test {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(MemoryDisk& disk) : disk_(disk) {}

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
  using Store::settle;
  Result<void> settle(const Place& place, EventState state, const std::string& reason, const std::string& answer,
                      std::int64_t now_ms, const Walk* walk) override;

  Result<std::optional<StoredEvent>> find(const EventId& id) override;
  Result<std::vector<StoredEvent>> list(const EventFilter& filter) override;
  Result<std::optional<StoredEvent>> first_waiting(std::int64_t lane) override;
  Result<std::string> settings(std::int64_t snapshot) override;

  Result<void> put_known(const KnownValue& known, std::int64_t now_ms) override;
  Result<std::optional<std::string>> known(const KnownValue& asked) override;

  Result<Lease> take(const Locator& tool, int limit, const std::string& token, std::int64_t until_ms,
                     std::int64_t now_ms) override;
  Result<void> end_lease(const EventId& id, const std::string& token, bool acknowledged, std::int64_t now_ms) override;

  Result<void> put_audit(const AuditEntry& entry) override;
  Result<std::vector<AuditEntry>> audit(std::int64_t after, int limit) override;
  Result<void> put_watch(const Locator& tool, bool raised) override;
  Result<bool> watch_raised(const Locator& tool) override;

  /// One transaction, unlike those of the stores that have to bound it.
  Result<Forgotten> forget(const ForgetTerms& terms, std::int64_t now_ms) override;
  /// A piece is an event removed or looked at, a key removed, or a lane done.
  Result<bool> reclaim(std::int64_t now_ms, const ReceiptRetention& retention, std::int64_t key_retention_ms,
                       int pieces) override;

 private:
  /// One transaction of captures, and how to undo it.
  class Capturing;
  struct Reclaiming;

  /// Whether the condition of lanes that go to a tool differs.
  enum class Condition : std::uint8_t { not_installed, not_available, available };
  static Condition condition_of(const Tool* tool);

  StoredEvent as_read(const MemoryLane& lane, const StoredEvent& event, bool with_settings) const;
  void append_pending(const MemoryLane& lane, std::int64_t after, std::int64_t through, std::size_t limit,
                      std::vector<StoredEvent>& found) const;

  std::optional<LaneBlock> blocked(MemoryLane& lane, std::int64_t now_ms);
  bool is_crossing_blocked(const MemoryCrossing& crossing);
  /// Events of an earlier epoch go first.
  static bool waits_for_epoch(const MemoryLane& lane);
  /// The last event that may go, as far as events of two courses are concerned.
  std::int64_t crossing_reach(const MemoryLane& lane);
  Walk begin_in(MemoryLane& lane, std::int64_t now_ms);
  Result<void> check_end(const EndedWalk& ended);
  void end_in(EndedWalk& ended, std::int64_t now_ms);
  void stop_walk(MemoryLane& lane, EndedWalk& ended, std::int64_t now_ms);
  void record_failure(MemoryLane& lane, const WalkEnd& end, std::int64_t now_ms);
  void settle_never_waiting(MemoryLane& lane, EndedWalk& ended, std::int64_t now_ms);

  bool forget_event(MemoryLane& lane, StoredEvent& event, std::int64_t now_ms);
  void forget_answers(MemoryLane& lane);
  void forget_course(const std::string& course);
  void reclaim_events(MemoryLane& lane, Reclaiming& terms);

  std::mutex mutex_;
  MemoryDisk& disk_;
  std::set<std::int64_t> walked_here_;  ///< lanes whose last walk this store has begun and not seen end
  std::int64_t round_lane_ = 0;         ///< reclaim: the last lane that is done, …
  std::int64_t round_sequence_ = 0;     ///< … and the last event of the next one
};

}  // namespace ptb::test
