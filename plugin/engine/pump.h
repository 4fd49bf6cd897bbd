// The scheduler: takes triggers, begins walks, keeps many exchanges going on one thread at a time, ends walks. The only
// code that knows of several lanes at once. Whoever calls run is the thread on which all sending and all callbacks
// happen.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/active_walk.h"
#include "engine/single_send.h"

namespace ptb {

/// Something is to be sent to the lane's tool, or has been: what waits goes first. `operation` 0: nobody waits.
struct ContactTrigger {
  std::int64_t lane = 0;
  OperationId operation = 0;
  bool by_person = false;  ///< at once, whatever failed a moment ago
};
/// An administrator has saved the tool.
struct SaveTrigger {
  Locator tool;
  ToolState state{};
  OperationId operation = 0;
};
/// A person sends a refused or parked event again, alone.
struct SingleTrigger {
  EventId event{};
  OperationId operation = 0;
};
/// A person has acted on a tool that hears of it at once: remove, reregister, ping. It waits for nothing and nothing
/// waits for it.
struct ActTrigger {
  std::shared_ptr<const ReadyTool> tool;
  EventKind act{};
  Pairs arguments;
  OperationId operation = 0;  ///< 0: what came of it goes to the host's outcome callback
};
/// Walks end after the exchange in flight: those of one tool, of one lane, or all.
struct StopTrigger {
  std::optional<Locator> tool;
  std::int64_t lane = 0;
};
/// No work: the operation ends as soon as nothing is under way and nothing is due.
struct IdleTrigger {
  OperationId operation = 0;
};
/// Waiting events have been settled by somebody else: what walks have read of them is read again. lane 0: of all lanes.
struct RereadTrigger {
  std::int64_t lane = 0;
};
using Trigger =
    std::variant<ContactTrigger, SaveTrigger, SingleTrigger, ActTrigger, StopTrigger, RereadTrigger, IdleTrigger>;

struct PumpOptions {
  std::uint32_t contact_interval_ms = 5'000;
  std::uint32_t max_exchanges = 64;
};

class Pump {
 public:
  Pump(SendContext& context, Transport& transport, Clock& clock, Operations& operations, PumpOptions options);

  /// Any thread.
  void post(Trigger trigger);

  /// One thread at a time: see Engine. Runs until `done` says so, until nothing is under way where `return_when_idle`,
  /// or until the monotonic deadline. Returns in how many milliseconds something is due: 0 now, UINT32_MAX nothing
  /// planned.
  std::uint32_t run(std::int64_t deadline_monotonic_ms, bool return_when_idle, const std::function<bool()>& done);

  /// Before the first run: a lane whose last walk failed keeps its distance.
  void remember_failure(std::int64_t lane, std::int64_t failed_monotonic_ms, std::int64_t not_before_monotonic_ms);

  /// Begins nothing more; ends when no exchange is under way or at the deadline, where what is left is abandoned. Walks
  /// that have not ended stay recorded as begun, so that the next open goes on with them.
  void wind_down(std::int64_t deadline_monotonic_ms);

 private:
  struct LaneRun {
    std::unique_ptr<ActiveWalk> walk;
    std::unique_ptr<SingleSend> single;
    OperationId single_operation = 0;
    std::deque<SingleTrigger> singles;
    std::vector<OperationId> next_operations;  ///< end with the next walk
    bool contact_waiting = false;              ///< a contact came during a walk or a save
    bool doubtful = false;                     ///< the last walk failed
    std::int64_t failed_at_ms = 0;             ///< monotonic; meaningful where doubtful
    std::int64_t not_before_ms = 0;            ///< monotonic: the tool asked for that much time
    bool timer_set = false;
    [[nodiscard]] bool busy() const { return walk != nullptr || single != nullptr; }
  };
  /// The one save of a tool that is under way.
  struct SaveRun {
    enum class Phase : std::uint8_t { draining, asking, walking };
    ToolState state{};
    std::vector<OperationId> operations;
    Phase phase = Phase::draining;
    std::unique_ptr<SingleSend> state_change;
    std::uint64_t ticket = 0;
    std::size_t walks_left = 0;
    std::deque<SaveTrigger> queued;
    std::deque<ActTrigger> acts;  ///< begin once it is over
  };

  struct ActRun {
    std::unique_ptr<SingleSend> send;
    OperationId operation = 0;
  };

  void take_triggers();
  void contact(std::int64_t lane, const std::vector<OperationId>& operations, bool by_person);
  void handle(const SaveTrigger& trigger);
  void handle(const SingleTrigger& trigger);
  void handle(const ActTrigger& trigger);
  void handle(const StopTrigger& trigger);
  void fire_timers(const Moment& now);

  void begin_contact_walk(std::int64_t lane, std::vector<OperationId> operations);
  void activate(const Walk& walk, const Lane& lane, std::vector<OperationId> operations);
  void finish_walks();
  void finish_walk(std::int64_t lane_id, const Result<void>& recorded, const std::vector<StoredEvent>& dropped);
  void after_lane_freed(std::int64_t lane_id);
  void send_single(std::int64_t lane_id, const SingleTrigger& trigger);
  std::string why_not_alone(const StoredEvent& stored, const Lane& lane);
  void finish_single(std::int64_t lane_id);

  void drive_save(const Locator& tool);
  void ask_state_change(const Locator& tool, SaveRun& save);
  void state_change_ended(const Locator& tool);
  void end_save(const Locator& tool);
  /// Walks of lanes that go, or until now went, to that tool.
  std::vector<ActiveWalk*> walks_of(const Locator& tool);
  [[nodiscard]] bool tool_is_saving(const Locator& tool) const;

  void act_ended(std::uint64_t ticket);

  /// Begins the next exchange of a lone sending, or calls `ended` where there is none.
  template <typename Ended>
  void go_on(SingleSend& send, std::uint64_t ticket, bool doubtful, Ended ended);

  void start_ready();
  void start_exchange(std::uint64_t ticket, HttpRequest request, bool doubtful);
  void handle_results();
  void handle_result(const ExchangeResult& result);
  void walk_answered(std::int64_t lane, const ExchangeResult& result, bool doubtful);
  void finish(const std::vector<OperationId>& operations, const OperationResult& part);
  void tell_idle();
  bool upkeep(const Moment& now, bool busy);

  SendContext& context_;
  Transport& transport_;
  Clock& clock_;
  Operations& operations_;
  PumpOptions options_;

  std::mutex inbox_mutex_;
  std::vector<Trigger> inbox_;

  std::unordered_map<std::int64_t, LaneRun> lanes_;
  std::map<Locator, SaveRun> saves_;
  std::unordered_map<std::uint64_t, ActRun> acts_;    ///< by ticket
  std::multimap<std::int64_t, std::int64_t> timers_;  ///< monotonic ms -> lane
  std::deque<std::int64_t> ready_;                    ///< lanes whose walk may advance
  std::deque<std::int64_t> ready_doubtful_;
  std::vector<std::int64_t> over_;                     ///< lanes whose walk is over, its end not yet recorded
  std::unordered_map<std::uint64_t, bool> in_flight_;  ///< ticket -> counted as doubtful
  std::size_t doubtful_in_flight_ = 0;
  std::uint64_t last_save_ticket_ = 0;
  std::uint64_t last_act_ticket_ = 0;
  std::vector<ExchangeResult> results_;
  std::size_t results_handled_ = 0;  ///< more than 0 between polls only where handling one has thrown
  std::vector<OperationId> waiting_for_idle_;
  bool winding_down_ = false;
  std::int64_t upkeep_due_ms_ = 0;
};

}  // namespace ptb
