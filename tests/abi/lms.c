#include "lms.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

const char* const lms_callback_names[LMS_CALLBACKS] = {
    "log", "load_settings", "load_secret", "outcome", "progress", "wall_clock_ms", "monotonic_clock_ms", "watch",
};

ptb_text lms_text(const char* text) { return (ptb_text){.bytes = text, .size = text == NULL ? 0 : strlen(text)}; }

/* ---- callbacks ---- */

static void called(struct lms* lms, enum lms_callback callback) {
  atomic_fetch_add(&lms->calls[callback], 1);
  atomic_store(&lms->last_thread[callback], lms_this_thread());
  void (*during)(struct lms*, enum lms_callback) = lms->during;
  if (during != NULL) during(lms, callback);
}

static void on_log(void* context, int32_t level, ptb_text text) {
  if (getenv("PTB_ABI_LOG") != NULL) fprintf(stderr, "log %d: %.*s\n", (int)level, (int)text.size, text.bytes);
  called(context, LMS_LOG);
}

static int32_t on_load_settings(void* context, const ptb_settings_request* request, ptb_setting_sink sink,
                                void* sink_context) {
  struct lms* lms = context;
  called(lms, LMS_LOAD_SETTINGS);
  CHECK(request->struct_size >= sizeof *request);
  if (lms->settings_status == PTB_OK && lms->setting_key != NULL)
    (void)sink(sink_context, PTB_SCOPE_SYSTEM, lms_text(lms->setting_key), lms_text("a value"));
  return lms->settings_status;
}

static int32_t on_load_secret(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink,
                              void* sink_context) {
  struct lms* lms = context;
  (void)vendor;
  (void)program;
  called(lms, LMS_LOAD_SECRET);
  if (lms->secret_status == PTB_OK) sink(sink_context, lms_text("secret"));
  return lms->secret_status;
}

static void on_outcome(void* context, const ptb_outcome* outcome) {
  struct lms* lms = context;
  if (outcome->state.size == 9 && memcmp(outcome->state.bytes, "delivered", 9) == 0)
    atomic_fetch_add(&lms->delivered, 1);
  called(lms, LMS_OUTCOME);
}

static void on_progress(void* context, const ptb_progress* progress) {
  (void)progress;
  called(context, LMS_PROGRESS);
}

static void on_watch(void* context, const ptb_watch* watch) {
  struct lms* lms = context;
  CHECK(watch->struct_size >= sizeof *watch);
  CHECK(watch->vendor.size > 0 && watch->program.size > 0 && watch->text.size > 0);
  CHECK(memchr(watch->text.bytes, '\n', watch->text.size) == NULL);
  if (watch->raised == 1) atomic_fetch_add(&lms->raised, 1);
  atomic_store(&lms->watched_waiting, (int)watch->waiting);
  called(lms, LMS_WATCH);
}

/* ---- life ---- */

void lms_make_directory(struct lms* lms) {
  memset(lms, 0, sizeof *lms);
  strcpy(lms->directory, "/tmp/ptb-abi-XXXXXX");
  REQUIRE(mkdtemp(lms->directory) != NULL);
}

