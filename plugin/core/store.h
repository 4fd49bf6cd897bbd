// Port: what must outlive the process. The truth about tools, lanes, events and walks; every function is one
// transaction, durable when it returns, and callable from any thread. Implementations pass tests/contract.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/deferral.h"
#include "core/event.h"
#include "core/result.h"
#include "core/tool.h"

namespace ptb {

/// The last walk of a lane. `ended_at_ms` == 0: it is under way, or a crash has cut it off.
struct LastWalk {
  std::int64_t ordinal = 0;  ///< from 1; 0: no walk yet
  std::int64_t first = 0;    ///< the batch: sequences first…last
  std::int64_t last = 0;
  std::int64_t reached = 0;  ///< highest sequence that was answered; valid once ended
  std::int64_t started_at_ms = 0;
  std::int64_t ended_at_ms = 0;
  bool completed = false;          ///< every event of the batch was answered
  std::int64_t stopped_by = 0;     ///< sequence; 0: completed, or stopped by this side
  std::string error;               ///< why it stopped, for people
  std::int64_t not_before_ms = 0;  ///< its policy, or the tool, wants the next one no earlier; 0: neither does
};

/// held: by a person; suspended: by a failure, until a save; queued: for whoever pulls, until it is redelivered.
enum class LaneHold : std::uint8_t { none = 0, held = 1, suspended = 2, queued = 3 };

/// A lane as the store has it.
struct Lane {
  std::int64_t id = 0;
  std::string key;        ///< the locator under which its events were captured, "vendor/program", and its part
  Locator tool;           ///< whom it is delivered to: that locator, or another one after a claim
  std::int64_t mark = 0;  ///< every event at or before it is settled
  std::int64_t last_sequence = 0;
  std::int64_t waiting = 0;  ///< pending events behind the mark
  bool released = true;  ///< false: waits for an administrator's save (events from before the installation, or a claim)
  LaneHold hold = LaneHold::none;
  std::string hold_reason;
  LastWalk last_walk;
  std::int64_t stopping_sequence = 0;  ///< the event that stopped the last walks which had got past others …
  std::int64_t stopping_count = 0;     ///< … and how many of them in a row
  /// A request for several events that was not answered: they go out together again. kept_from == 0: only its end is
  /// known. Both 0: none.
  std::int64_t kept_from = 0;
  std::int64_t kept_through = 0;
  /// How the tool's events were split when it was made: the lanes of one locator with a lower epoch drain first.
  std::int64_t epoch = 0;
  std::string split;                    ///< LanePart::split of its events
  std::int64_t condition_since_ms = 0;  ///< its tool was installed, removed, switched on or off, or resumed then
  bool walked_elsewhere = false;        ///< by another process that shares the store
};

/// A walk that has been begun: its batch is fixed.
struct Walk {
  std::int64_t lane = 0;
  std::int64_t ordinal = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t waiting = 0;             ///< pending events in the batch
  std::int64_t previously_reached = 0;  ///< highest sequence that an earlier walk over this batch may have had answered
  std::int64_t node = 0;  ///< whose walk it is, of the processes that share the store: the fencing token of its settles
};

struct WalkEnd {
  std::int64_t reached = 0;  ///< highest sequence that was answered
  bool completed = false;    ///< all of the batch up to `through` was answered: the mark moves there
  std::int64_t through = 0;  ///< of completed: the batch ends here already; 0: at its last event
  std::int64_t settled = 0;  ///< of stopped: the mark moves to here all the same; 0: it stays
  std::int64_t stopped_by = 0;
  std::int64_t stopped_through = 0;  ///< last event of the request that failed; 0: `stopped_by` alone
  std::int64_t not_before_ms = 0;    ///< as LastWalk
  std::string error;
  LaneHold hold = LaneHold::none;  ///< suspended or queued: hold the lane so
  bool suspend_tool = false;       ///< nothing is sent to the tool until it is saved
  std::string hold_reason;         ///< of both; empty: `error`
  /// What becomes of the event that stopped it: pending, or given up as parked or discarded.
  EventState stopper = EventState::pending;
  std::string stopper_reason;  ///< one word

