// The JSON faces of events, lanes and tools (shapes: docs/abi.md), shared by reports and orders.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/store.h"
#include "engine/gatekeeper.h"
#include "engine/tool_table.h"

namespace ptb {

using Json = nlohmann::ordered_json;

/// RFC 3339, UTC, milliseconds; null for 0.
Json time_json(std::int64_t wall_ms);

/// Text that is safe to put into JSON, whatever its bytes.
std::string json_text(const Json& json);

/// What whoever looks at events needs to know.
struct Viewer {
  Store& store;
  const ToolTable& tools;
  std::int64_t now_ms = 0;
  std::int64_t contact_interval_ms = 0;
};

/// How the lane of an event stands: what the reason of its waiting depends on.
struct LaneStanding {
  Lane lane;
  std::optional<ToolState> tool_state;  ///< empty: not installed
  std::string tool_suspended;           ///< why nothing is sent to the tool; empty: it is
  std::optional<StoredEvent> head;      ///< the first pending event
  std::optional<LaneBlock> block;       ///< what goes first
  std::string behind;                   ///< the key of the lane that does; empty: none
  std::optional<Gate> gate;             ///< of the head, where its policy holds it back
  std::int64_t given_up_at_ms = 0;      ///< of the head, by its age; 0: never

  /// A failure stopped the last walk, and the event that it stopped at still waits.
  [[nodiscard]] bool failed() const {
    return lane.last_walk.stopped_by != 0 && lane.last_walk.stopped_by >= head_sequence();
  }
  [[nodiscard]] std::int64_t head_sequence() const { return head ? head->place.sequence : 0; }
};
Result<LaneStanding> lane_standing(const Viewer& viewer, std::int64_t lane);

/// Why a pending event waits now.
Deferral deferral_of(const StoredEvent& stored, const LaneStanding& standing);

/// {id, kind, tool, lane, sequence, state, deferral, course_id, arguments, settings, captured_at, operation, attempts,
/// last_error}.
Result<Json> event_json(Store& store, const StoredEvent& stored, const LaneStanding& standing);

/// When the lane goes on by itself, wall clock; 0: not by time.
std::int64_t next_at_ms(const Viewer& viewer, const LaneStanding& standing);

/// {lane, tool, state, waiting, oldest_at, next_at, stopped_by, last_error, split, epoch, behind}.
Result<Json> lane_json(const Viewer& viewer, const LaneStanding& standing);

/// Reads one field of a question or an order. Errors: Status::argument, naming the field.
Result<std::string> text_field(const Json& json, const char* name);
Result<Locator> locator_field(const Json& json, const char* name);
Result<EventId> id_field(const Json& json, const char* name);
/// `otherwise` where it is missing.
Result<std::int64_t> number_field(const Json& json, const char* name, std::int64_t least, std::int64_t most,
                                  std::int64_t otherwise);
/// RFC 3339. Errors: Status::argument.
Result<std::int64_t> time_field(const Json& json, const char* name);
/// A list of ids; empty where the field is missing.
Result<std::vector<EventId>> ids_field(const Json& json, const char* name);

/// Errors: Status::argument where the text is no JSON object.
Result<Json> parse_object(std::string_view text, const char* what);

}  // namespace ptb
