// What a person began and what came of it, in words: for the page of a job and that of a tool. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugin.h"
#include "serve/live_feed.h"

namespace host {

/// For job.mustache: a job of /api/jobs, with the walks that are under way for its tool.
Json job_view(const Json& job, const std::vector<WalkView>& walks, std::int64_t now_ms);

/// For walk.mustache: how far the walks of a tool have come; null where none is under way.
Json walk_view(const std::string& tool, const std::vector<WalkView>& walks);

/// A lane that was claimed keeps its key: these walks are under the tools that have the lanes now.
std::vector<WalkView> under_their_tools(std::vector<WalkView> walks, const Json& lanes);

/// A walk that stopped is told of for a while: is one of these lanes being sent now?
bool is_walking(const Json& lanes, const std::string& tool);

}  // namespace host