  [[nodiscard]] const std::string& why() const { return hold_reason.empty() ? error : hold_reason; }
};

/// A walk and how it ended.
struct EndedWalk {
  Walk walk;
  WalkEnd end;
  std::vector<StoredEvent> dropped;  ///< filled by the store: what will not be sent any more
};

/// Which of its tool's lanes an event belongs to. split: "" (the tool has one), "group:" and what tells these groups
/// from others, "course", or "none": one of its own, for as long as it waits.
struct LanePart {
  std::string split;
  std::string name;   ///< of the group or the course
  std::string other;  ///< a second course: what was captured for it before goes first, what comes after waits
};

/// An event to capture, and the settings that go with it.
struct CaptureItem {
  Event event;
  std::string settings;  ///< encode_settings; empty: none
  LanePart part;
  bool keep = false;  ///< stored though it would be ignored: another bridge had accepted it
};

struct CaptureAnswer {
  enum class Kind : std::uint8_t { fresh, duplicate, ignored };
  Kind kind{};
  EventId id{};
  Place place;                  ///< of fresh and duplicate
  Deferral deferral{};          ///< of fresh
  Locator tool;                 ///< of fresh: whom its lane is delivered to
  std::string_view ignored_as;  ///< of ignored; static text
};

/// One host call: all or nothing.
struct CaptureBatch {
  std::vector<CaptureItem> items;
  std::vector<CaptureAnswer> answers;  ///< filled by the store, one for each item
};

/// Asked inside the transaction for every item that is not a duplicate. `tool` is nullptr where none is installed,
/// `lane` where there is none yet. `behind`: events of other lanes go first.
using DecideCapture =
    std::function<CaptureDecision(const CaptureItem& item, const Tool* tool, const Lane* lane, bool behind)>;

enum class EventFilterState : std::uint8_t { any, pending, delivered, refused, parked, discarded };

struct EventFilter {
  std::optional<Locator> tool;  ///< events of the lanes that go to this tool, and of the lane of this locator
  EventFilterState state = EventFilterState::any;
  std::optional<Place> after;  ///< start behind this one: a page's cursor
  int limit = 100;             ///< at most 1000
};

/// Whose events are forgotten: those of a course (its own, or copied from or to it), or those a user caused (user_id of
/// their context). One of the two is given.
struct ForgetTerms {
  std::string course;
  std::string user;
};

struct Forgotten {
  std::int64_t events = 0;     ///< whose content is gone, whatever their state
  std::int64_t discarded = 0;  ///< of them: had been waiting or parked
};

/// How long the settled events of a tool are kept, in ms.
using ReceiptRetention = std::function<std::int64_t(const Locator& tool)>;

/// The recorded failures of one event: attempts that stopped a walk.
struct Failures {
  std::int64_t count = 0;
  std::int64_t first_at_ms = 0;
  std::int64_t last_at_ms = 0;
};
struct FailedAttempt {
  std::int64_t number = 0;  ///< from 1
  std::int64_t at_ms = 0;
  std::string text;
};

/// Why a lane may not be walked though its tool is available.
struct LaneBlock {
  std::int64_t lane = 0;      ///< whose events go first; 0: none
  std::int64_t event = 0;     ///< sequence in that lane up to which they do; 0: all
  std::int64_t until_ms = 0;  ///< an event of it is in a puller's hands until then at most; 0: none is
};

/// A value that the host has said is known: a setting at a scope, or the tool's own id of an item.
struct KnownValue {
  Locator tool;
  std::string what;   ///< "setting:system", "setting:course", "setting:content" or "item"
  std::string whose;  ///< id of the course or the item; empty at system scope
  std::string key;    ///< of a setting; empty for an item
  std::string value;
};

/// A lease that would run for longer than any is given was given before the clock was put back: it is over, too.
inline constexpr std::int64_t kLongestLeaseMs = 24LL * 3'600'000;
inline bool lease_is_over(std::int64_t until_ms, std::int64_t now_ms) {
  return until_ms <= now_ms || until_ms - now_ms > kLongestLeaseMs;
}

/// Events that somebody has taken to deal with them.
struct Lease {
  std::string token;  ///< 32 lower-case hex digits
  std::int64_t until_ms = 0;
  std::vector<StoredEvent> events;  ///< each with its settings
};

/// What a person did.
struct AuditEntry {
  std::int64_t number = 0;  ///< from 1, given by the store
  std::int64_t at_ms = 0;
  std::string who;
  std::string what;    ///< the order's name
  std::string target;  ///< tool, lane or event
  std::string detail;  ///< the order, and what came of it, in one line
};

/// What waits for a tool, over all its lanes.
struct Backlog {
  std::int64_t waiting = 0;
  std::int64_t lanes = 0;      ///< in which something waits
  std::int64_t oldest_at = 0;  ///< capture of the oldest waiting event; 0: none
};

/// One of the processes that share a store.
struct StoreNode {
  std::int64_t number = 0;
  std::string name;  ///< HOST:PID
  bool is_this = false;
  bool is_alive = false;   ///< it has been heard of within the time of a lease
  std::int64_t lanes = 0;  ///< that it walks
};

/// What other processes that share the store have done.
struct StoreNews {
  std::set<Locator> changed;          ///< tools that were installed, saved, removed, or have another policy
  std::set<std::int64_t> walked;      ///< lanes in which another process has begun or ended a walk
  std::set<std::int64_t> wanted;      ///< lanes that are to be walked: nobody does, or whoever did is gone
  std::set<std::int64_t> taken_over;  ///< of the wanted ones: their walker has gone or has not been heard of
  std::set<std::int64_t> restarted;   ///< lanes walked here that are to be walked again from their start
  std::set<std::int64_t> stopped;     ///< lanes walked here that another process has held, or given to another tool
  std::set<std::int64_t> reread;      ///< lanes walked here of which another process has settled events
};

struct StoreIdentity {
  EventId bridge{};        ///< made when the store was created
  std::string generation;  ///< of the host, as of the last open
  std::uint64_t high_water = 0;
};

/// What a look at everything has found.
struct StoreCheck {
  std::vector<std::string> findings;  ///< a line each; empty: no damage
  std::int64_t events = 0;            ///< that were looked at
  std::int64_t lanes = 0;
};

/// How a store was put back from a backup.
struct PutBack {
  StoreCheck found;             ///< of the backup; with findings nothing was put back
  std::int64_t made_at_ms = 0;  ///< the backup; 0: not known
  std::int64_t waiting = 0;
  std::uint64_t high_water = 0;  ///< of the host, as the backup knows it
  std::string kept_as;           ///< what was there before
};

/// What moved from one store to another.
struct Moved {
  std::int64_t rows = 0;
  std::int64_t events = 0;
  std::int64_t lanes = 0;
  bool was_there = false;  ///< an earlier try, which a crash cut off, had already copied all of it
};

class Store {
 public:
  virtual ~Store() = default;

