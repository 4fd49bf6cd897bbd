// The JSON faces of events, lanes and tools (shapes: docs/abi.md), shared by reports and orders.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/store.h"

namespace ptb {

using Json = nlohmann::ordered_json;

/// RFC 3339, UTC, milliseconds; null for 0.
Json time_json(std::int64_t wall_ms);

/// Text that is safe to put into JSON, whatever its bytes.
std::string json_text(const Json& json);

/// How the lane of an event stands: what the reason of its waiting depends on.
struct LaneStanding {
  Lane lane;
  std::optional<ToolState> tool_state;  ///< empty: not installed
  std::int64_t head = 0;                ///< sequence of the first pending event; 0: none
};
Result<LaneStanding> lane_standing(Store& store, std::int64_t lane);

/// Why a pending event waits now.
Deferral deferral_of(const StoredEvent& stored, const LaneStanding& standing);

/// {id, kind, tool, lane, sequence, state, deferral, course_id, arguments, settings, captured_at, operation, attempts,
/// last_error}.
Result<Json> event_json(Store& store, const StoredEvent& stored, const LaneStanding& standing);

/// {lane, tool, state, waiting, oldest_at, next_at, stopped_by, last_error}.
Result<Json> lane_json(Store& store, const LaneStanding& standing, std::int64_t contact_interval_ms);

/// Reads one field of a question or an order. Errors: Status::argument, naming the field.
Result<std::string> text_field(const Json& json, const char* name);
Result<Locator> locator_field(const Json& json, const char* name);
Result<EventId> id_field(const Json& json, const char* name);

/// Errors: Status::argument where the text is no JSON object.
Result<Json> parse_object(std::string_view text, const char* what);

}  // namespace ptb