void lms_load(struct lms* lms) {
  snprintf(lms->store, sizeof lms->store, "sqlite:%s/bridge.db", lms->directory);
  lms->library = dlopen(PTB_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (lms->library == NULL) fprintf(stderr, "%s\n", dlerror());
  REQUIRE(lms->library != NULL);
  void* symbol = dlsym(lms->library, "ptb_entry");
  REQUIRE(symbol != NULL);
  ptb_entry_function entry;
  memcpy(&entry, &symbol, sizeof entry);
  lms->api = entry(PTB_ABI_MAJOR, lms_error(lms));
  REQUIRE(lms->api != NULL);
  lms->host = (ptb_host){
      .struct_size = sizeof lms->host,
      .context = lms,
      .log = on_log,
      .load_settings = on_load_settings,
      .load_secret = on_load_secret,
      .outcome = on_outcome,
      .progress = on_progress,
      .watch = on_watch,
  };
  lms->options = (ptb_open_options){
      .struct_size = sizeof lms->options,
      .host = &lms->host,
      .store = lms_text(lms->store),
      .tcbaseurl = lms_text("http://lms.example:80"),
      .generation = lms_text("first"),
      .connect_timeout_ms = 5000,
  };
}

void lms_open(struct lms* lms, uint32_t flags) {
  lms->options.flags = flags;
  const int32_t status = lms->api->open(&lms->options, &lms->bridge, lms_error(lms));
  if (status != PTB_OK) fprintf(stderr, "open: %s\n", lms->error.text);
  REQUIRE_EQUAL(status, PTB_OK);
}

int32_t lms_close(struct lms* lms) {
  const int32_t status = lms->api->close(lms->bridge, 20000, lms_error(lms));
  if (status == PTB_OK) lms->bridge = NULL;
  return status;
}

void lms_unload(struct lms* lms) {
  CHECK_EQUAL(dlclose(lms->library), 0);
  lms->library = NULL;
  lms->api = NULL;
}

static int remove_one(const char* path, const struct stat* status, int type, struct FTW* position) {
  (void)status;
  (void)type;
  (void)position;
  return remove(path);
}

void lms_remove_directory(struct lms* lms) {
  if (lms->directory[0] != '\0') CHECK_EQUAL(nftw(lms->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
  lms->directory[0] = '\0';
}

void lms_end(struct lms* lms) {
  if (lms->bridge != NULL) CHECK_EQUAL(lms_close(lms), PTB_OK);
  if (lms->library != NULL) lms_unload(lms);
  lms_remove_directory(lms);
}

ptb_error* lms_error(struct lms* lms) {
  memset(&lms->error, 0, sizeof lms->error);
  lms->error.struct_size = sizeof lms->error;
  return &lms->error;
}

/* ---- calls ---- */

ptb_tool lms_tool(char* descriptor, int port, int32_t state) {
  static const char* const actions[] = {"course-copied", "course-imported", "group-copied", "group-imported"};
  int used = snprintf(descriptor, lms_descriptor_bytes,
                      "<tool-profile ltiVersion=\"2.0-July08\"><vendor><code>acme</code><name>Acme</name></vendor>"
                      "<tool-info><code>quiz</code><name>Quiz</name><version>1.0</version></tool-info>"
                      "<tool-instance><base-urls><base-url type=\"http\">http://127.0.0.1:%d</base-url></base-urls>"
                      "<security-profile><digest-algorithm>MD5</digest-algorithm></security-profile></tool-instance>"
                      "<http-actions>",
                      port);
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; ++i)
    used += snprintf(descriptor + used, lms_descriptor_bytes - (size_t)used,
                     "<action type=\"%s\" path=\"/events\"><param name=\"action\" fixed=\"%s\"/></action>", actions[i],
                     actions[i]);
  snprintf(descriptor + used, lms_descriptor_bytes - (size_t)used, "</http-actions></tool-profile>");
  return (ptb_tool){
      .struct_size = sizeof(ptb_tool),
      .flags = PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE,
      .state = state,
      .vendor = lms_text("acme"),
      .program = lms_text("quiz"),
      .guid = lms_text("0123456789abcdef0123456789abcdef"),
      .descriptor = lms_text(descriptor),
  };
}

int32_t lms_install(struct lms* lms, int port, int32_t state) {
  char descriptor[lms_descriptor_bytes];
  const ptb_tool tool = lms_tool(descriptor, port, state);
  const int32_t status = lms->api->tool_installed(lms->bridge, &tool, lms_error(lms));
  if (status != PTB_OK) fprintf(stderr, "tool_installed: %s\n", lms->error.text);
  return status;
}

ptb_event lms_event(ptb_pair* three_arguments, const char* course_id) {
  three_arguments[0] = (ptb_pair){.name = lms_text("type"), .value = lms_text("exact")};
  three_arguments[1] = (ptb_pair){.name = lms_text("course_id"), .value = lms_text(course_id)};
  three_arguments[2] = (ptb_pair){.name = lms_text("backup_id"), .value = lms_text("_7_1")};
  return (ptb_event){
      .struct_size = sizeof(ptb_event),
      .vendor = lms_text("acme"),
      .program = lms_text("quiz"),
      .kind = lms_text("course-imported"),
      .course_id = lms_text(course_id),
      .arguments = three_arguments,
      .argument_count = 3,
  };
}

int32_t lms_capture(struct lms* lms, const char* course_id, ptb_capture_result* result, uint64_t* operation) {
  ptb_pair arguments[3];
  const ptb_event event = lms_event(arguments, course_id);
  const ptb_event* const events[] = {&event};
  ptb_capture_result own = {.struct_size = sizeof own};
  ptb_capture_result* const results[] = {result == NULL ? &own : result};
  return lms->api->capture(lms->bridge, events, 1, results, operation, lms_error(lms));
}

int32_t lms_capture_many(struct lms* lms, size_t count, uint64_t* operation) {
  ptb_pair arguments[3];
  const ptb_event event = lms_event(arguments, "_5_1");
  const ptb_event** events = calloc(count, sizeof(ptb_event*));
  ptb_capture_result* values = calloc(count, sizeof *values);
  ptb_capture_result** results = calloc(count, sizeof *results);
  for (size_t i = 0; i < count; ++i) {
    events[i] = &event;
    values[i].struct_size = sizeof values[i];
    results[i] = &values[i];
  }
  const int32_t status = lms->api->capture(lms->bridge, events, count, results, operation, lms_error(lms));
  free((void*)events);
  free((void*)results);
  free(values);
  return status;
}

ptb_value lms_value(void) {
  return (ptb_value){
      .struct_size = sizeof(ptb_value),
      .scope = PTB_SCOPE_COURSE,
      .vendor = lms_text("acme"),
      .program = lms_text("quiz"),
      .id = lms_text("_5_1"),
      .key = lms_text("quiz_level"),
      .value = lms_text("hard"),
  };
}

int32_t lms_save(struct lms* lms, int32_t state, uint64_t* operation) {
  return lms->api->tool_saved(lms->bridge, lms_text("acme"), lms_text("quiz"), state, operation, lms_error(lms));
}

int32_t lms_wait(struct lms* lms, uint64_t operation, ptb_operation_result* result) {
  memset(result, 0, sizeof *result);
  result->struct_size = sizeof *result;
  return lms->api->wait(lms->bridge, operation, 20000, result, lms_error(lms));
}

bool lms_nothing_stored(struct lms* lms) {
  ptb_capture_result result = {.struct_size = sizeof result};
  const int32_t status = lms_capture(lms, "_1_1", &result, NULL);
  if (status != PTB_OK) fprintf(stderr, "capture: %s\n", lms->error.text);
  return status == PTB_OK && result.answer == PTB_NEW && result.sequence == 1;
}

/* ---- looking at this process ---- */

int lms_thread_count(void) {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == NULL) return -1;
  int count = 0;
  for (const struct dirent* entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
    if (entry->d_name[0] != '.') ++count;
  closedir(tasks);
  return count;
}

int lms_this_thread(void) { return (int)syscall(SYS_gettid); }

bool lms_thread_sleeps(int thread) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  FILE* file = fopen(path, "r");
  if (file == NULL) return false;
  char line[512] = "";
  const bool read = fgets(line, sizeof line, file) != NULL;
  fclose(file);
  const char* end_of_name = strrchr(line, ')');
  return read && end_of_name != NULL && end_of_name[1] == ' ' && end_of_name[2] == 'S';
}

bool lms_is_mapped(const char* file_name) {
  FILE* maps = fopen("/proc/self/maps", "r");
  if (maps == NULL) return true;
  char line[4096];
  bool found = false;
  while (!found && fgets(line, sizeof line, maps) != NULL) found = strstr(line, file_name) != NULL;
  fclose(maps);
  return found;
}

bool lms_is_one_line(const char* text, size_t size) {
  const char* end = memchr(text, '\0', size);
  return end != NULL && end != text && memchr(text, '\n', (size_t)(end - text)) == NULL;
}
