// See event_array.h.
#include "event_array.h"

#include <fmt/format.h>

#include <atomic>

namespace bench {
namespace {

constexpr std::size_t kItemsPerCourse = 1000;

std::atomic<std::uint64_t> next_number{1};

/// Settings as links of a course package bring them: words, some with signs that a form has to escape.
struct SampleSetting {
  std::int32_t scope;
  std::string key;
  std::string value;
};

const std::vector<SampleSetting>& sample_settings() {
  static const std::vector<SampleSetting> settings = [] {
    std::vector<SampleSetting> made;
    for (int at = 0; at < 23; ++at) {
      const std::int32_t scope = at < 4 ? PTB_SCOPE_SYSTEM : at < 9 ? PTB_SCOPE_COURSE : PTB_SCOPE_CONTENT;
      made.push_back({scope, fmt::format("custom_link_property_{:02}", at),
                      fmt::format("Unit {} of the course, chapter reading number {}", at, 7 * at)});
    }
    return made;
  }();
  return settings;
}
constexpr std::string_view kOwnKey = "custom_resource_id";

}  // namespace

std::string program_of(int tool) { return fmt::format("tool-{}", tool); }

std::int32_t hand_settings(const ptb_settings_request& request, ptb_setting_sink sink, void* sink_context) {
  for (const SampleSetting& setting : sample_settings()) {
    const std::int32_t status = sink(sink_context, setting.scope, text(setting.key), text(setting.value));
    if (status != PTB_OK) return status;
  }
  return sink(sink_context, PTB_SCOPE_CONTENT, text(kOwnKey), request.content_id);
}

EventArray::EventArray(std::size_t count, bool own_courses, std::string_view kind)
    : own_courses_(own_courses), kind_(kind), texts_(count), events_(count), results_(count) {
  for (std::size_t at = 0; at < count; ++at) {
    event_pointers_.push_back(&events_[at]);
    result_pointers_.push_back(&results_[at]);
  }
}

void EventArray::count_from(std::uint64_t first) { next_number = first; }

void EventArray::renew(int tool, std::string_view operation) {
  const std::uint64_t first = next_number.fetch_add(count());
  first_ = first;
  operation_ = fmt::format("{}-{}", operation, first);
  program_ = program_of(tool);
  backup_id_ = fmt::format("_{}_1", first);
  for (std::size_t at = 0; at < count(); ++at) {
    Texts& texts = texts_[at];
    texts.content_id = fmt::format("_{}_1", first + at);
    texts.course_id = fmt::format("_{}_1", own_courses_ ? first + at : first / kItemsPerCourse + 1);
    texts.arguments = {{{text("content_id"), text(texts.content_id)},
                        {text("course_id"), text(texts.course_id)},
                        {text("backup_id"), text(backup_id_)},
                        {text("type"), text("exact")}}};
    ptb_event& event = events_[at];
    event = sized<ptb_event>();
    event.operation = text(operation_);
    event.vendor = text(kVendor);
    event.program = text(program_);
    event.kind = text(kind_);
    event.course_id = text(texts.course_id);
    event.content_id = text(texts.content_id);
    event.arguments = texts.arguments.data();
    event.argument_count = texts.arguments.size();
    results_[at].struct_size = sizeof results_[at];
  }
}

std::size_t EventArray::payload_bytes() const {
  std::size_t bytes = kOwnKey.size() + texts_.front().content_id.size();
  for (const SampleSetting& setting : sample_settings()) bytes += setting.key.size() + setting.value.size();
  for (const ptb_pair& argument : texts_.front().arguments) bytes += argument.name.size + argument.value.size;
  return bytes;
}

}  // namespace bench
