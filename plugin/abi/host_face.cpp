#include "abi/host_face.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory_resource>

#include "abi/argument_reading.h"

namespace ptb {

namespace {

// Trivially destructible: a destructor here would pin the library after dlclose.
thread_local int callback_depth = 0;

/// What the settings sink fills.
struct SettingsBeingLoaded {
  std::array<std::byte, 4096> room_of_most;  // not initialized: most of it is never used
  std::pmr::monotonic_buffer_resource texts{room_of_most.data(), room_of_most.size(),
                                            std::pmr::new_delete_resource()};  // the default is the host's
  SettingViews settings;
  std::string problem;  ///< of the first that cannot be kept
  bool fault = false;   ///< there was no memory for one

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    auto* const kept = static_cast<char*>(texts.allocate(text.size(), 1));
    text.copy(kept, text.size());
    return {kept, text.size()};
  }
};

std::int32_t take_setting(void* sink_context, std::int32_t scope, ptb_text key, ptb_text value) noexcept {
  auto& loading = *static_cast<SettingsBeingLoaded*>(sink_context);
  try {
    const auto name = check_text(key, "a setting key", 200);
    const auto content = check_text(value, "the value of a setting", kMaxArgumentBytes);
    std::string problem;
    if (!name)
      problem = name.error().text;
    else if (!content)
      problem = content.error().text + " (key " + std::string(*name) + ")";
    else if (scope < PTB_SCOPE_SYSTEM || scope > PTB_SCOPE_CONTENT)
      problem = "setting " + std::string(*name) + " has the unknown scope " + std::to_string(scope);
    else
      problem = setting_key_problem(*name);
    if (problem.empty()) {
      loading.settings.push_back({static_cast<Scope>(scope), loading.keep(*name), loading.keep(*content)});
      return PTB_OK;
    }
    if (loading.problem.empty()) loading.problem = problem;
  } catch (...) {
    loading.fault = true;
    return PTB_E_INTERNAL;
  }
  return PTB_E_ARGUMENT;
}

void take_secret(void* sink_context, ptb_text text) noexcept {
  try {
    static_cast<std::string*>(sink_context)->assign(view(text));
  } catch (...) {  // out of memory: there is no secret then, and the lane says so
  }
}

}  // namespace

bool inside_callback() { return callback_depth > 0; }
InCallback::InCallback() { ++callback_depth; }
InCallback::~InCallback() { --callback_depth; }

void HostFace::log(LogLevel level, std::string_view text) {
  if (host_.log == nullptr) return;
  const InCallback marked;
  host_.log(host_.context, static_cast<std::int32_t>(level), as_text(text));
}

Result<std::string> HostFace::load_settings(const Locator& tool, std::string_view course_id,
                                            std::string_view content_id) {
  const ptb_settings_request request{sizeof(ptb_settings_request), as_text(tool.vendor), as_text(tool.program),
                                     as_text(course_id), as_text(content_id)};
  SettingsBeingLoaded loading;
  loading.settings.reserve(32);
  std::int32_t status = PTB_OK;
  {
    const InCallback marked;
    status = host_.load_settings(host_.context, &request, take_setting, &loading);
  }
  const auto whose = [&] {
    return to_text(tool) + ", course '" + std::string(course_id) + "', item '" + std::string(content_id) + "'";
  };
  if (!loading.problem.empty())
    return fail(Status::host, "the settings of " + whose() + " cannot be kept: " + loading.problem);
  if (loading.fault)
    return fail(Status::internal, "out of memory while the settings of " + whose() + " were loaded: capture again");
  if (status != PTB_OK)
    return fail(Status::host, "the host's load_settings failed with status " + std::to_string(status) + " for " +
                                  whose() + ": nothing was captured; capture again when it works");
  return encode_views(std::move(loading.settings));
}

Result<std::string> HostFace::load_secret(const Locator& tool) {
  std::string secret;
  const InCallback marked;
  const std::int32_t status =
      host_.load_secret(host_.context, as_text(tool.vendor), as_text(tool.program), take_secret, &secret);
  if (status != PTB_OK)
    return fail(Status::host, "the host's load_secret failed with status " + std::to_string(status));
  return secret;
}

void HostFace::outcome(const EventOutcome& outcome) {
  if (host_.outcome == nullptr) return;
  const std::string id = to_text(outcome.stored->event.id);
  const Event& event = outcome.stored->event;
  const ptb_outcome told{sizeof(ptb_outcome),
                         outcome.operation,
                         as_text(id),
                         as_text(to_text(event.kind)),
                         as_text(event.locator.vendor),
                         as_text(event.locator.program),
                         as_text(to_text(outcome.state)),
                         as_text(outcome.deferral),
                         as_text(outcome.text)};
  const InCallback marked;
  host_.outcome(host_.context, &told);
}

void HostFace::progress(const WalkProgress& progress) {
  if (host_.progress == nullptr) return;
  const ptb_progress told{sizeof(ptb_progress),       progress.operation, as_text(progress.lane),
                          as_text(progress.event_id), progress.done,      progress.total};
  const InCallback marked;
  host_.progress(host_.context, &told);
}

void HostFace::watch(const WatchEvent& watch) {
  if (host_.watch == nullptr) return;
  const ptb_watch told{sizeof(ptb_watch),
                       watch.raised ? 1 : 0,
                       as_text(watch.tool->vendor),
                       as_text(watch.tool->program),
                       static_cast<std::uint64_t>(watch.waiting),
                       watch.oldest_at_ms,
                       as_text(watch.text)};
  const InCallback marked;
  host_.watch(host_.context, &told);
}

Moment HostFace::now() const {
  if (host_.wall_clock_ms != nullptr) {
    const InCallback marked;
    return {host_.wall_clock_ms(host_.context), host_.monotonic_clock_ms(host_.context)};
  }
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return {duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(),
          duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

}  // namespace ptb
