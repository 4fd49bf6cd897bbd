// Names of lanes: the locator under which their events are captured, and the part of its events that they hold. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/store.h"

namespace ptb {

/// "vendor/program", "vendor/program/group/NAME" or "vendor/program/course/ID". A '~' in a name is doubled, so that no
/// name looks like a further lane of another.
std::string lane_key(const Locator& own, const LanePart& part);

/// The key of a lane of the same part that later events go to, since something waits in the one before it.
std::string further_lane_key(const std::string& key, std::int64_t epoch);

/// "vendor/program/free/N": a lane that one event has to itself while it waits.
std::string free_lane_key(const Locator& own, std::int64_t number);

/// The name of a course's lane once the course is forgotten. No other lane has it.
std::string forgotten_lane_key(const Locator& own, std::int64_t lane);

/// What stands before the second '/': vendor and program hold none. Errors: Status::argument.
Result<Locator> own_locator_of(std::string_view key);

}  // namespace ptb
