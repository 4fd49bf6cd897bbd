// Port: what the bridge asks of, and tells, the LMS that has loaded it. Called under no lock of the bridge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/event.h"
#include "core/result.h"
#include "core/snapshot.h"

namespace ptb {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// What became of an event.
struct EventOutcome {
  std::uint64_t operation = 0;
  const StoredEvent* stored = nullptr;
  EventState state{};
  std::string_view deferral;  ///< while pending
  std::string_view text;
};

struct WalkProgress {
  std::uint64_t operation = 0;
  std::string_view lane;
  std::string_view event_id;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

/// Too much waits for a tool, or for too long, or no more so; or one event stops its lane again and again.
struct WatchEvent {
  const Locator* tool = nullptr;
  bool raised = false;  ///< false: it is over
  std::int64_t waiting = 0;
  std::int64_t oldest_at_ms = 0;  ///< 0: nothing waits
  std::string_view text;
};

class Host {
 public:
  virtual ~Host() = default;
  virtual void log(LogLevel level, std::string_view text) = 0;
  /// In the stored form of core/snapshot.h.
  virtual Result<std::string> load_settings(const Locator& tool, std::string_view course_id,
                                            std::string_view content_id) = 0;
  virtual Result<std::string> load_secret(const Locator& tool) = 0;
  virtual void outcome(const EventOutcome& outcome) = 0;
  virtual void progress(const WalkProgress& progress) = 0;
  virtual void watch(const WatchEvent& watch) = 0;
};

}  // namespace ptb
