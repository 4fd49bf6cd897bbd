// What an event is: its kind, its identity, what is frozen at capture, and the states it goes through.
#pragma once

#include <array>
#include <boost/uuid/uuid.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/pairs.h"

namespace ptb {

using EventId = boost::uuids::uuid;

/// Actions of the proxy-tool protocol §4 that the bridge sends, in wire spelling with '_' for '-'. The numbers are
/// stored.
enum class EventKind : std::uint8_t {
  course_copied = 1,
  course_imported,
  group_copied,
  group_imported,
  content_copied,
  content_imported,
  content_deleted,
  course_exported,
  content_exported,
  group_exported,
  course_deleted,
  state_change,  ///< from here on: sent at a person's act, never captured
  remove,
  reregister,
  ping,
};

/// "course-copied" and so on.
std::string_view to_text(EventKind kind);
std::optional<EventKind> event_kind_from(std::int64_t number);
std::optional<EventKind> event_kind_from(std::string_view text);

/// pending, then exactly one of the others.
enum class EventState : std::uint8_t { pending = 0, delivered = 1, refused = 2, parked = 3, discarded = 4 };
std::string_view to_text(EventState state);
std::optional<EventState> event_state_from(std::string_view text);

/// Why an event waits (or, for first_attempt, why it does not). The numbers are stored.
enum class Deferral : std::uint8_t {
  first_attempt = 0,
  not_installed = 1,
  not_available = 2,
  not_responding = 3,
  behind_backlog = 4,
  delayed = 5,
  held = 6,
  suspended = 7,
  maintenance = 8,
  queued_for_pull = 9,
};
std::string_view to_text(Deferral deferral);
std::optional<Deferral> deferral_from(std::int64_t number);

/// Vendor code and program code: how a tool is found before and after it is installed.
struct Locator {
  std::string vendor;
  std::string program;
  friend bool operator==(const Locator&, const Locator&) = default;
  friend auto operator<=>(const Locator&, const Locator&) = default;
};
/// "vendor/program".
std::string to_text(const Locator& locator);
/// Errors: Status::argument where it is not two codes of 1 to 200 bytes of clean UTF-8 around one '/'.
Result<Locator> locator_from(std::string_view text);

/// An event as the host reported it, before it is stored.
struct Event {
  EventId id{};
  EventKind kind{};
  Locator locator;
  std::string operation;
  std::string course_id;
  std::string content_id;
  std::string arguments;  ///< encode_pairs, in the host's order
  std::string context;    ///< encode_pairs
  std::int64_t occurred_at_ms = 0;
  std::int64_t captured_at_ms = 0;
  std::int64_t not_before_ms = 0;  ///< the host wants it to go out no earlier; 0: at once

  /// The content handler that its item belongs to ("resource/x-acme-quiz"); empty: not said.
  [[nodiscard]] std::string_view content_handle() const;
};

/// The reason of an event whose content was taken off it: nothing of it can be sent any more.
inline constexpr std::string_view kForgotten = "forgotten";

/// Where an event stands: `sequence` counts from 1 within its lane.
struct Place {
  std::int64_t lane = 0;
  std::int64_t sequence = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// An event as the store holds it.
struct StoredEvent {
  Event event;
  Place place;
  std::int64_t snapshot = 0;       ///< id in the store; 0 where there were no settings
  std::string settings;            ///< encode_settings of that snapshot, where Store::read_waiting has brought it along
  Deferral captured_as{};          ///< why it waited when it was captured
  std::int64_t walks_before = 0;   ///< walks of its lane begun before its capture
  std::int64_t walks = 0;          ///< walks of its lane that have included it, up to the one that settled it
  EventState state{};              ///< `pending` behind the lane's mark has been made `delivered` by the store
  std::string reason;              ///< of discarded, refused or parked: one word
  std::string answer;              ///< what the tool or the transport said last, for people; <= 200 bytes
  std::int64_t settled_at_ms = 0;  ///< 0 while pending
};

/// The identity of an event of a named operation: UUID version 5 over length-prefixed bridge id, generation, operation,
/// locator, kind, ordinal and arguments sorted by name, so that a repeated capture gives the same id.
EventId event_id_v5(const EventId& bridge, std::string_view generation, std::string_view operation,
                    const Locator& locator, EventKind kind, std::uint32_t ordinal, const Pairs& arguments);

/// UUID version 4: made of chance.
EventId event_id_v4(Random& random);

/// 36 characters, lower case.
using EventIdText = std::array<char, 36>;
EventIdText text_of(const EventId& id);
std::string to_text(const EventId& id);
std::optional<EventId> event_id_from(std::string_view text);

}  // namespace ptb
