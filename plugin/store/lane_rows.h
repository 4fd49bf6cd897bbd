// Tools, lanes, walks and the store's identity between their rows and the mirror. Knows nothing of when they change.
#pragma once

#include "store/sqlite_connection.h"
#include "store/store_mirror.h"

namespace ptb {

/// Everything but the events, read at open in time that does not grow with the events that wait.
Mirror load_mirror(Connection& connection);

/// Adds the lane with a new id, which it also gets in `lane`.
void insert_lane(Connection& connection, MirrorLane& lane);
void update_lane(Connection& connection, const MirrorLane& lane);
void put_tool_row(Connection& connection, const Tool& tool);

/// Events behind the mark that are pending: all that were captured but the exceptions.
std::int64_t count_waiting(Connection& connection, const Lane& lane);

}  // namespace ptb
