// See bridge.h.
#include "bridge.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "measure.h"

namespace bench {
namespace {

void require(std::int32_t status, const char* call, const ptb_error& error) {
  if (status != PTB_OK) throw std::runtime_error(fmt::format("{}: status {}: {}", call, status, error.text));
}

void log(void*, std::int32_t level, ptb_text line) {
  if (level >= PTB_LOG_ERROR) fmt::print(stderr, "ptbridge: {}\n", view(line));
}

std::int32_t load_settings(void*, const ptb_settings_request* request, ptb_setting_sink sink, void* sink_context) {
  return hand_settings(*request, sink, sink_context);
}

std::int32_t load_secret(void* context, ptb_text, ptb_text, ptb_text_sink sink, void* sink_context) {
  sink(sink_context, text(*static_cast<const std::string*>(context)));
  return PTB_OK;
}

constexpr const char* kSecret = "a shared secret of the benchmark";

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
  <http-actions>{2}<action type="course-imported" path="/tool"><param name="action" fixed="course-imported"/></action></http-actions>
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

Bridge::Bridge(const Plugin& plugin, const std::filesystem::path& store, Pump pump)
    : Bridge(plugin, StoreUri{"sqlite:" + store.string()}, pump) {}

Bridge::Bridge(const Plugin& plugin, const StoreUri& store, Pump pump, std::string secret)
    : api_(plugin.api()), secret_(secret.empty() ? kSecret : std::move(secret)) {
  ptb_host host = sized<ptb_host>();
  host.context = &secret_;
  host.log = log;
  host.load_settings = load_settings;
  host.load_secret = load_secret;
  ptb_open_options options = sized<ptb_open_options>();
  options.flags = pump == Pump::bridge_thread ? PTB_ALLOW_BRIDGE_CALLBACKS
                  : pump == Pump::nobody      ? PTB_CAPTURE_ONLY
                                              : 0;
  options.host = &host;
  options.store = text(store.text);
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
  Installation plain;
  plain.url = url;
  plain.asks_state_change = asks_state_change;
  install(tool, plain);
}

void Bridge::install(int tool, const Installation& installation) {
  const std::string program = program_of(tool);
  const std::string descriptor = descriptor_of(tool, installation.url, installation.asks_state_change);
  const std::string guid = fmt::format("{:032x}", tool + 1);
  ptb_tool made = sized<ptb_tool>();
  made.flags = PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE;
  made.state = installation.state;
  made.policy = text(installation.policy);
  made.vendor = text(kVendor);
  made.program = text(program);
  made.guid = text(guid);
  made.descriptor = text(descriptor);
  made.wire = text(installation.wire);
  made.endpoint = text(installation.endpoint);
  made.max_batch = installation.max_batch;
  if (installation.wire == "lti-notice") {
    made.lti_client_id = text("client-7");
    made.lti_deployment_id = text("deployment-1");
  }
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
  constexpr std::int64_t kLongestNs = 900'000'000'000;
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
