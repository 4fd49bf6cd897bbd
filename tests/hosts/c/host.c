/* A complete host in C11, to copy from: loads the plugin, installs a tool, captures what happened while the tool is
 * switched off, asks why it waits, saves the tool as available, captures again, pumps, closes. docs/hosts.md goes
 * through it. All callbacks come on the one thread of this program, inside open, capture, run_once, wait and close.
 *
 * host_c PLUGIN STORE DESCRIPTOR SECRET: ptbridge.so, the store's path, the tool's registration document, its secret.
 */
#include <dlfcn.h>
#include <ptbridge/ptbridge.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this program has of a real LMS's tables. */
struct lms {
  char* descriptor;
  const char* secret;
  const char* quiz_level; /* a tool setting of the course _5_1 */
  int32_t tool_state;
};

static ptb_text text(const char* bytes) { return (ptb_text){bytes, strlen(bytes)}; }
static bool is(ptb_text left, const char* right) {
  return left.size == strlen(right) && (left.size == 0 || memcmp(left.bytes, right, left.size) == 0);
}

/* ---- callbacks: texts are not terminated, and valid only until the callback returns ---- */

static void on_log(void* context, int32_t level, ptb_text line) {
  (void)context;
  if (level >= PTB_LOG_WARNING) fprintf(stderr, "bridge: %.*s\n", (int)line.size, line.bytes);
}

static int32_t on_load_settings(void* context, const ptb_settings_request* request, ptb_setting_sink sink,
                                void* sink_context) {
  const struct lms* lms = context;
  if (!is(request->vendor, "acme") || !is(request->program, "quiz")) return PTB_OK; /* no settings: fine */
  int32_t status = sink(sink_context, PTB_SCOPE_SYSTEM, text("quiz_site"), text("Université"));
  if (status == PTB_OK && is(request->course_id, "_5_1"))
    status = sink(sink_context, PTB_SCOPE_COURSE, text("quiz_level"), text(lms->quiz_level));
  return status;
}

static int32_t on_load_secret(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink,
                              void* sink_context) {
  const struct lms* lms = context;
  if (!is(vendor, "acme") || !is(program, "quiz")) return PTB_E_NOT_FOUND;
  sink(sink_context, text(lms->secret));
  return PTB_OK;
}

static void on_outcome(void* context, const ptb_outcome* outcome) {
  (void)context;
  printf("outcome: %.*s %.*s\n", (int)outcome->kind.size, outcome->kind.bytes, (int)outcome->state.size,
         outcome->state.bytes);
}

static void print_answer(void* context, ptb_text json) {
  printf("%s%.*s\n", (const char*)context, (int)json.size, json.bytes);
}

/* ---- calls: each returns PTB_OK or says in error.text what was wrong, where, and what to do ---- */

