// See bridge.h.
#include "bridge.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "measure.h"

namespace bench {
namespace {

constexpr std::size_t kItemsPerCourse = 1000;

std::atomic<std::uint64_t> next_number{1};

ptb_text text(std::string_view view) { return {view.data(), view.size()}; }
std::string_view view(ptb_text given) { return {given.bytes, given.size}; }

template <typename Struct>
Struct sized() {
  Struct made{};
  made.struct_size = sizeof made;
  return made;
}

void require(std::int32_t status, const char* call, const ptb_error& error) {
  if (status != PTB_OK) throw std::runtime_error(fmt::format("{}: status {}: {}", call, status, error.text));
}

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

void log(void*, std::int32_t level, ptb_text line) {
  if (level >= PTB_LOG_ERROR) fmt::print(stderr, "ptbridge: {}\n", view(line));
}

std::int32_t load_settings(void*, const ptb_settings_request* request, ptb_setting_sink sink, void* sink_context) {
  for (const SampleSetting& setting : sample_settings()) {
    const std::int32_t status = sink(sink_context, setting.scope, text(setting.key), text(setting.value));
    if (status != PTB_OK) return status;
  }
  return sink(sink_context, PTB_SCOPE_CONTENT, text(kOwnKey), request->content_id);
}

std::int32_t load_secret(void*, ptb_text, ptb_text, ptb_text_sink sink, void* sink_context) {
  sink(sink_context, text("a shared secret of the benchmark"));
  return PTB_OK;
}

constexpr std::string_view kVendor = "bench";
std::string program_of(int tool) { return fmt::format("tool-{}", tool); }

constexpr std::string_view kStateChange =
    R"(<action type="state-change" path="/tool"><param name="action" fixed="state-change"/></action>)";

std::string descriptor_of(int tool, const std::string& url, bool asks_state_change) {
  return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<tool-profile ltiVersion="2.0-July08">
  <vendor><code>bench</code><name>Benchmark</name><description/><url>{1}</url><contact><email>bench@example.edu</email></contact></vendor>
  <tool-info><code>{0}</code><name>Tool {0}</name><version>1</version><description/></tool-info>
  <tool-instance>
    <base-urls><base-url type="http">{1}</base-url><base-url type="server-to-server">{1}</base-url></base-urls>
    <contact><email>bench@example.edu</email></contact>
    <security-profile><digest-algorithm>MD5</digest-algorithm></security-profile>
  </tool-instance>
  <http-actions>{2}</http-actions>
  <links>
    <content-handler>
      <name>Item</name><handle value="resource/x-bench-item"/>
      <http-actions><action type="content-imported" path="/tool"><param name="action" fixed="content-imported"/></action></http-actions>
    </content-handler>
  </links>
</tool-profile>
)",
                     program_of(tool), url, asks_state_change ? kStateChange : "");
}

}  // namespace

Plugin::Plugin(const std::filesystem::path& file) {
  library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw std::runtime_error(fmt::format("{}; choose one with --plugin", dlerror()));
  const auto entry = reinterpret_cast<ptb_entry_function>(dlsym(library_, "ptb_entry"));
  if (entry == nullptr) throw std::runtime_error(fmt::format("{} has no ptb_entry", file.string()));
  ptb_error error = sized<ptb_error>();
  api_ = entry(PTB_ABI_MAJOR, &error);
  if (api_ == nullptr) throw std::runtime_error(fmt::format("ptb_entry: {}", error.text));
}

Plugin::~Plugin() { dlclose(library_); }

