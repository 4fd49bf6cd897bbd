// Times, ages, numbers and amounts as a person says them. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "plugin.h"

namespace host {

/// "just now", "3 min ago", "in 20 s", "5 days ago".
std::string age_text(std::int64_t at_ms, std::int64_t now_ms);
/// "40 s", "3 min", "2 h 5 min".
std::string span_text(std::int64_t seconds);
/// For when.mustache: {exact, ago} of an RFC 3339 time; null where there is none.
Json moment_of(const std::string& time, std::int64_t now_ms);
/// "1 event", "1,234 events".
std::string amount(std::uint64_t number, const std::string& one, const std::string& many = {});

}  // namespace host