static int failed(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

/* One restored course with one item of the tool: one array, one commit. The LMS has committed its own operation before,
 * under the id that it gives here, so this can be repeated after a crash. */
static int32_t capture_restore(const ptb_api* ptb, ptb_bridge* bridge, const char* operation, uint64_t* walk,
                               ptb_error* error) {
  const ptb_pair course[] = {
      {text("type"), text("exact")}, {text("course_id"), text("_5_1")}, {text("backup_id"), text("_9_1")}};
  const ptb_pair item[] = {{text("type"), text("exact")},
                           {text("content_id"), text("_77_1")},
                           {text("course_id"), text("_5_1")},
                           {text("backup_id"), text("_70_1")}};
  const ptb_pair handle[] = {{text("content_handle"), text("resource/x-acme-quiz")}};
  ptb_event happened[2] = {{.kind = text("course-imported"), .arguments = course, .argument_count = 3},
                           {.kind = text("content-imported"),
                            .content_id = text("_77_1"),
                            .arguments = item,
                            .argument_count = 4,
                            .context = handle,
                            .context_count = 1}};
  for (int i = 0; i < 2; ++i) {
    happened[i].struct_size = sizeof happened[i];
    happened[i].operation = text(operation);
    happened[i].vendor = text("acme");
    happened[i].program = text("quiz");
    happened[i].course_id = text("_5_1");
  }
  ptb_capture_result answers[2] = {{.struct_size = sizeof answers[0]}, {.struct_size = sizeof answers[1]}};
  const ptb_event* const events[] = {&happened[0], &happened[1]};
  ptb_capture_result* const results[] = {&answers[0], &answers[1]};
  const int32_t status = ptb->capture(bridge, events, 2, results, walk, error);
  if (status != PTB_OK) return status;

  static const char* const words[] = {"?", "new", "duplicate", "ignored"};
  for (int i = 0; i < 2; ++i)
    printf("%s: %.*s %s %s\n", operation, (int)happened[i].kind.size, happened[i].kind.bytes, words[answers[i].answer],
           answers[i].reason);
  if (answers[0].answer != PTB_NEW || answers[0].reason[0] == '\0') return PTB_OK;
  char question[128];
  snprintf(question, sizeof question, "{\"report\":\"explain\",\"id\":\"%s\"}", answers[0].event_id);
  return ptb->report(bridge, text(question), print_answer, "why: ", error);
}

/* The administrator pressed Save. The state is the LMS's to store only when the bridge names it. */
static int32_t save_as_available(const ptb_api* ptb, ptb_bridge* bridge, struct lms* lms, ptb_error* error) {
  uint64_t operation = 0;
  int32_t status = ptb->tool_saved(bridge, text("acme"), text("quiz"), PTB_TOOL_AVAILABLE, &operation, error);
  if (status != PTB_OK) return status;
  ptb_operation_result result = {.struct_size = sizeof result};
  do status = ptb->wait(bridge, operation, 1000, &result, error); /* each second: a chance to draw a progress bar */
  while (status == PTB_E_TIMEOUT);
  if (status != PTB_OK) return status;
  if (result.status != PTB_OK) { /* the tool said no, or a walk stopped: the old state stays, nothing is lost */
    snprintf(error->text, sizeof error->text, "%s", result.text);
    return result.status;
  }
  lms->tool_state = result.tool_state;
  printf("saved: %d sent, %d acknowledged, %d left, tool_state %d\n", (int)result.sent, (int)result.acknowledged,
         (int)result.left, (int)lms->tool_state);
  return PTB_OK;
}

static int32_t story(const ptb_api* ptb, ptb_bridge* bridge, struct lms* lms, ptb_error* error) {
  const ptb_tool tool = {.struct_size = sizeof tool,
                         .flags = PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE, /* a tool on this machine */
                         .state = PTB_TOOL_UNAVAILABLE,
                         .vendor = text("acme"),
                         .program = text("quiz"),
                         .guid = text("0123456789abcdef0123456789abcdef"),
                         .descriptor = text(lms->descriptor)};
  int32_t status = ptb->tool_installed(bridge, &tool, error);
  if (status != PTB_OK) return status;

  if ((status = capture_restore(ptb, bridge, "restore-1", NULL, error)) != PTB_OK) return status;
  lms->quiz_level = "easy"; /* what waits goes out with the level of its capture all the same */
  if ((status = save_as_available(ptb, bridge, lms, error)) != PTB_OK) return status;
  if ((status = capture_restore(ptb, bridge, "restore-1", NULL, error)) != PTB_OK) return status;

  /* The tool is up: this goes out at once, as soon as the bridge is lent a thread. A resident LMS calls run_once from
   * its timer, at the latest after next_ms, and after each capture. */
  if ((status = capture_restore(ptb, bridge, "restore-2", NULL, error)) != PTB_OK) return status;
  uint32_t next_ms = 0;
  while (status == PTB_OK && next_ms == 0) status = ptb->run_once(bridge, 1000, &next_ms, error);
  if (status != PTB_OK) return status;

  /* Before a process ends: what is under way is answered, else it would be sent again. */
  ptb_operation_result rest = {.struct_size = sizeof rest};
  if ((status = ptb->wait(bridge, 0, 30000, &rest, error)) != PTB_OK) return status;
  return ptb->report(bridge, text("{\"report\":\"lanes\"}"), print_answer, "lanes: ", error);
}

static char* read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  char* bytes = calloc(1, 65536);
  if (bytes != NULL) bytes[fread(bytes, 1, 65535, file)] = '\0';
  fclose(file);
  return bytes;
}

static int run(const ptb_api* ptb, const char* path, struct lms* lms) {
  ptb_error error = {.struct_size = sizeof error};
  const ptb_host host = {.struct_size = sizeof host,
                         .context = lms, /* lives until close has returned PTB_OK */
                         .log = on_log,
                         .load_settings = on_load_settings,
                         .load_secret = on_load_secret,
                         .outcome = on_outcome};
  char store[4096];
  snprintf(store, sizeof store, "sqlite:%s", path);
  const ptb_open_options options = {.struct_size = sizeof options, /* flags 0: no thread of the bridge's own */
                                    .host = &host,
                                    .store = text(store),
                                    .tcbaseurl = text("http://lms.example:80"),
                                    .generation = text("first")};
  ptb_bridge* bridge = NULL;
  if (ptb->open(&options, &bridge, &error) != PTB_OK) return failed("open", error.text);
  const int status = story(ptb, bridge, lms, &error) == PTB_OK ? 0 : failed("bridge", error.text);
  /* Only a call that another thread is still in can make this fail; this program has one thread. */
  if (ptb->close(bridge, 30000, &error) != PTB_OK) return failed("close", error.text);
  return status;
}

int main(int argc, char** argv) {
  if (argc != 5) return failed("usage", "host_c PLUGIN STORE DESCRIPTOR SECRET");
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return failed("dlopen", dlerror());
  void* symbol = dlsym(library, "ptb_entry");
  if (symbol == NULL) return failed("dlsym", dlerror());
  ptb_entry_function entry = NULL; /* ISO C has no cast from an object pointer to a function's */
  memcpy(&entry, &symbol, sizeof entry);

  ptb_error error = {.struct_size = sizeof error};
  const ptb_api* ptb = entry(PTB_ABI_MAJOR, &error);
  if (ptb == NULL) return failed("ptb_entry", error.text);
  /* The table of an older plugin is shorter. This host calls nothing behind report. */
  if (ptb->struct_size < offsetof(ptb_api, administer)) return failed("ptb_entry", "the plugin's table is too short");

  struct lms lms = {.descriptor = read_file(argv[3]), .secret = argv[4], .quiz_level = "hard"};
  const int status = lms.descriptor == NULL ? failed("cannot read", argv[3]) : run(ptb, argv[2], &lms);
  free(lms.descriptor);
  if (dlclose(library) != 0) return failed("dlclose", dlerror());
  return status;
}