EventArray::EventArray(std::size_t count, bool own_courses)
    : own_courses_(own_courses), texts_(count), events_(count), results_(count) {
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
    event.kind = text("content-imported");
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

Bridge::Bridge(const Plugin& plugin, const std::filesystem::path& store, Pump pump) : api_(plugin.api()) {
  ptb_host host = sized<ptb_host>();
  host.log = log;
  host.load_settings = load_settings;
  host.load_secret = load_secret;
  const std::string store_uri = "sqlite:" + store.string();
  ptb_open_options options = sized<ptb_open_options>();
  options.flags = pump == Pump::bridge_thread ? PTB_ALLOW_BRIDGE_CALLBACKS : 0;
  options.host = &host;
  options.store = text(store_uri);
  options.tcbaseurl = text("https://lms.example.edu:443");
  options.generation = text("benchmark");
  ptb_error error = sized<ptb_error>();
  require(api_.open(&options, &bridge_, &error), "open", error);
}

Bridge::~Bridge() {
  ptb_error error = sized<ptb_error>();
  const std::int32_t status = api_.close(bridge_, 10'000, &error);
  if (status != PTB_OK) fmt::print(stderr, "close: status {}: {}\n", status, error.text);
}

void Bridge::install(int tool, const std::string& url, bool asks_state_change) {
  install_with(tool, url, asks_state_change, {}, PTB_TOOL_UNAVAILABLE);
}

void Bridge::install(int tool, const std::string& url, const std::string& policy, std::int32_t state) {
  install_with(tool, url, true, policy, state);
}

void Bridge::install_with(int tool, const std::string& url, bool asks_state_change, const std::string& policy,
                          std::int32_t state) {
  const std::string program = program_of(tool);
  const std::string descriptor = descriptor_of(tool, url, asks_state_change);
  const std::string guid = fmt::format("{:032x}", tool + 1);
  ptb_tool made = sized<ptb_tool>();
  made.flags = PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE;
  made.state = state;
  made.policy = text(policy);
  made.vendor = text(kVendor);
  made.program = text(program);
  made.guid = text(guid);
  made.descriptor = text(descriptor);
  ptb_error error = sized<ptb_error>();
  require(api_.tool_installed(bridge_, &made, &error), "tool_installed", error);
}

std::uint64_t Bridge::capture(EventArray& events) {
  ptb_error error = sized<ptb_error>();
  std::uint64_t operation = 0;
  require(api_.capture(bridge_, events.events(), events.count(), events.results(), &operation, &error), "capture",
          error);
  for (std::size_t at = 0; at < events.count(); ++at) {
    const ptb_capture_result& result = *events.results()[at];
    if (result.answer != PTB_NEW) throw std::runtime_error(fmt::format("capture: not new: {}", result.reason));
  }
  return operation;
}

std::uint64_t Bridge::save(int tool, std::int32_t state) {
  const std::string program = program_of(tool);
  ptb_error error = sized<ptb_error>();
  std::uint64_t operation = 0;
  require(api_.tool_saved(bridge_, text(kVendor), text(program), state, &operation, &error), "tool_saved", error);
  return operation;
}

ptb_operation_result Bridge::wait(std::uint64_t operation) {
  constexpr std::int64_t kLongestNs = 120'000'000'000;
  const std::int64_t start = monotonic_ns();
  while (true) {
    check_interrupt();
    ptb_operation_result result = sized<ptb_operation_result>();
    ptb_error error = sized<ptb_error>();
    const std::int32_t status = api_.wait(bridge_, operation, 2000, &result, &error);
    if (status == PTB_E_TIMEOUT && monotonic_ns() - start < kLongestNs) continue;
    require(status, "wait", error);
    if (result.status != PTB_OK) throw std::runtime_error(fmt::format("the operation failed: {}", result.text));
    return result;
  }
}

void Bridge::pump_until_idle() {
  std::uint32_t next_ms = 0;
  while (next_ms == 0) {
    ptb_error error = sized<ptb_error>();
    require(api_.run_once(bridge_, 100, &next_ms, &error), "run_once", error);
  }
}

void Bridge::turn() {
  ptb_error error = sized<ptb_error>();
  require(api_.run_once(bridge_, 0, nullptr, &error), "run_once", error);
}

}  // namespace bench
