/* Callbacks: when and on which thread they come, what a failing one does, and that none may call back in. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "lms.h"
#include "support/tool_server.h"

static int calls_besides_log(struct lms* lms) {
  int sum = 0;
  for (int i = 0; i < LMS_CALLBACKS; ++i)
    if (i != LMS_LOG) sum += atomic_load(&lms->calls[i]);
  return sum;
}

/* ---- failing ---- */

static void failing_settings_fail_the_whole_capture(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  static const int32_t answers[] = {PTB_E_HOST, PTB_E_INTERNAL, 4711, -1};
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; ++i) {
    lms.settings_status = answers[i];
    uint64_t operation = 0;
    CHECK_EQUAL(lms_capture_many(&lms, 3, &operation), PTB_E_HOST);
    CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));
    CHECK_EQUAL(operation, 0);
  }
  CHECK(atomic_load(&lms.calls[LMS_LOAD_SETTINGS]) >= 4);
  lms.settings_status = PTB_OK;
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

static void a_setting_that_cannot_be_sent_fails_the_capture(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  static const char* const keys[] = {"", "Capital", "with space", "with-dash", "mac", "nonce", "caf\xe9"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i) {
    lms.setting_key = keys[i];
    const int32_t status = lms_capture(&lms, "_5_1", NULL, NULL);
    check_report(status == PTB_E_ARGUMENT || status == PTB_E_HOST, __FILE__, __LINE__, "key '%s': status %d", keys[i],
                 (int)status);
    CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));
    if (i > 0 && i < 6)
      check_report(strstr(lms.error.text, keys[i]) != NULL, __FILE__, __LINE__, "'%s' does not name key '%s'",
                   lms.error.text, keys[i]);
  }
  lms.setting_key = "quiz_level";
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

static void settings_are_asked_for_once_a_course(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_capture_many(&lms, 50, NULL), PTB_OK);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_LOAD_SETTINGS]), 1);
  lms_end(&lms);
}

static void a_failing_secret_sends_nothing_and_loses_nothing(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  lms.secret_status = PTB_E_HOST;
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", NULL, &operation), PTB_OK);
  ptb_operation_result result;
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.status, PTB_E_REFUSED);
  CHECK_EQUAL(result.acknowledged, 0);
  CHECK_EQUAL(result.left, 1);
  CHECK(lms_is_one_line(result.text, sizeof result.text));
  CHECK_EQUAL(atomic_load(&server.state->requests), 0);
  lms.secret_status = PTB_OK;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK); /* releases it */
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.status, PTB_OK);
  CHECK_EQUAL(result.acknowledged, 1);
  CHECK_EQUAL(result.tool_state, PTB_TOOL_AVAILABLE);
  CHECK_EQUAL(atomic_load(&server.state->answered), 1);
  lms_end(&lms);
  tool_server_stop(&server);
}

/* ---- calling back in ---- */

static void ignore_text(void* sink_context, ptb_text text) { (void)sink_context, (void)text; }

/* Every call of the table, from inside a callback. */
static void call_everything(struct lms* lms, enum lms_callback callback) {
  const ptb_api* api = lms->api;
  lms->during = NULL; /* a call that is let in must not come back here */
  ptb_error error = {.struct_size = sizeof error};
  ptb_pair arguments[3];
  const ptb_event event = lms_event(arguments, "_9_1");
  const ptb_event* const events[] = {&event};
  ptb_capture_result capture_result = {.struct_size = sizeof capture_result};
  ptb_capture_result* const results[] = {&capture_result};
  ptb_operation_result result = {.struct_size = sizeof result};
  char descriptor[lms_descriptor_bytes];
  const ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_AVAILABLE);
  const ptb_text vendor = lms_text("acme");
  const ptb_text program = lms_text("quiz");
  const ptb_value value = lms_value();
  uint64_t operation = 0;
  uint32_t next_ms = 0;
  ptb_bridge* second = NULL;
  const struct {
    const char* name;
    int32_t status;
  } calls[] = {
      {"open", api->open(&lms->options, &second, &error)},
      {"close", api->close(lms->bridge, 0, &error)},
      {"capture", api->capture(lms->bridge, events, 1, results, &operation, &error)},
      {"tool_installed", api->tool_installed(lms->bridge, &tool, &error)},
      {"tool_saved", api->tool_saved(lms->bridge, vendor, program, PTB_TOOL_AVAILABLE, &operation, &error)},
      {"tool_removed", api->tool_removed(lms->bridge, vendor, program, &error)},
      {"tool_contacted", api->tool_contacted(lms->bridge, vendor, program, &operation, &error)},
      {"run_once", api->run_once(lms->bridge, 0, &next_ms, &error)},
      {"wait", api->wait(lms->bridge, 1, 0, &result, &error)},
      {"report", api->report(lms->bridge, lms_text("{}"), ignore_text, NULL, &error)},
      {"administer", api->administer(lms->bridge, lms_text("{}"), ignore_text, NULL, &operation, &error)},
      {"value_known", api->value_known(lms->bridge, &value, &error)},
  };
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; ++i)
    check_report(calls[i].status == PTB_E_STATE, __FILE__, __LINE__, "%s from within %s: status %d", calls[i].name,
                 lms_callback_names[callback], (int)calls[i].status);
  CHECK(lms_is_one_line(error.text, sizeof error.text));
  lms->during = call_everything;
}

