// The scheduler: takes triggers, begins walks, keeps many exchanges going on one thread at a time, ends walks. The only
// code that knows of several lanes at once. Whoever calls run is the thread on which all sending and all callbacks
// happen.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/active_walk.h"
#include "engine/single_send.h"
#include "engine/watch_keeper.h"

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
/// A person has delivered and refused events of a lane sent again, in order, from one place to another.
struct ReplayTrigger {
  std::int64_t lane = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
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
/// Something that delayed events of a tool may wait for: another event of the course, or a value. Both empty: whatever
/// they wait for.
struct DelayTrigger {
  Locator tool;
  std::string course;
  std::string item;
};
/// The tool's policy or condition has changed, or more waits for it.
struct LookTrigger {
  Locator tool;
  bool new_policy = false;
  std::int64_t lane = 0;  ///< only there; 0: in all of them
};
using Trigger = std::variant<ContactTrigger, SaveTrigger, SingleTrigger, ReplayTrigger, ActTrigger, StopTrigger,
                             RereadTrigger, DelayTrigger, LookTrigger, IdleTrigger>;

struct PumpOptions {
  std::uint32_t contact_interval_ms = 5'000;
  std::uint32_t max_exchanges = 64;
};

/// The store could not be reached, or not be written to.
inline bool is_temporary(const Error& error) { return error.status == Status::store || error.status == Status::locked; }

class Pump {
 public:
  /// `take_in`: what other processes have done to a shared store; called on the thread that runs the pump.
  using TakeIn = std::function<void(const StoreNews&)>;

  Pump(SendContext& context, Transport& transport, Clock& clock, Operations& operations, PumpOptions options,
       TakeIn take_in = {});

  /// Any thread.
  void post(Trigger trigger);

  /// One thread at a time: see Engine. Runs until `done` says so, until nothing is under way where `return_when_idle`,
  /// or until the monotonic deadline. Returns in how many milliseconds something is due: 0 now, UINT32_MAX nothing
  /// planned.
  std::uint32_t run(std::int64_t deadline_monotonic_ms, bool return_when_idle, const std::function<bool()>& done);

  /// On the thread that runs the pump, or before the first run: a lane whose last walk failed keeps its distance.
  void remember_failure(std::int64_t lane, std::int64_t failed_monotonic_ms, std::int64_t not_before_monotonic_ms);

  /// Before the first run: a lane in which nothing is sent until somebody acts, of which the host was told.
  void remember_suspension(const Locator& tool, std::int64_t lane) { watch_.note(tool, lane, true); }

  /// Somebody has saved the tool, and that is not over; any thread.
  [[nodiscard]] bool is_being_saved(const Locator& tool);
  /// Walks whose lane another process had taken over before they ended, each with one exchange at most; any thread.
  [[nodiscard]] std::uint64_t stale_walks() const { return stale_walks_.load(std::memory_order_relaxed); }
  /// Lanes that were taken over from processes that were gone; any thread.
  [[nodiscard]] std::uint64_t taken_over() const { return taken_over_.load(std::memory_order_relaxed); }
  /// Lanes whose next event is delayed; any thread.
  [[nodiscard]] std::size_t delayed_lanes() const { return delayed_count_.load(std::memory_order_relaxed); }

  /// Begins nothing more; ends when no exchange is under way or at the deadline, where what is left is abandoned. Walks
  /// that have not ended stay recorded as begun, so that the next open goes on with them.
  void wind_down(std::int64_t deadline_monotonic_ms);

