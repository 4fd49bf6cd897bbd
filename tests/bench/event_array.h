// The events that the benchmark captures: content items of a course, or courses, each with settings of its own, so that
// a request has about 2 KiB. Knows the structs of ptbridge.h and no bridge.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ptbridge/ptbridge.h"

namespace bench {

inline ptb_text text(std::string_view view) { return {view.data(), view.size()}; }
inline std::string_view view(ptb_text given) { return {given.bytes, given.size}; }

template <typename Struct>
Struct sized() {
  Struct made{};
  made.struct_size = sizeof made;
  return made;
}

/// Vendor code of all tools of the benchmark, and program code of tool number `tool`.
inline constexpr std::string_view kVendor = "bench";
std::string program_of(int tool);

/// The settings that every item has, and one that it has alone, handed to `sink` as load_settings does.
std::int32_t hand_settings(const ptb_settings_request& request, ptb_setting_sink sink, void* sink_context);

/// Some events of one tool for one call of capture. Strings are kept and refilled.
class EventArray {
 public:
  /// `own_courses`: each event is of a course of its own.
  explicit EventArray(std::size_t count, bool own_courses = false, std::string_view kind = "content-imported");

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
  std::string_view kind_;
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

}  // namespace bench