static void host_clock_called(struct lms* lms, enum lms_callback callback) {
  atomic_fetch_add(&lms->calls[callback], 1);
  void (*during)(struct lms*, enum lms_callback) = lms->during;
  if (during != NULL) during(lms, callback);
}

static int64_t clock_of_the_host(void* context) {
  struct lms* lms = context;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  host_clock_called(lms, LMS_WALL_CLOCK);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t monotonic_clock_of_the_host(void* context) {
  struct lms* lms = context;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  host_clock_called(lms, LMS_MONOTONIC_CLOCK);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void check_calling_back_in(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms.host.wall_clock_ms = clock_of_the_host;
  lms.host.monotonic_clock_ms = monotonic_clock_of_the_host;
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  lms.during = call_everything;
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_capture_many(&lms, 3, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 3);
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  lms.during = NULL;
  for (int i = 0; i < LMS_CALLBACKS; ++i)
    if (i != LMS_LOG && i != LMS_PROGRESS && i != LMS_WATCH)
      check_report(atomic_load(&lms.calls[i]) > 0, __FILE__, __LINE__, "%s was never called", lms_callback_names[i]);
  CHECK_EQUAL(atomic_load(&server.state->requests), 3); /* nothing that was asked for in a callback was done */
  lms_end(&lms);
  tool_server_stop(&server);
}

static void calling_back_in_is_refused_when_pumped(void) { check_calling_back_in(0); }

/* The log: a lane that is suspended is worth a line. */
static void calling_back_in_from_the_log_is_refused(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, 9, PTB_TOOL_AVAILABLE), PTB_OK);
  lms.secret_status = PTB_E_HOST;
  lms.during = call_everything;
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", NULL, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  lms.during = NULL;
  CHECK(atomic_load(&lms.calls[LMS_LOG]) > 0);
  lms_end(&lms);
}

/* With a bridge thread, `during` is set while nothing is under way, and what it does is on the bridge's thread. */
static void calling_back_in_is_refused_on_the_bridge_thread(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, PTB_ALLOW_BRIDGE_CALLBACKS);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_INACTIVE), PTB_OK);
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_capture_many(&lms, 3, NULL), PTB_OK);
  lms.during = call_everything;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 3);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_OUTCOME]), 3);
  CHECK_EQUAL(atomic_load(&server.state->requests), 3);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms.during = NULL;
  lms_end(&lms);
  tool_server_stop(&server);
}

/* ---- who calls, and when ---- */