 private:
  struct LaneRun {
    std::unique_ptr<ActiveWalk> walk;
    std::unique_ptr<SingleSend> single;
    OperationId single_operation = 0;
    bool single_is_replay = false;
    std::deque<SingleTrigger> singles;
    std::deque<ReplayTrigger> replays;
    OperationResult replayed;                  ///< of the replay that is under way
    std::vector<OperationId> next_operations;  ///< end with the next walk
    bool contact_waiting = false;              ///< a contact came while it could not be answered
    bool doubtful = false;                     ///< the last walk failed
    std::int64_t failed_at_ms = 0;             ///< monotonic; meaningful where doubtful
    std::int64_t not_before_ms = 0;            ///< monotonic: its policy or the tool wants that much time
    std::int64_t timer_ms = 0;                 ///< monotonic: its one entry in timers_; 0: none
    bool age_unknown = false;                  ///< when its first event is too old is to be looked up once it is free
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

    /// Something behind it makes the tool unavailable.
    [[nodiscard]] bool is_to_end() const {
      return !acts.empty() || std::any_of(queued.begin(), queued.end(),
                                          [](const SaveTrigger& other) { return other.state != ToolState::available; });
    }
  };

  struct ActRun {
    std::unique_ptr<SingleSend> send;
    OperationId operation = 0;
  };

  /// A store of several processes: what the others have done, and that what is walked here stays this one's.
  void share(const Moment& now);
  void take_triggers();
  void contact(std::int64_t lane, const std::vector<OperationId>& operations, bool by_person);
  void handle(const SaveTrigger& trigger);
  void handle(const SingleTrigger& trigger);
  void handle(const ActTrigger& trigger);
  void handle(const StopTrigger& trigger);
  void handle(const ReplayTrigger& trigger);
  void handle(const DelayTrigger& trigger);
  void handle(const LookTrigger& trigger);
  void fire_timers(const Moment& now);
  /// The lane is looked at no later than then.
  void arm(std::int64_t lane, std::int64_t at_monotonic_ms);
  /// The monotonic time of a moment of the wall clock.
  [[nodiscard]] std::int64_t monotonic_at(std::int64_t wall_ms) const;
  [[nodiscard]] std::int64_t next_due_ms(const Moment& now) const;

  void begin_contact_walk(std::int64_t lane, std::vector<OperationId> operations);
  /// The policy's word on the lane's first event; empty: it may go out, as far as can be told.
  std::optional<Gate> gate_of_head(const Lane& lane, const Moment& now);
  /// Gives up what has waited too long in a lane that is not walked. True: what is first now has not failed yet.
  bool give_up_old(const Lane& lane);
  /// The event that the lane kept its distance for is gone: the next one has not failed yet.
  void forget_failure(LaneRun& run);
  /// The event that stopped the lane's last walk is pending still.
  bool stopper_waits(const Lane& lane);
  /// Somebody has settled an event of the lane: what waited for it goes on.
  void settled_elsewhere(std::int64_t lane);
  void delay(const Lane& lane, const StoredEvent& head, const Gate& gate);
  void forget_delay(std::int64_t lane);
  void contact_lanes_behind(std::int64_t lane);
  void activate(const Walk& walk, const Lane& lane, std::vector<OperationId> operations);
  void finish_walks();
  void finish_walk(std::int64_t lane_id, const Result<void>& recorded, const std::vector<StoredEvent>& dropped);
  void try_again_later(std::int64_t lane);
  void after_lane_freed(std::int64_t lane_id);
  void send_single(std::int64_t lane_id, const SingleTrigger& trigger);
  std::string why_not_alone(const StoredEvent& stored, const Lane& lane);
  void finish_single(std::int64_t lane_id);
  void replay_next(std::int64_t lane_id);
  bool count_replayed(std::int64_t lane_id, const SingleSend& single);
  void finish_replay(std::int64_t lane_id, OperationResult result);

  void drive_save(const Locator& tool);
  void ask_state_change(const Locator& tool, SaveRun& save);
  void state_change_ended(const Locator& tool);
  void end_save(const Locator& tool);
  /// Walks of lanes that go, or until now went, to that tool.
  std::vector<ActiveWalk*> walks_of(const Locator& tool);
  [[nodiscard]] bool tool_is_saving(const Locator& tool) const;
  /// The lane's tool is being saved and its walks not begun: nothing starts in the lane, and the save goes on as far as
  /// it can.
  bool gives_way_to_save(std::int64_t lane);

