// One application server of an LMS that runs on several: captures an event of some tool now and then and says so, and
// its bridge walks whatever is to be walked. Dies at any moment. Knows the plugin only through ptbridge.h.
//
// ptb-test-node PLUGIN STORE NAME URL TOOLS EVENTS LOG: installs TOOLS tools at URL ("-": they are there), captures
// EVENTS events, and goes on until SIGTERM. LOG gets a line "open", "captured TOOL ID" for each event that was
// accepted, and "failed TEXT" for each that was not.
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "ptbridge/ptbridge.h"

namespace {

ptb_text text(const std::string& from) { return {from.data(), from.size()}; }

template <typename Struct>
Struct sized() {
  Struct made{};
  made.struct_size = sizeof made;
  return made;
}

void log(void*, std::int32_t level, ptb_text line) {
  if (level >= PTB_LOG_ERROR) std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size), line.bytes);
}
std::int32_t load_settings(void*, const ptb_settings_request*, ptb_setting_sink, void*) { return PTB_OK; }
std::int32_t load_secret(void*, ptb_text, ptb_text, ptb_text_sink sink, void* sink_context) {
  static const std::string kSecret = "a shared secret";
  sink(sink_context, text(kSecret));
  return PTB_OK;
}

std::string descriptor_of(const std::string& program, const std::string& url) {
  return "<tool-profile "
         "ltiVersion=\"2.0-July08\"><vendor><code>acme</code><name>Acme</name></vendor><tool-info><code>" +
         program +
         "</code><name>Tool</name><version>1.0</version></tool-info><tool-instance><base-urls>"
         "<base-url type=\"http\">" +
         url +
         "</base-url></base-urls><security-profile><digest-algorithm>MD5"
         "</digest-algorithm></security-profile></tool-instance><http-actions><action type=\"course-imported\" "
         "path=\"/" +
         program + "\"><param name=\"action\" fixed=\"course-imported\"/></action></http-actions></tool-profile>";
}

volatile sig_atomic_t asked_to_end = 0;

struct Node {
  const ptb_api* api = nullptr;
  ptb_bridge* bridge = nullptr;
  ptb_error error = sized<ptb_error>();

  void install(const std::string& program, const std::string& url) {
    const std::string descriptor = descriptor_of(program, url);
    ptb_tool tool = sized<ptb_tool>();
    const std::string vendor = "acme";
    const std::string guid = "0123456789abcdef0123456789abcdef";
    tool.flags = PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE;
    tool.state = PTB_TOOL_AVAILABLE;
    tool.vendor = text(vendor);
    tool.program = text(program);
    tool.guid = text(guid);
    tool.descriptor = text(descriptor);
    if (api->tool_installed(bridge, &tool, &error) != PTB_OK) std::fprintf(stderr, "%s\n", error.text);
  }

  void capture(const std::string& program, const std::string& operation) {
    const std::string vendor = "acme";
    const std::string kind = "course-imported";
    const std::string name = "course_id";
    const ptb_pair argument{text(name), text(operation)};
    ptb_event event = sized<ptb_event>();
    event.vendor = text(vendor);
    event.program = text(program);
    event.kind = text(kind);
    event.operation = text(operation);
    event.course_id = text(operation);
    event.arguments = &argument;
    event.argument_count = 1;
    const ptb_event* const events[] = {&event};
    ptb_capture_result result = sized<ptb_capture_result>();
    ptb_capture_result* const results[] = {&result};
    if (api->capture(bridge, events, 1, results, nullptr, &error) == PTB_OK)
      std::printf("captured %s %s\n", program.c_str(), result.event_id);
    else
      std::printf("failed %s\n", error.text);
    std::fflush(stdout);
  }
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 8 || std::freopen(arguments[7], "a", stdout) == nullptr) return 2;
  signal(SIGTERM, [](int) { asked_to_end = 1; });
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 2;
  Node node;
  const auto entry = reinterpret_cast<ptb_entry_function>(dlsym(library, "ptb_entry"));
  node.api = entry(PTB_ABI_MAJOR, &node.error);
  ptb_host host = sized<ptb_host>();
  host.log = log;
  host.load_settings = load_settings;
  host.load_secret = load_secret;
  const std::string store = arguments[2];
  const std::string name = arguments[3];
  const std::string tcbaseurl = "http://" + name + ":80";
  const std::string generation = "one";
  ptb_open_options options = sized<ptb_open_options>();
  options.flags = PTB_ALLOW_BRIDGE_CALLBACKS;
  options.host = &host;
  options.store = text(store);
  options.tcbaseurl = text(tcbaseurl);
  options.generation = text(generation);
  if (node.api->open(&options, &node.bridge, &node.error) != PTB_OK)
    return std::fprintf(stderr, "open: %s\n", node.error.text), 1;
  const int tools = std::atoi(arguments[5]);
  const bool installs = std::strcmp(arguments[4], "-") != 0;
  for (int tool = 0; installs && tool < tools; ++tool) node.install("t" + std::to_string(tool), arguments[4]);
  std::printf("open\n");
  std::fflush(stdout);
  const int events = std::atoi(arguments[6]);
  for (int number = 0; number < events && asked_to_end == 0; ++number) {
    node.capture("t" + std::to_string((number * 7 + static_cast<int>(name.back())) % tools),
                 name + "-" + std::to_string(number));
    usleep(2'000);
  }
  while (asked_to_end == 0) usleep(20'000);
  node.api->close(node.bridge, 5'000, &node.error);
  return 0;
}