static void pumped_bridges_start_no_thread_and_call_only_from_the_pump(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  const int threads_before = lms_thread_count();
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_INACTIVE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 5, NULL), PTB_OK);
  CHECK_EQUAL(atomic_load(&lms.last_thread[LMS_LOAD_SETTINGS]), lms_this_thread());
  const int calls_after_capture = calls_besides_log(&lms);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  for (int i = 0; i < 20; ++i) check_pause();
  CHECK_EQUAL(calls_besides_log(&lms), calls_after_capture);
  CHECK_EQUAL(atomic_load(&server.state->requests), 0);
  CHECK_EQUAL(lms_thread_count(), threads_before);
  uint32_t next_ms = 1;
  CHECK_SOON((lms.api->run_once(lms.bridge, 100, &next_ms, NULL) == PTB_OK && lms_thread_count() == threads_before &&
              atomic_load(&lms.delivered) == 5));
  CHECK_EQUAL(atomic_load(&lms.last_thread[LMS_OUTCOME]), lms_this_thread());
  CHECK_EQUAL(atomic_load(&lms.last_thread[LMS_LOAD_SECRET]), lms_this_thread());
  ptb_operation_result result;
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 5);
  CHECK_EQUAL(lms_thread_count(), threads_before);
  CHECK_EQUAL(lms.api->run_once(lms.bridge, 5000, &next_ms, NULL), PTB_OK); /* returns at once: nothing is due */
  CHECK(next_ms > 0);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void capture_with_a_tool_available_sends_nothing_by_itself(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 5, NULL), PTB_OK);
  for (int i = 0; i < 20; ++i) check_pause();
  CHECK_EQUAL(atomic_load(&server.state->requests), 0);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_LOAD_SECRET]), 0);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms_open(&lms, 0); /* first attempts go out when the bridge is opened again and pumped */
  CHECK_SOON((lms.api->run_once(lms.bridge, 100, NULL, NULL) == PTB_OK && atomic_load(&lms.delivered) == 5));
  CHECK_EQUAL(atomic_load(&server.state->answered), 5);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void a_bridge_thread_calls_from_one_other_thread(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
#ifdef __SANITIZE_THREAD__
  const int threads_before = lms_thread_count() + 1; /* the sanitizer starts its own with the first */
#else
  const int threads_before = lms_thread_count();
#endif
  lms_open(&lms, PTB_ALLOW_BRIDGE_CALLBACKS);
  CHECK_EQUAL(lms_thread_count(), threads_before + 1);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 5, NULL), PTB_OK);
  CHECK_EQUAL(atomic_load(&lms.last_thread[LMS_LOAD_SETTINGS]), lms_this_thread());
  CHECK_SOON(atomic_load(&lms.delivered) == 5); /* nobody pumps */
  CHECK(atomic_load(&lms.last_thread[LMS_OUTCOME]) != lms_this_thread());
  CHECK_EQUAL(atomic_load(&lms.last_thread[LMS_OUTCOME]), atomic_load(&lms.last_thread[LMS_LOAD_SECRET]));
  CHECK_EQUAL(lms_thread_count(), threads_before + 1);
  CHECK_EQUAL(lms.api->run_once(lms.bridge, 5000, NULL, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  CHECK_EQUAL(lms_thread_count(), threads_before);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void capture_only_never_sends(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  const int threads_before = lms_thread_count();
  int32_t (*const load_secret)(void*, ptb_text, ptb_text, ptb_text_sink, void*) = lms.host.load_secret;
  lms.host.load_secret = NULL; /* required only to send */
  lms_open(&lms, PTB_CAPTURE_ONLY);
  ptb_capture_result captured = {.struct_size = sizeof captured};
  CHECK_EQUAL(lms_capture(&lms, "_5_1", &captured, NULL), PTB_OK);
  CHECK_EQUAL(captured.answer, PTB_NEW);
  for (int i = 0; i < 5; ++i) (void)lms.api->run_once(lms.bridge, 20, NULL, lms_error(&lms));
  uint64_t operation = 0;
  CHECK(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation) != PTB_OK);
  CHECK_EQUAL(lms_thread_count(), threads_before);
  CHECK_EQUAL(atomic_load(&server.state->requests), 0);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_LOAD_SECRET]), 0);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  ptb_bridge* none = NULL;
  lms.options.flags = 0;
  CHECK_EQUAL(lms.api->open(&lms.options, &none, lms_error(&lms)), PTB_E_ARGUMENT);
  lms.host.load_secret = load_secret;
  lms_open(&lms, 0); /* the worker of the host */
  CHECK_SOON((lms.api->run_once(lms.bridge, 100, NULL, NULL) == PTB_OK && atomic_load(&lms.delivered) == 1));
  lms_end(&lms);
  tool_server_stop(&server);
}

