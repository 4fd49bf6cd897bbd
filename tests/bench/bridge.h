// The plugin as a host sees it: loaded with dlopen, spoken to through ptbridge.h and nothing else; and the events that
// the benchmark captures. Every failure is thrown with the plugin's own text.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

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

/// Some events of one tool for one call of capture: content items of a course, each with settings of its own, so that a
/// request has about 2 KiB. Strings are kept and refilled.
class EventArray {
 public:
  /// `own_courses`: each event is of a course of its own.
  explicit EventArray(std::size_t count, bool own_courses = false);

  /// Makes them new events of tool number `tool`: one operation, like a restored course.
  void renew(int tool, std::string_view operation = "restore");
  /// Number of the first of them; the next array goes on behind the last.
  [[nodiscard]] std::uint64_t first() const { return first_; }
  static void count_from(std::uint64_t first);

  [[nodiscard]] std::size_t count() const { return events_.size(); }
  [[nodiscard]] const ptb_event* const* events() const { return event_pointers_.data(); }
  [[nodiscard]] ptb_capture_result* const* results() { return result_pointers_.data(); }
  /// Bytes of names and values that one event hands over, arguments and settings.
  [[nodiscard]] std::size_t payload_bytes() const;

 private:
  struct Texts {
    std::string content_id;
    std::string course_id;
    std::array<ptb_pair, 4> arguments;
  };
  bool own_courses_;
  std::uint64_t first_ = 0;
  std::string operation_;
  std::string program_;
  std::string backup_id_;
  std::vector<Texts> texts_;
  std::vector<ptb_event> events_;
  std::vector<const ptb_event*> event_pointers_;
  std::vector<ptb_capture_result> results_;
  std::vector<ptb_capture_result*> result_pointers_;
};

/// Who does the sending.
enum class Pump {
  bridge_thread,  ///< the bridge's own thread, as in ptb-host
  caller,         ///< whoever waits
};

class Bridge {
 public:
  Bridge(const Plugin& plugin, const std::filesystem::path& store, Pump pump);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Registers tool number `tool`, unavailable, at `url`. Without an action for state-change a save asks it nothing.
  void install(int tool, const std::string& url, bool asks_state_change = true);
  /// The same with a delivery policy and in that state, which starts no walk.
  void install(int tool, const std::string& url, const std::string& policy, std::int32_t state);
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
  void install_with(int tool, const std::string& url, bool asks_state_change, const std::string& policy,
                    std::int32_t state);

  const ptb_api& api_;
  ptb_bridge* bridge_ = nullptr;
};

}  // namespace bench
