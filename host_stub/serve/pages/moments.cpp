// See moments.h.
#include "serve/pages/moments.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "text/rfc3339.h"

namespace host {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

/// "2 h 5 min"; what is 0 is left away.
std::string both(std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
  const auto first = fmt::format("{} {}", large, large_unit);
  return small == 0 ? first : fmt::format("{} {} {}", first, small, small_unit);
}

/// One unit is enough to say how old something is.
std::string rough_span(std::int64_t seconds) {
  if (seconds < kMinute) return fmt::format("{} s", seconds);
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{} h", seconds / kHour);
  return fmt::format("{} days", seconds / kDay);
}

}  // namespace

std::string span_text(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(seconds, 0);
  if (seconds < kMinute) return fmt::format("{} s", seconds);
  if (seconds < 10 * kMinute) return both(seconds / kMinute, "min", seconds % kMinute, "s");
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < 2 * kDay) return both(seconds / kHour, "h", seconds % kHour / kMinute, "min");
  return both(seconds / kDay, "days", seconds % kDay / kHour, "h");
}

std::string age_text(std::int64_t at_ms, std::int64_t now_ms) {
  const auto seconds = (now_ms - at_ms) / 1000;
  if (seconds < 0) return "in " + rough_span(-seconds);
  if (seconds < 5) return "just now";
  return rough_span(seconds) + " ago";
}

Json moment_of(const std::string& time, std::int64_t now_ms) {
  const auto at_ms = moment_from(time);
  if (!at_ms) return nullptr;
  return {{"exact", time}, {"ago", age_text(*at_ms, now_ms)}};
}

std::string amount(std::uint64_t number, const std::string& one, const std::string& many) {
  return fmt::format("{} {}", with_commas(number), number == 1 ? one : many.empty() ? one + "s" : many);
}

}  // namespace host