/* A limit of the tool's policy: told once when crossed and once when over, also across two lives of the bridge. */
static void check_watch(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  char descriptor[lms_descriptor_bytes];
  ptb_tool tool = lms_tool(descriptor, server.port, PTB_TOOL_INACTIVE);
  tool.policy = lms_text(
      "<delivery-policy xmlns=\"urn:ptbridge:delivery-policy:1\" name=\"watched\"><watch waiting=\"2\"/>"
      "</delivery-policy>");
  const int32_t installed = lms.api->tool_installed(lms.bridge, &tool, lms_error(&lms));
  check_report(installed == PTB_OK, __FILE__, __LINE__, "tool_installed: %s", lms.error.text);
  CHECK_EQUAL(lms_capture_many(&lms, 3, NULL), PTB_OK);
  CHECK_SOON((lms.api->run_once(lms.bridge, 20, NULL, NULL) == PTB_OK && atomic_load(&lms.raised) == 1));
  CHECK_EQUAL(atomic_load(&lms.watched_waiting), 3);
  CHECK_EQUAL(lms_capture_many(&lms, 3, NULL), PTB_OK);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms_open(&lms, flags);
  for (int i = 0; i < 5; ++i) CHECK_EQUAL(lms.api->run_once(lms.bridge, 0, NULL, NULL), PTB_OK);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_WATCH]), 1);
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 6);
  CHECK_SOON((lms.api->run_once(lms.bridge, 20, NULL, NULL) == PTB_OK && atomic_load(&lms.calls[LMS_WATCH]) == 2));
  CHECK_EQUAL(atomic_load(&lms.raised), 1);
  CHECK(atomic_load(&lms.watched_waiting) <= 2);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void watch_comes_once_over_and_once_back(void) { check_watch(0); }
static void watch_comes_from_the_bridge_thread_too(void) { check_watch(PTB_ALLOW_BRIDGE_CALLBACKS); }

/* ---- several threads ---- */

enum { kThreads = 4, kRounds = 20 };

static void* capture_and_ask(void* context) {
  struct lms* lms = context;
  for (int i = 0; i < kRounds; ++i) {
    ptb_pair arguments[3];
    const ptb_event event = lms_event(arguments, "_5_1");
    const ptb_event* const events[] = {&event};
    ptb_capture_result result = {.struct_size = sizeof result};
    ptb_capture_result* const results[] = {&result};
    ptb_error error = {.struct_size = sizeof error};
    const int32_t status = lms->api->capture(lms->bridge, events, 1, results, NULL, &error);
    check_report(status == PTB_OK, __FILE__, __LINE__, "capture: %s", error.text);
  }
  return NULL;
}

static void* save_and_wait(void* context) {
  struct lms* lms = context;
  ptb_error error = {.struct_size = sizeof error};
  uint64_t operation = 0;
  int32_t status =
      lms->api->tool_saved(lms->bridge, lms_text("acme"), lms_text("quiz"), PTB_TOOL_AVAILABLE, &operation, &error);
  check_report(status == PTB_OK, __FILE__, __LINE__, "save: %s", error.text);
  ptb_operation_result result = {.struct_size = sizeof result};
  status = lms->api->wait(lms->bridge, operation, 60000, &result, &error);
  check_report(status == PTB_OK, __FILE__, __LINE__, "wait: %d %s", (int)status, error.text);
  CHECK_EQUAL(result.status, PTB_OK);
  return NULL;
}

static void run_together(struct lms* lms, void* (*const bodies[])(void*), size_t count) {
  pthread_t threads[2 * kThreads];
  for (size_t i = 0; i < count; ++i) REQUIRE(pthread_create(&threads[i], NULL, bodies[i], lms) == 0);
  for (size_t i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

/* Many callers, two of which save at once: each event is sent once. */
static void check_many_threads(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_INACTIVE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 20, NULL), PTB_OK);
  void* (*const bodies[])(void*) = {capture_and_ask, save_and_wait, capture_and_ask, save_and_wait, capture_and_ask};
  run_together(&lms, bodies, sizeof bodies / sizeof bodies[0]);
  const int expected = 20 + 3 * kRounds;
  CHECK_SOON((lms.api->run_once(lms.bridge, 20, NULL, NULL) == PTB_OK && atomic_load(&lms.delivered) >= expected));
  CHECK_EQUAL(atomic_load(&lms.delivered), expected);
  CHECK_EQUAL(atomic_load(&server.state->requests), expected);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void many_threads_pumping(void) { check_many_threads(0); }
static void many_threads_with_a_bridge_thread(void) { check_many_threads(PTB_ALLOW_BRIDGE_CALLBACKS); }

static atomic_int waiting_thread;

static void* wait_long(void* context) {
  struct lms* lms = context;
  ptb_operation_result result = {.struct_size = sizeof result};
  ptb_error error = {.struct_size = sizeof error};
  uint64_t operation = 0;
  (void)lms->api->tool_saved(lms->bridge, lms_text("acme"), lms_text("quiz"), PTB_TOOL_AVAILABLE, &operation, &error);
  atomic_store(&waiting_thread, lms_this_thread());
  const int32_t status = lms->api->wait(lms->bridge, operation, 60000, &result, &error);
  check_report(status == PTB_E_TIMEOUT || status == PTB_E_STATE, __FILE__, __LINE__, "wait while closing: %d %s",
               (int)status, error.text);
  return NULL;
}

/* close, while another thread waits for a tool that takes a minute to answer. */
static void check_close_ends_a_wait(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  atomic_store(&server.state->delay_ms, 60000);
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_INACTIVE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 3, NULL), PTB_OK);
  pthread_t waiting;
  REQUIRE(pthread_create(&waiting, NULL, wait_long, &lms) == 0);
  CHECK_SOON(atomic_load(&server.state->requests) >= 1);
  CHECK_SOON(atomic_load(&waiting_thread) != 0 && lms_thread_sleeps(atomic_load(&waiting_thread)));
  int32_t status = PTB_E_TIMEOUT;
  for (int tries_left = 10; tries_left > 0 && status == PTB_E_TIMEOUT; --tries_left)
    status = lms.api->close(lms.bridge, 1000, lms_error(&lms));
  CHECK_EQUAL(status, PTB_OK);
  pthread_join(waiting, NULL);
  lms.bridge = NULL;
  atomic_store(&server.state->delay_ms, 0);
  lms_open(&lms, 0); /* and nothing is lost */
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 3);
  lms_end(&lms);
  tool_server_stop(&server);
}

