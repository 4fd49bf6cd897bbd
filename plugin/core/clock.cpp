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

}  // namespace ptb
