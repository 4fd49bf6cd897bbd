// The delivery policy of a tool (docs/policies.md): what counts as acknowledged, what follows a failure, how events are
// ordered, delayed and given up. A value, and pure functions over it; reads no clock and draws no random numbers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/outcome.h"
#include "core/snapshot.h"
#include "core/store.h"
#include "core/tool.h"
#include "core/transport.h"

namespace ptb {

/// A set of event kinds, by number.
class KindSet {
 public:
  void insert(EventKind kind) { bits_ |= 1U << static_cast<unsigned>(kind); }
  [[nodiscard]] bool contains(EventKind kind) const { return (bits_ >> static_cast<unsigned>(kind) & 1U) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] std::uint32_t bits() const { return bits_; }
  friend bool operator==(const KindSet&, const KindSet&) = default;

 private:
  std::uint32_t bits_ = 0;
};

/// What kind of failure stopped a walk. Documents name them with '-' for '_'.
enum class FailureKind : std::uint8_t {
  unreachable,     ///< refused, reset, no such name, closed without an answer
  timed_out,       ///< no answer within the time limit
  tls,             ///< no TLS session: a certificate that is not valid, for one
  client_error,    ///< HTTP 400 to 499 but 408, 425 and 429: the same request will not do better
  server_error,    ///< any other HTTP status that is no success
  not_understood,  ///< a success status with a body that is no answer of the protocol, or too large
  refused,         ///< ERROR, where the policy takes that for a failure
  not_sent,        ///< this side could not send it
};
std::string_view to_text(FailureKind kind);

FailureKind failure_kind(const ExchangeResult& result, const Outcome& by_wire);

/// When to try again. With both empty and 0: never by itself.
struct RetrySchedule {
  enum class From : std::uint8_t { last_attempt, original_failure };
  From from = From::last_attempt;
  std::vector<std::int64_t> waits_ms;  ///< the n-th follows the n-th failure; the last one repeats
  std::int64_t first_ms = 0;           ///< exponential: first * factor^(n-1), where waits_ms is empty
  double factor = 2;
  std::int64_t at_most_ms = 0;  ///< cap of one wait; 0: none
  int jitter_percent = 0;       ///< up to so much is added at random
};

/// What ends the trying.
struct GiveUp {
  enum class Then : std::uint8_t { park, discard, suspend };
  Then then = Then::park;
  std::int64_t attempts = 0;  ///< failed attempts of one event, the first one included; 0: no limit
  /// How long an event may wait, counted from its capture or, where that is later, from when its tool came into this
  /// condition; 0: no limit.
  std::int64_t not_installed_ms = 0;
  std::int64_t unavailable_ms = 0;  ///< installed, but inactive or unavailable
  std::int64_t down_ms = 0;         ///< available
};

struct Delay {
  enum class Until : std::uint8_t { time, setting, item };
  Until until{};
  KindSet kinds;
  std::int64_t wait_ms = 0;  ///< time: counted from capture
  Scope scope{};             ///< setting
  std::string key;           ///< setting
};

/// Nothing is sent, and no wait runs, from `from` to `to` minutes after midnight UTC; `to` <= `from`: of the next day.
struct MaintenanceWindow {
  std::array<bool, 7> days{};  ///< on which it begins; 0: Monday
  int from = 0;
  int to = 0;
};

struct Policy {
  enum class Order : std::uint8_t { tool, group, course, none };
  enum class AfterFailure : std::uint8_t { hold, retry, queue };

  std::string name;
  std::string document;  ///< the XML that it was read from

  bool acknowledged_by_2xx = false;  ///< else by what the wire takes for a success
  std::uint32_t time_limit_ms = 0;   ///< of an exchange; 0: the tool's or the bridge's
  bool refusal_is_failure = false;   ///< else an answer of ERROR is final
  bool https_required = false;       ///< whatever the administrator allowed

  Order order = Order::tool;
  struct Group {
    std::string name;
    KindSet kinds;
  };
  std::vector<Group> groups;  ///< of Order::group; kinds in none of them are a group "other"

  bool restart_first = true;      ///< a stopped walk begins again at its first event
  std::int64_t settle = 32;       ///< else: answers after which the mark moves
  bool current_settings = false;  ///< send what is set now, not what was at capture

  AfterFailure after_failure = AfterFailure::hold;
  RetrySchedule retry;
  std::vector<FailureKind> parks_at_once;
  GiveUp give_up;

  std::vector<Delay> delays;  ///< sorted: time, setting, item
  std::int64_t poll_ms = 0;   ///< time delays end at multiples of it; 0: to the millisecond
  std::vector<MaintenanceWindow> maintenance;
  std::int64_t receipts_ms = 30LL * 24 * 3'600'000;  ///< how long settled events are kept
  std::int64_t watch_waiting = 0;                    ///< the host is told when more wait; 0: never
  std::int64_t watch_age_ms = 0;                     ///< … when one waits longer; 0: never
};

/// The wire's outcome, as the policy takes it.
Outcome judge_under(const Policy& policy, const ExchangeResult& result, Outcome by_wire);

/// Which lane an event goes into.
LanePart lane_part(const Policy& policy, const Event& event);

/// True where `now_ms` lies in a maintenance window; `ends_at_ms` gets the end of it, or of those that follow at once.
bool in_maintenance(const Policy& policy, std::int64_t now_ms, std::int64_t& ends_at_ms);
/// The moment at which `wait_ms` have passed since `from_ms`, not counting maintenance windows.
std::int64_t after_wait(const Policy& policy, std::int64_t from_ms, std::int64_t wait_ms);

/// The n-th wait, n from 1, before jitter.
std::int64_t retry_wait_ms(const RetrySchedule& schedule, std::int64_t n);

/// What follows a failure.
struct FailureDecision {
  enum class Kind : std::uint8_t {
    hold,     ///< wait for a trigger
    retry,    ///< walk again at `at_ms`
    queue,    ///< for whoever pulls
    park,     ///< set aside, the next event is sent
    discard,  ///< likewise, with a receipt
    suspend,  ///< the whole tool, until it is saved
  };
  Kind kind = Kind::hold;
  std::int64_t at_ms = 0;
  std::string why;  ///< of park, discard and suspend: one word, "attempts_used_up" or "cannot_be_cured"
};
/// `failures` includes this one; `chance` is in [0, 1).
FailureDecision after_failure(const Policy& policy, FailureKind kind, const Failures& failures, double chance);

/// When an event is given up for its age: 0 never. `installed_as` empty: not installed.
std::int64_t given_up_at(const Policy& policy, std::optional<ToolState> installed_as, std::int64_t captured_at_ms,
                         std::int64_t condition_since_ms);

/// Whether an event may go out, besides its place in the lane.
struct Gate {
  bool open = true;
  Deferral deferral{};     ///< delayed or maintenance
  std::int64_t at_ms = 0;  ///< it opens then; 0: when a value becomes known
  std::string waits_for;   ///< for people: what
};
/// Asks for a value that the host may have said is known: a setting of the event's course or item, or, with an empty
/// key, the tool's own id of the item.
using IsKnown = std::function<bool(const Delay& delay)>;
/// `settings`: encode_settings of the event's snapshot.
Gate gate_of(const Policy& policy, const Event& event, std::string_view settings, std::int64_t now_ms,
             const IsKnown& is_known);

}  // namespace ptb