/* close alone, while an exchange is under way. */
static void check_close_abandons_an_exchange(uint32_t flags, uint32_t timeout_ms) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  atomic_store(&server.state->delay_ms, 60000);
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(&lms, 3, NULL), PTB_OK);
  CHECK_SOON((lms.api->run_once(lms.bridge, 20, NULL, NULL) == PTB_OK && atomic_load(&server.state->requests) == 1));
  const int32_t status = lms.api->close(lms.bridge, timeout_ms, lms_error(&lms));
  check_report(status == PTB_OK, __FILE__, __LINE__, "close: %d %s", (int)status, lms.error.text);
  lms.bridge = NULL;
  lms_end(&lms);
  tool_server_stop(&server);
}

static void close_abandons_an_exchange(void) {
  check_close_abandons_an_exchange(0, 200);
  check_close_abandons_an_exchange(0, 0);
  check_close_abandons_an_exchange(PTB_ALLOW_BRIDGE_CALLBACKS, 200);
  check_close_abandons_an_exchange(PTB_ALLOW_BRIDGE_CALLBACKS, 0);
}

static void close_ends_a_wait_that_pumps(void) { check_close_ends_a_wait(0); }
static void close_ends_a_wait_for_the_bridge_thread(void) { check_close_ends_a_wait(PTB_ALLOW_BRIDGE_CALLBACKS); }

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"failing_settings_fail_the_whole_capture", failing_settings_fail_the_whole_capture},
      {"a_setting_that_cannot_be_sent_fails_the_capture", a_setting_that_cannot_be_sent_fails_the_capture},
      {"settings_are_asked_for_once_a_course", settings_are_asked_for_once_a_course},
      {"a_failing_secret_sends_nothing_and_loses_nothing", a_failing_secret_sends_nothing_and_loses_nothing},
      {"calling_back_in_is_refused_when_pumped", calling_back_in_is_refused_when_pumped},
      {"calling_back_in_from_the_log_is_refused", calling_back_in_from_the_log_is_refused},
      {"calling_back_in_is_refused_on_the_bridge_thread", calling_back_in_is_refused_on_the_bridge_thread},
      {"pumped_bridges_start_no_thread_and_call_only_from_the_pump",
       pumped_bridges_start_no_thread_and_call_only_from_the_pump},
      {"capture_with_a_tool_available_sends_nothing_by_itself", capture_with_a_tool_available_sends_nothing_by_itself},
      {"a_bridge_thread_calls_from_one_other_thread", a_bridge_thread_calls_from_one_other_thread},
      {"capture_only_never_sends", capture_only_never_sends},
      {"watch_comes_once_over_and_once_back", watch_comes_once_over_and_once_back},
      {"watch_comes_from_the_bridge_thread_too", watch_comes_from_the_bridge_thread_too},
      {"many_threads_pumping", many_threads_pumping},
      {"many_threads_with_a_bridge_thread", many_threads_with_a_bridge_thread},
      {"close_abandons_an_exchange", close_abandons_an_exchange},
      {"close_ends_a_wait_that_pumps", close_ends_a_wait_that_pumps},
      {"close_ends_a_wait_for_the_bridge_thread", close_ends_a_wait_for_the_bridge_thread},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
