// Lanes and outcomes added up by tool, for pages that show a tool as one. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "serve/live_feed.h"
#include "serve/pages/charts.h"

namespace host {

struct LaneSum {
  std::uint64_t waiting = 0;
  std::size_t lanes = 0;
  std::size_t held = 0;
  std::string oldest_at;  ///< RFC 3339; empty: nothing waits
  std::string error;      ///< of a lane that waits
};
using LaneSums = std::map<std::string, LaneSum>;

/// Of the lanes in a report, by tool.
LaneSums sums_of(const Json& lanes);

/// Answers by kind; `tool` empty: of all tools.
std::vector<Bar> answer_bars(const OutcomeCounts& outcomes, const std::string& tool);

}  // namespace host
