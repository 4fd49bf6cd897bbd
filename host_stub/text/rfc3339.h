// Moments as people write them: RFC 3339, such as 2026-11-23T08:00:00Z or 2026-11-23T09:00:00.5+01:00.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace host {

/// Milliseconds since the epoch; nothing where the text is no such moment.
inline std::optional<std::int64_t> moment_from(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t digits, int& into) {
    if (text.size() < at + digits) return false;
    const char* end = text.data() + at + digits;
    const auto read = std::from_chars(text.data() + at, end, into);
    return read.ec == std::errc() && read.ptr == end && text[at] != '-';
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool shaped = number(0, 4, year) && number(5, 2, month) && number(8, 2, day) && number(11, 2, hour) &&
                      number(14, 2, minute) && number(17, 2, second) && text[4] == '-' && text[7] == '-' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  if (!shaped || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction_ms = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t weight = 100;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
      fraction_ms += weight * (text[at] - '0');
    if (at == first) return std::nullopt;
  }
  std::int64_t offset_minutes = 0;
  const std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    int hours = 0, minutes = 0;
    const bool sign = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':';
    if (!sign || !number(at + 1, 2, hours) || !number(at + 4, 2, minutes) || hours > 23 || minutes > 59)
      return std::nullopt;
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute - offset_minutes) * 60 + second) * 1000 + fraction_ms;
}

}  // namespace host
