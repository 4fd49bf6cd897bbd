// Ports for time and chance, so that tests run years in milliseconds and repeat a failure from its seed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ptb {

/// Two readings of the same moment.
struct Moment {
  std::int64_t wall_ms = 0;       ///< since the Unix epoch; may jump
  std::int64_t monotonic_ms = 0;  ///< never goes back; origin unspecified
};

/// RFC 3339, UTC, milliseconds: "2026-03-01T08:30:00.125Z".
std::string rfc3339(std::int64_t wall_ms);
/// The reverse, also of times without milliseconds or with another offset than Z. Empty where the text is none.
std::optional<std::int64_t> time_from(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Moment now() const = 0;
};

/// A source of unpredictable bytes, for nonces and identities. Callable from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<unsigned char> bytes) = 0;
};

}  // namespace ptb
