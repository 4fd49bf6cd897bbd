/* The smallest host: loads the installed plugin, opens a store at the path that its argument names, captures one event
 * for a tool that is not installed, closes. Knows nothing but the installed header. */
#include <dlfcn.h>
#include <ptbridge/ptbridge.h>
#include <stdio.h>
#include <string.h>

static ptb_text text(const char* bytes) {
  const ptb_text result = {bytes, strlen(bytes)};
  return result;
}

static int32_t no_settings(void* context, const ptb_settings_request* request, ptb_setting_sink sink,
                           void* sink_context) {
  (void)context;
  (void)request;
  (void)sink;
  (void)sink_context;
  return PTB_OK;
}

static int32_t no_secret(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink, void* sink_context) {
  (void)context;
  (void)vendor;
  (void)program;
  (void)sink;
  (void)sink_context;
  return PTB_E_NOT_FOUND;
}

static int fail(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) return fail("usage", "tiny_host sqlite:PATH");
  void* library = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fail("dlopen", dlerror());
  void* symbol = dlsym(library, "ptb_entry");
  ptb_entry_function entry;
  memcpy(&entry, &symbol, sizeof entry);
  if (entry == NULL) return fail("dlsym", dlerror());

  ptb_error error = {.struct_size = sizeof error};
  const ptb_api* api = entry(PTB_ABI_MAJOR, &error);
  if (api == NULL) return fail("ptb_entry", error.text);
  const ptb_host host = {.struct_size = sizeof host, .load_settings = no_settings, .load_secret = no_secret};
  const ptb_open_options options = {
      .struct_size = sizeof options,
      .host = &host,
      .store = text(argv[1]),
      .tcbaseurl = text("http://lms.example:80"),
  };
  ptb_bridge* bridge = NULL;
  if (api->open(&options, &bridge, &error) != PTB_OK) return fail("open", error.text);

  const ptb_pair arguments[] = {
      {text("type"), text("shallow")}, {text("course_id"), text("_5_1")}, {text("backup_id"), text("_6_1")}};
  const ptb_event event = {
      .struct_size = sizeof event,
      .vendor = text("acme"),
      .program = text("quiz"),
      .kind = text("course-imported"),
      .arguments = arguments,
      .argument_count = 3,
  };
  const ptb_event* const events[] = {&event};
  ptb_capture_result result = {.struct_size = sizeof result};
  ptb_capture_result* const results[] = {&result};
  if (api->capture(bridge, events, 1, results, NULL, &error) != PTB_OK) return fail("capture", error.text);
  if (api->close(bridge, 10000, &error) != PTB_OK) return fail("close", error.text);
  if (dlclose(library) != 0) return fail("dlclose", dlerror());
  printf("%s %s\n", result.answer == PTB_NEW ? "new" : "not new", result.reason);
  return 0;
}
