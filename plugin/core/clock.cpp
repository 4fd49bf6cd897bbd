#include "core/clock.h"

#include <cstdio>
#include <ctime>

namespace ptb {

std::string rfc3339(std::int64_t wall_ms) {
  const std::int64_t part_ms = ((wall_ms % 1000) + 1000) % 1000;
  const auto seconds = static_cast<std::time_t>((wall_ms - part_ms) / 1000);
  std::tm date{};
  gmtime_r(&seconds, &date);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &date);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(part_ms));
  return text;
}

std::optional<std::int64_t> time_from(std::string_view text) {
  const std::string copy(text);
  std::tm date{};
  int read = 0;
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &date.tm_year, &date.tm_mon, &date.tm_mday, &date.tm_hour,
                  &date.tm_min, &date.tm_sec, &read) != 6 ||
      read != 19)
    return std::nullopt;
  date.tm_year -= 1900;
  date.tm_mon -= 1;
  const std::tm asked = date;
  std::int64_t wall_ms = static_cast<std::int64_t>(timegm(&date)) * 1000;
  if (date.tm_mday != asked.tm_mday || date.tm_hour != asked.tm_hour || date.tm_min != asked.tm_min)
    return std::nullopt;
  std::size_t at = 19;
  if (at < copy.size() && copy[at] == '.') {
    int weight = 100;
    for (++at; at < copy.size() && copy[at] >= '0' && copy[at] <= '9'; ++at, weight /= 10)
      wall_ms += static_cast<std::int64_t>(weight) * (copy[at] - '0');
  }
  const std::string zone = copy.substr(at);
  if (zone == "Z" || zone == "z") return wall_ms;
  int hours = 0;
  int minutes = 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') ||
      std::sscanf(zone.c_str() + 1, "%2d:%2d%n", &hours, &minutes, &read) != 2 || read != 5)
    return std::nullopt;
  const std::int64_t offset_ms = (hours * 60LL + minutes) * 60'000;
  return zone[0] == '+' ? wall_ms - offset_ms : wall_ms + offset_ms;
}

}  // namespace ptb
