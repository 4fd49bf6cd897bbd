// The plugin as this host sees it: ptbridge.so loaded with dlopen, and a C++ face over its table. Knows ptbridge.h and
// nothing else of the plugin; knows nothing of the small LMS but its values.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lms.h"
#include "ptbridge/ptbridge.h"
#include "refusal.h"

namespace host {

using Json = nlohmann::ordered_json;

/// A call of the plugin that failed: the plugin's own line, and its PTB_E_ status.
class BridgeError : public Refusal {
 public:
  BridgeError(std::int32_t status, const std::string& text) : Refusal(kExitRefused, text), status_(status) {}
  [[nodiscard]] std::int32_t status() const { return status_; }

 private:
  std::int32_t status_;
};

/// What the bridge asks of this host, and tells it. Called on the bridge's thread or inside a call; may throw: the
/// face turns that into a failure of the one callback.
class HostFace {
 public:
  virtual ~HostFace() = default;
  virtual void load_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                             const std::function<bool(const Setting&)>& sink) = 0;
  virtual std::optional<std::string> load_secret(const Locator& tool) = 0;
  virtual void log(int level, std::string_view text) = 0;
  /// A callback of this host has failed; the call that it served will fail too.
  virtual void callback_failed(const std::string& text) noexcept = 0;
  virtual void outcome(const ptb_outcome& outcome) = 0;
  virtual void progress(const ptb_progress& progress) = 0;
  virtual void watch(const ptb_watch& watch) = 0;
};

struct BridgeOptions {
  std::string store;
  std::string tcbaseurl;
  std::string generation;
  std::uint64_t high_water = 0;
  std::uint32_t exchange_timeout_ms = 0;  ///< 0: the plugin's
  std::uint32_t connect_timeout_ms = 0;
  std::uint32_t contact_interval_ms = 0;
  bool capture_only = false;
  bool own_thread = true;
};

struct CaptureAnswer {
  int answer = 0;  ///< PTB_NEW, PTB_DUPLICATE, PTB_IGNORED
  std::string event_id;
  std::string reason;
  std::uint64_t sequence = 0;
};

struct OperationResult {
  std::int32_t status = PTB_OK;
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;
  std::uint64_t discarded = 0;
  std::uint64_t left = 0;
  std::uint64_t repeated = 0;
  std::uint64_t duration_ms = 0;
  std::string stopped_by;
  std::string tool_state;  ///< wire word; empty where the operation was no save
  std::string text;
};

/// The library. Unloaded when the last owner lets go.
class Plugin {
 public:
  /// `named`: --plugin, or empty: $PTB_PLUGIN, ../lib beside the executable, the build tree. Throws Refusal.
  static std::shared_ptr<Plugin> load(const std::filesystem::path& named);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  [[nodiscard]] const ptb_api& api() const { return *api_; }

 private:
  Plugin(void* library, const ptb_api* api) : library_(library), api_(api) {}
  void* library_;
  const ptb_api* api_;
};

/// An open bridge. Every function throws BridgeError with the plugin's own line where the call fails.
class Bridge {
 public:
  /// `face` must outlive the bridge.
  Bridge(std::shared_ptr<Plugin> plugin, const BridgeOptions& options, HostFace& face);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// All events of the operation in one call. `handle` is for wait.
  std::vector<CaptureAnswer> capture(const Operation& operation, std::uint64_t& handle);
  /// `state` empty: a tool that is known already keeps its own. `policy`: a preset's name or a document; empty: the one
  /// in force stays.
  void tool_installed(const Tool& tool, std::string_view state, std::string_view policy = {});
  std::uint64_t tool_saved(const Locator& tool, std::string_view state);
  void tool_removed(const Locator& tool);
  /// A setting has its value; with an empty key: the tool's own id of the item `owner` is the value.
  void value_known(const Locator& tool, const Setting& value);
  /// Empty where the operation goes on after timeout_ms.
  std::optional<OperationResult> wait(std::uint64_t handle, std::uint32_t timeout_ms);
  Json report(const Json& question);
  /// `handle`: 0 where the order is done when this returns.
  Json administer(const Json& order, std::uint64_t* handle = nullptr);
  /// Closes it and opens it again: operations of before are not known any more. Waits for the calls that other threads
  /// are in; what they call afterwards waits for this, and fails where opening does.
  void reopen(const BridgeOptions& options);

 private:
  class Visit;
  void open(const BridgeOptions& options);
  void close();

  std::shared_ptr<Plugin> plugin_;
  HostFace& face_;
  ptb_bridge* bridge_ = nullptr;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  int visits_ = 0;
  bool reopening_ = false;
  std::string problem_;  ///< why there is no open bridge
};

}  // namespace host
