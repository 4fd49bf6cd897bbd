// What several pages show alike: states as badges, why an event waits in words, an event as a row. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugin.h"

namespace host {

/// For badge.mustache: look is good, warn, bad, note or empty.
Json badge(const char* look, const std::string& text);
/// available, inactive, unavailable, not_installed.
Json tool_badge(const std::string& state);
/// An event of the report: its state, and while it waits, why.
Json event_badge(const Json& event);
/// A lane of the report.
Json lane_badge(const Json& lane);

/// "the tool is not available": what follows "waits because". A word that is not known stands for itself.
std::string why_text(const std::string& deferral);
/// "content-imported" as a person says it: "Content imported".
std::string kind_text(const std::string& kind);

/// For event_row.mustache.
Json event_row(const Json& event, std::int64_t now_ms);
/// For lane_row.mustache.
Json lane_row(const Json& lane, std::int64_t now_ms);

/// A member's number with commas; empty where it is missing or 0 is not worth a word.
std::string count_of(const Json& object, const char* member);

/// [{value, text, is_chosen}] for option elements.
Json choices(std::initializer_list<std::pair<const char*, const char*>> all, std::string_view chosen);

}  // namespace host
