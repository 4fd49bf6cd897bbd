// Looks through a tool's events for those that a person asked for. Knows the report only through a function.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "plugin.h"

namespace host {

/// Empty members let all through. `text` is looked for in id, arguments, course and errors, whatever its case (ASCII).
struct EventWish {
  std::string kind;
  std::string course;
  std::string text;
};

bool is_wanted(const Json& event, const EventWish& wish);

struct EventsFound {
  Json events = Json::array();
  std::string next;  ///< cursor; empty: that was all
  std::uint64_t looked_at = 0;
};

/// `page`: {"events", "next"} after a cursor. Ends with the page in which `enough` are found, or after `most` events.
EventsFound scan_events(const std::function<Json(const std::string& after)>& page, const std::string& after,
                        const EventWish& wish, std::uint64_t enough, std::uint64_t most);

}  // namespace host
