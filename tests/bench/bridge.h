// The plugin as a host sees it: loaded with dlopen, spoken to through ptbridge.h and nothing else. Every failure is
// thrown with the plugin's own text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "event_array.h"
#include "ptbridge/ptbridge.h"

namespace bench {

class Plugin {
 public:
  explicit Plugin(const std::filesystem::path& file);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  [[nodiscard]] const ptb_api& api() const { return *api_; }

 private:
  void* library_ = nullptr;
  const ptb_api* api_ = nullptr;
};

/// Who does the sending.
enum class Pump {
  bridge_thread,  ///< the bridge's own thread, as in ptb-host
  caller,         ///< whoever waits
  nobody,         ///< it captures only
};

/// Where a bridge keeps its events: "sqlite:PATH" and so on.
struct StoreUri {
  std::string text;
};

/// How a tool is registered. It has no action for state-change where it is not to be asked at a save.
struct Installation {
  std::string url;
  std::string wire;      ///< empty: proxy-tool
  std::string endpoint;  ///< of the other wires
  std::uint32_t max_batch = 0;
  std::string policy;
  std::int32_t state = PTB_TOOL_UNAVAILABLE;
  bool asks_state_change = true;
};

class Bridge {
 public:
  /// `secret`: of all its tools; empty: one that suits proxy-tool.
  Bridge(const Plugin& plugin, const StoreUri& store, Pump pump, std::string secret = {});
  Bridge(const Plugin& plugin, const std::filesystem::path& store, Pump pump);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Registers tool number `tool`, unavailable, at `url`. Without an action for state-change a save asks it nothing.
  void install(int tool, const std::string& url, bool asks_state_change = true);
  /// Starts no walk, whatever the state.
  void install(int tool, const Installation& installation);
  /// Captures all of `events`, and returns the operation; throws where one of them is not new.
  std::uint64_t capture(EventArray& events);
  ptb_operation_result capture_and_wait(EventArray& events) { return wait(capture(events)); }
  /// Returns the operation.
  std::uint64_t save(int tool, std::int32_t state);
  /// Until it has ended; throws where it did not go well.
  ptb_operation_result wait(std::uint64_t operation);
  /// Lets a bridge without a thread do what is due.
  void pump_until_idle();
  /// One turn of no length.
  void turn();

 private:
  const ptb_api& api_;
  std::string secret_;
  ptb_bridge* bridge_ = nullptr;
};

}  // namespace bench