  void act_ended(std::uint64_t ticket);

  /// Begins the next exchange of a lone sending, or calls `ended` where there is none.
  template <typename Ended>
  void go_on(SingleSend& send, std::uint64_t ticket, bool doubtful, Ended ended) {
    if (auto request = send.advance(clock_.now()))
      start_exchange(ticket, std::move(*request), doubtful);
    else
      ended();
  }

  void start_ready(const Moment& now);
  [[nodiscard]] bool may_send(const ActiveWalk& walk);
  void start_exchange(std::uint64_t ticket, HttpRequest request, bool doubtful);
  void build_ahead(const Moment& now);
  void handle_results();
  void handle_result(const ExchangeResult& result);
  void walk_answered(std::int64_t lane, const ExchangeResult& result, bool doubtful);
  void finish(const std::vector<OperationId>& operations, const OperationResult& part);
  void tell_idle();
  bool upkeep(const Moment& now, bool busy);

  /// What a ticket is for stands in its two lowest bits; a lane has one exchange at a time, so its id is enough.
  enum class TicketKind : std::uint8_t { walk = 0, single = 1, save = 2, act = 3 };
  static std::uint64_t ticket_for(TicketKind kind, std::uint64_t number) {
    return number << 2U | static_cast<std::uint64_t>(kind);
  }
  static OperationResult failed_part(std::string text) {
    OperationResult part;
    part.ok = false;
    part.text = std::move(text);
    return part;
  }

  SendContext& context_;
  Transport& transport_;
  Clock& clock_;
  Operations& operations_;
  PumpOptions options_;

  std::mutex inbox_mutex_;
  std::vector<Trigger> inbox_;
  std::set<Locator> being_saved_;  ///< as saves_, under inbox_mutex_

  std::unordered_map<std::int64_t, LaneRun> lanes_;
  std::map<Locator, SaveRun> saves_;
  std::unordered_map<std::uint64_t, ActRun> acts_;          ///< by ticket
  std::set<std::pair<std::int64_t, std::int64_t>> timers_;  ///< monotonic ms, lane
  /// What the first event of a delayed lane belongs to.
  struct Delayed {
    std::string course;
    std::string item;
  };
  std::map<Locator, std::map<std::int64_t, Delayed>> delayed_;  ///< by tool and lane
  std::unordered_map<std::int64_t, Locator> delayed_tool_;      ///< lane -> under whom it stands there
  std::atomic<std::size_t> delayed_count_ = 0;
  WatchKeeper watch_;
  std::deque<std::int64_t> ready_;  ///< lanes whose walk may advance
  std::deque<std::int64_t> ready_doubtful_;
  std::vector<std::int64_t> sent_;                     ///< lanes whose walk has an exchange under way that is new
  std::vector<std::int64_t> over_;                     ///< lanes whose walk is over, its end not yet recorded
  std::unordered_map<std::uint64_t, bool> in_flight_;  ///< ticket -> counted as doubtful
  std::size_t doubtful_in_flight_ = 0;
  std::uint64_t last_save_ticket_ = 0;
  std::uint64_t last_act_ticket_ = 0;
  std::vector<ExchangeResult> results_;
  std::size_t results_handled_ = 0;  ///< more than 0 between polls only where handling one has thrown
  std::vector<OperationId> waiting_for_idle_;
  bool winding_down_ = false;
  TakeIn take_in_;
  std::atomic<std::uint64_t> stale_walks_ = 0;
  std::atomic<std::uint64_t> taken_over_ = 0;
  std::int64_t news_due_ms_ = 0;  ///< monotonic, as the next
  std::int64_t heard_due_ms_ = 0;
  std::int64_t renewal_due_ms_ = 0;
  std::int64_t upkeep_due_ms_ = 0;
};

}  // namespace ptb
