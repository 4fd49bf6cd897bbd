// Tools, lanes, walks and the store's identity between their rows and the mirror. Knows nothing of when they change.
#pragma once

#include "store/connection.h"
#include "store/store_mirror.h"

namespace ptb {

/// Everything but the events, read at open in time that does not grow with the events that wait.
Mirror load_mirror(Connection& connection);
/// Of a shared store: the identity alone.
Mirror load_empty_mirror(Connection& connection);
/// Of a shared store: puts in all that belongs to one locator, as it is now.
void load_family(Connection& connection, const Locator& locator, Mirror& mirror);
/// Of a shared store: the lanes of one locator that have changed since that version of it, as they are now.
std::vector<MirrorLane> load_lanes(Connection& connection, const std::string& own, std::int64_t since_version);
/// Of a shared store: the tool as it is now; empty: it is not installed.
std::optional<Tool> load_tool(Connection& connection, const std::string& locator);

/// Adds the lane with a new id, which it also gets in `lane`.
void insert_lane(Connection& connection, MirrorLane& lane);
void update_lane(Connection& connection, const MirrorLane& lane);
void put_tool_row(Connection& connection, const Tool& tool);

/// What the age of an event is counted from: when its tool came into this condition.
enum class ToolStanding : std::uint8_t { not_installed, not_available, available };
inline ToolStanding standing_of(const Tool* tool) {
  if (tool == nullptr) return ToolStanding::not_installed;
  return tool->state == ToolState::available ? ToolStanding::available : ToolStanding::not_available;
}

/// As far as the lane itself and its tool are concerned; other lanes and leases may still go first.
inline bool may_walk(const Lane& lane, const Tool* tool) {
  return lane.waiting > 0 && lane.hold == LaneHold::none && lane.released &&
         standing_of(tool) == ToolStanding::available && tool->suspended.empty();
}

/// Pending events behind the mark up to `through`: all that were captured but the exceptions.
std::int64_t count_waiting(Connection& connection, const Lane& lane, std::int64_t through);

}  // namespace ptb