  // -- identity
  virtual StoreIdentity identity() = 0;
  virtual Result<void> put_generation(const std::string& generation, std::uint64_t high_water) = 0;

  // -- tools
  /// Adds or replaces. A lane of that locator keeps what it has, and the tool its suspension.
  virtual Result<void> put_tool(const Tool& tool, std::int64_t now_ms) = 0;
  /// Removes it; its lanes go back to their own locator and wait for a save (`released` = false) where anything waits.
  virtual Result<void> remove_tool(const Locator& locator, std::int64_t now_ms) = 0;
  virtual Result<std::optional<Tool>> tool(const Locator& locator) = 0;
  virtual Result<std::vector<Tool>> tools() = 0;
  /// Gives the lanes of `from` to the tool `to`, unreleased. Errors: Status::not_found where `from` has no lane or `to`
  /// is not installed; Status::refused where `from` is installed itself.
  virtual Result<void> claim(const Locator& from, const Locator& to, std::int64_t now_ms) = 0;

  // -- policies
  /// The policy document in force for a locator, installed or not; empty: the default.
  virtual Result<void> put_policy(const Locator& locator, const std::string& document) = 0;
  virtual Result<std::vector<std::pair<Locator, std::string>>> policies() = 0;

  // -- lanes
  virtual Result<std::vector<Lane>> lanes() = 0;  ///< by key
  virtual Result<Lane> lane(std::int64_t id) = 0;
  virtual Result<std::vector<Lane>> lanes_of(const Locator& tool) = 0;
  virtual Result<void> hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) = 0;
  /// Why it may not be walked now, besides what Lane and Tool say; empty: it may.
  virtual Result<std::optional<LaneBlock>> block_of(std::int64_t lane, std::int64_t now_ms) = 0;
  /// Lanes with waiting events that may have been blocked by this one: newer epochs of its locator, and events of two
  /// courses.
  virtual Result<std::vector<std::int64_t>> lanes_behind(std::int64_t lane) = 0;
  virtual Result<Backlog> backlog(const Locator& tool) = 0;

