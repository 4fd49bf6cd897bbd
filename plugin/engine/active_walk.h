// One walk of one lane, event by event: which request comes next, what an answer means for it, how it ends. Drives the
// store and the host; leaves starting exchanges, and everything about other lanes, to the pump.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/host.h"
#include "core/store.h"
#include "core/transport.h"
#include "engine/gatekeeper.h"
#include "engine/operations.h"
#include "engine/tool_table.h"

namespace ptb {

/// What sending needs, for as long as the engine lives.
struct SendContext {
  Store& store;
  Host& host;
  Random& random;
  const ToolTable& tools;
  std::int64_t contact_interval_ms = 0;
};

/// In [0, 1).
double chance(Random& random);

/// 32 lower-case hex digits (proxy-tool-protocol §2).
std::string fresh_nonce(Random& random);

/// Overwrites a secret before its memory is given back.
void wipe(std::string& secret);

class ActiveWalk {
 public:
  ActiveWalk(const Walk& walk, Lane lane, std::vector<OperationId> operations, SendContext& context, const Moment& now);
  ~ActiveWalk();
  ActiveWalk(const ActiveWalk&) = delete;
  ActiveWalk& operator=(const ActiveWalk&) = delete;

  /// The next request, or nothing when the walk is over: then `end` and `tally` are final.
  std::optional<HttpRequest> advance(const Moment& now);
  /// The request that advance gave last is under way: what can be done meanwhile for the one behind it is done now.
  void build_ahead(const Moment& now);
  /// Takes the result of the request that advance gave last.
  void answered(const ExchangeResult& result, const Moment& now);
  /// Ends the walk at its next advance.
  void stop() { stop_asked_ = true; }
  /// Waiting events may have been settled by somebody else: the next request is made of what waits then.
  void reread() { reread_asked_ = true; }

  /// Nothing of the batch is left to send: the next advance ends the walk.
  [[nodiscard]] bool all_answered() const { return over_ || (page_at_ == page_.size() && read_through_ >= walk_.last); }

  [[nodiscard]] const Walk& walk() const { return walk_; }
  [[nodiscard]] const Lane& lane() const { return lane_; }
  [[nodiscard]] const WalkEnd& end() const { return end_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  /// Id of the event that stopped the walk, or empty.
  [[nodiscard]] const std::string& stopped_by_id() const { return stopped_by_id_; }

  /// The operations that end with this walk.
  [[nodiscard]] const std::vector<OperationId>& operations() const { return operations_; }
  /// Why the walk ended before the event behind those that it had answered, where that event may not go out yet.
  [[nodiscard]] const std::optional<Gate>& closed_gate() const { return closed_gate_; }
  /// The event that the gate holds back; nullptr where none does.
  [[nodiscard]] const StoredEvent* held_event() const { return closed_gate_ ? &page_[page_at_] : nullptr; }
  /// The course whose events the tool has acknowledged; empty where they were of several, or of none.
  [[nodiscard]] const std::string& acknowledged_course() const { return acknowledged_course_; }
  /// The event that stopped it was given up, so that the next one can be sent at once.
  [[nodiscard]] bool goes_on() const { return end_.stopper != EventState::pending; }
  void join(OperationId operation) { operations_.push_back(operation); }

 private:
  bool load_page();
  Result<void> bring_up_to_date(std::size_t first, std::size_t count);
  /// Ends the walk, or gives events up, where the next one may not go out. True: look again.
  bool held_back(const Moment& now);
  /// How many of the events from page_at_ on may go into one request.
  [[nodiscard]] std::size_t group_size(const Moment& now) const;
  [[nodiscard]] bool may_go(const StoredEvent& stored, const Moment& now) const;
  [[nodiscard]] std::size_t batch_limit() const;
  [[nodiscard]] bool page_is_short() const;
  bool load_secret(const Moment& now);
  void forget_page();
  Result<WireRequest> build(std::size_t page_at, std::size_t count, const Moment& now);
  Result<WireRequest> next_request(const Moment& now);
  void acknowledged(const StoredEvent& stored);
  void settled(const StoredEvent& stored, EventState state, const Outcome& outcome, const Moment& now);
  void set_aside(const StoredEvent& stored, EventState state, const std::string& reason, const std::string& text,
                 const Moment& now);
  /// `kind`: empty where nothing was sent and no policy is asked.
  void stopped_at(std::size_t page_at, const Outcome& outcome, std::optional<FailureKind> kind, const Moment& now);
  void follow_policy(const StoredEvent& stored, FailureKind kind, std::int64_t retry_after_ms, const Moment& now);
  void give_up_stopper(const StoredEvent& stored, GiveUp::Then then, const std::string& reason);
  void stopped_by_us(std::string why);
  void keep_progress(const Moment& now);
  void tell(const StoredEvent& stored, EventState state, std::string_view deferral, std::string_view text);
  void show_progress(const Moment& now, bool always);

  Walk walk_;
  Lane lane_;
  std::vector<OperationId> operations_;
  SendContext& context_;
  Tally tally_;
  WalkEnd end_;
  std::string stopped_by_id_;
  bool over_ = false;
  bool stop_asked_ = false;
  bool reread_asked_ = false;

  std::vector<StoredEvent> page_;
  std::vector<Outgoing> outgoing_;           ///< parallel to page_
  std::vector<EffectiveSettings> settings_;  ///< parallel to page_, points into it
  std::size_t page_at_ = 0;
  std::int64_t read_through_;
  std::size_t in_flight_ = 0;  ///< events of the request that is under way
  /// A request for an event of the page, built while the one before it was under way.
  struct Ahead {
    std::size_t page_at = 0;
    std::int64_t stamped_at_ms = 0;  ///< wall
    std::shared_ptr<const ReadyTool> tool;
    HttpRequest request;
  };
  std::optional<Ahead> ahead_;
  int fallback_ = 0;
  std::string secret_;
  std::shared_ptr<const ReadyTool> tool_;

  std::optional<Gate> closed_gate_;
  std::int64_t answered_since_mark_ = 0;
  std::uint64_t done_ = 0;
  std::optional<EventId> last_event_;  ///< that was answered
  std::string acknowledged_course_;
  std::int64_t shown_at_ms_ = 0;
};

}  // namespace ptb