  // -- capture
  /// All batches in one commit; each gets its answers. Errors: Status::store; then nothing of any batch is stored.
  virtual Result<void> capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) = 0;

  // -- walks
  /// Fixes a batch of everything that waits in the lane, up to where another lane goes first, and records the walk's
  /// start. Empty where nothing waits, the lane is held, suspended, queued, blocked or not released, or its tool is not
  /// available or is suspended.
  virtual Result<std::optional<Walk>> begin_walk(std::int64_t lane, std::int64_t now_ms) = 0;
  /// Sets the tool's state; where that is available also releases its lanes, lifts suspensions and queues (not holds)
  /// and begins a walk in each that begin_walk would walk. One transaction, serialised with capture.
  virtual Result<std::vector<Walk>> save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) = 0;
  /// Records how far each walk got, all in one commit, since lanes often end together. Completed: the mark moves to the
  /// walk's last event or to `through`. Stopped by an event: that is recorded as a failure of it, and never-waiting
  /// events of the batch (waits_after_failure is false) that were not answered become discarded(not_responding) and
  /// come back in `dropped`; those before it were answered and become delivered. Errors: Status::state where a walk is
  /// not the last one of its lane or has ended; then nothing is recorded of any.
  virtual Result<void> end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) = 0;
  /// The walk under way has had everything up to `through` answered: the mark moves there. Errors: Status::state as
  /// end_walks.
  virtual Result<void> advance_mark(const Walk& walk, std::int64_t through, std::int64_t now_ms) = 0;
  virtual Result<Failures> failures(const Place& place) = 0;
  /// The first and the last 19 of them, in order.
  virtual Result<std::vector<FailedAttempt>> failed_attempts(const Place& place) = 0;
  /// The same for one walk; what was dropped is appended.
  Result<void> end_walk(const Walk& walk, const WalkEnd& end, std::int64_t now_ms, std::vector<StoredEvent>& dropped) {
    EndedWalk one{walk, end, {}};
    auto recorded = end_walks({&one, 1}, now_ms);
    dropped.insert(dropped.end(), one.dropped.begin(), one.dropped.end());
    return recorded;
  }
  /// Up to `limit` pending events of the lane with after < sequence <= through, in order, each with its `settings`.
  virtual Result<std::vector<StoredEvent>> read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                        int limit) = 0;
  /// Takes an event out of the line (refused, parked, discarded), or records an event that was sent alone as delivered.
  /// `walk`: the one that had it answered; nullptr: none. Errors: Status::state where that walk is not this process's
  /// any more.
  virtual Result<void> settle(const Place& place, EventState state, const std::string& reason,
                              const std::string& answer, std::int64_t now_ms, const Walk* walk) = 0;
  Result<void> settle(const Place& place, EventState state, const std::string& reason, const std::string& answer,
                      std::int64_t now_ms) {
    return settle(place, state, reason, answer, now_ms, nullptr);
  }

  // -- reading
  virtual Result<std::optional<StoredEvent>> find(const EventId& id) = 0;
  virtual Result<std::vector<StoredEvent>> list(const EventFilter& filter) = 0;  ///< by lane, then sequence
  virtual Result<std::optional<StoredEvent>> first_waiting(std::int64_t lane) = 0;
  virtual Result<std::string> settings(std::int64_t snapshot) = 0;  ///< encode_settings; "" for 0

  // -- values
  virtual Result<void> put_known(const KnownValue& known, std::int64_t now_ms) = 0;
  /// By `tool`, `what`, `whose` and `key`.
  virtual Result<std::optional<std::string>> known(const KnownValue& asked) = 0;

  // -- pull
  /// Up to `limit` events, in order, that wait in queued or suspended lanes of the tool (or in any lane of a suspended
  /// tool) and that nobody holds, are the caller's until the lease ends. An empty lease: there are none.
  virtual Result<Lease> take(const Locator& tool, int limit, const std::string& token, std::int64_t until_ms,
                             std::int64_t now_ms) = 0;
  /// Ends the lease of one event: `acknowledged` makes it delivered, else it is given back. Errors: Status::refused
  /// where the token does not hold it (any more).
  virtual Result<void> end_lease(const EventId& id, const std::string& token, bool acknowledged,
                                 std::int64_t now_ms) = 0;

  // -- what people did
  virtual Result<void> put_audit(const AuditEntry& entry) = 0;
  virtual Result<std::vector<AuditEntry>> audit(std::int64_t after, int limit) = 0;  ///< by number
  /// Whether the host was told that too much waits for the tool, and not yet that it is over.
  virtual Result<void> put_watch(const Locator& tool, bool raised) = 0;
  virtual Result<bool> watch_raised(const Locator& tool) = 0;

  // -- upkeep
  /// Takes the content off every event that the terms name: arguments, context, settings (those that other events share
  /// stay with one of these), ids of course and item, operation, answer. What waited or was parked becomes
  /// discarded(forgotten); id, place, kind, state and times stay. The bytes are overwritten.
  virtual Result<Forgotten> forget(const ForgetTerms& terms, std::int64_t now_ms) = 0;
  /// Removes up to `pieces` settled rows that are older than their retention, and what belongs to them alone. True:
  /// there is more. Event ids are kept `key_retention_ms` longer than the payload needs, so that a repeated capture is
  /// recognised.
  virtual Result<bool> reclaim(std::int64_t now_ms, const ReceiptRetention& retention, std::int64_t key_retention_ms,
                               int pieces) = 0;

  // -- the whole store; Status::argument where its kind cannot do that
  /// Reads everything, in pieces between which others go on. Errors: what kept it from looking.
  virtual Result<StoreCheck> check();
  /// A copy of everything as a store in a file of its own, made in pieces between which others go on. `noted` is the
  /// last entry of the copy's audit trail. Errors: Status::refused where `path` is there already; Status::damaged.
  virtual Result<void> back_up(const std::string& path, const AuditEntry& noted);
  /// Everything becomes what that backup holds, but for a new identity, all lanes held, and `noted` in the audit trail.
  /// After that, this store refuses every call: open it anew. Errors: Status::state while a walk is under way;
  /// Status::newer, Status::damaged; the store is then as it was.
  virtual Result<PutBack> put_back(const std::string& backup, const EventId& bridge, const AuditEntry& noted);
  /// The same for a store whose content somebody has put back by other means.
  virtual Result<void> begin_new_life(const EventId& bridge, const AuditEntry& noted);
  /// Everything, ids, order and identity and all, goes into that empty store, and `noted` with it. Meanwhile calls are
  /// refused; afterwards for good, and this store does not open any more but says where it has gone. Errors:
  /// Status::state while a walk is under way, Status::refused where the other one is not empty; nothing has moved then.
  virtual Result<Moved> move_to(Store& other, const AuditEntry& noted);

  // -- several processes; one that has its store to itself keeps to what is here
  [[nodiscard]] virtual bool is_shared() const { return false; }
  /// What has happened since it was asked last; `look`: also where nobody has told. Lanes of processes that are gone
  /// are taken over; now and then so are those that somebody owed a walk. Waits for nothing but the database.
  virtual Result<StoreNews> news(bool look, std::int64_t now_ms) {
    static_cast<void>(look);
    static_cast<void>(now_ms);
    return StoreNews{};
  }
  virtual Result<std::vector<StoreNode>> nodes() { return std::vector<StoreNode>(); }
  /// To be polled for reading: there is news. -1: it must be looked for.
  [[nodiscard]] virtual int listening_socket() const { return -1; }
  /// Whether the walk is still this process's, as far as can be told without asking. Any thread; takes no time.
  [[nodiscard]] virtual bool may_send(const Walk& walk) const {
    static_cast<void>(walk);
    return true;
  }
  /// To be called at least every 5 s while walks are under way, so that they stay this process's.
  virtual Result<void> renew() { return {}; }
};

}  // namespace ptb
