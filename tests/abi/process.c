/* Manners inside a stranger's process: signals, descriptors, threads, fork, exit, the host's own libcurl, and that the
 * library is gone when the host lets it go. */
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "lms.h"
#include "support/tool_server.h"

extern char** environ;

/* Opens with an available tool at the server and delivers three events. */
static void deliver_three(struct lms* lms, const struct tool_server* server, uint32_t flags) {
  lms_open(lms, flags);
  CHECK_EQUAL(lms_install(lms, server->port, PTB_TOOL_AVAILABLE), PTB_OK);
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms_capture_many(lms, 3, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 3);
}

/* ---- leaving ---- */

static void the_library_goes_when_it_was_only_opened(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  CHECK(lms_is_mapped("/ptbridge.so"));
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms_unload(&lms);
  CHECK(!LMS_UNLOADS || !lms_is_mapped("/ptbridge.so"));
  lms_end(&lms);
}

static void check_the_library_goes(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  const int threads_before = lms_thread_count();
  for (int round = 0; round < 3; ++round) { /* and it can be loaded again */
    struct lms lms;
    lms_make_directory(&lms);
    lms_load(&lms);
    deliver_three(&lms, &server, flags);
    CHECK_EQUAL(lms_close(&lms), PTB_OK);
    lms_unload(&lms);
    CHECK(!LMS_UNLOADS || !lms_is_mapped("/ptbridge.so"));
    CHECK(!LMS_UNLOADS || lms_thread_count() == threads_before); /* nor does it end its own thread */
    lms_end(&lms);
  }
  tool_server_stop(&server);
}

static void the_library_goes_after_pumped_exchanges(void) { check_the_library_goes(0); }
static void the_library_goes_after_exchanges_on_its_thread(void) { check_the_library_goes(PTB_ALLOW_BRIDGE_CALLBACKS); }

static void* use_and_stay(void* context) {
  struct lms* lms = context;
  CHECK_EQUAL(lms_capture(lms, "_5_1", NULL, NULL), PTB_OK);
  return NULL;
}

/* A thread of the host that was inside the library lives on after dlclose and ends later. */
struct staying_thread {
  struct lms* lms;
  atomic_int used;
  atomic_int may_end;
};

static void* use_and_outlive(void* context) {
  struct staying_thread* thread = context;
  use_and_stay(thread->lms);
  atomic_store(&thread->used, 1);
  while (atomic_load(&thread->may_end) == 0) check_pause();
  return NULL;
}

static void the_library_goes_while_threads_of_the_host_live(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  struct staying_thread thread = {.lms = &lms};
  pthread_t id;
  REQUIRE(pthread_create(&id, NULL, use_and_outlive, &thread) == 0);
  CHECK_SOON(atomic_load(&thread.used) == 1);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms_unload(&lms);
  CHECK(!LMS_UNLOADS || !lms_is_mapped("/ptbridge.so"));
  atomic_store(&thread.may_end, 1);
  CHECK_EQUAL(pthread_join(id, NULL), 0);
  lms_end(&lms);
}

/* ---- fork ---- */

static void ignore_text(void* sink_context, ptb_text text) { (void)sink_context, (void)text; }

/* In the child: every call is refused. */
static int calls_in_the_child(struct lms* lms) {
  const ptb_api* api = lms->api;
  ptb_error error = {.struct_size = sizeof error};
  ptb_operation_result result = {.struct_size = sizeof result};
  const ptb_text vendor = lms_text("acme");
  const ptb_text program = lms_text("quiz");
  char descriptor[lms_descriptor_bytes];
  const ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_AVAILABLE);
  uint64_t operation = 0;
  uint32_t next_ms = 0;
  bool refused = lms_capture(lms, "_5_1", NULL, NULL) == PTB_E_STATE;
  refused = CHECK_EQUAL(api->tool_installed(lms->bridge, &tool, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->tool_saved(lms->bridge, vendor, program, 1, &operation, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->tool_removed(lms->bridge, vendor, program, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->tool_contacted(lms->bridge, vendor, program, &operation, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->run_once(lms->bridge, 100, &next_ms, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->wait(lms->bridge, 1, 100, &result, &error), PTB_E_STATE) && refused;
  refused = CHECK_EQUAL(api->report(lms->bridge, lms_text("{}"), ignore_text, NULL, &error), PTB_E_STATE) && refused;
  refused =
      CHECK_EQUAL(api->administer(lms->bridge, lms_text("{}"), ignore_text, NULL, &operation, &error), PTB_E_STATE) &&
      refused;
  refused = CHECK_EQUAL(api->close(lms->bridge, 1000, &error), PTB_E_STATE) && refused;
  return CHECK(lms_is_one_line(error.text, sizeof error.text)) && refused ? 0 : 1;
}

static void check_fork(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  atomic_store(&server.state->delay_ms, 60000);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture_many(&lms, 3, &operation), PTB_OK);
  /* In mid-walk. */
  CHECK_SOON((lms.api->run_once(lms.bridge, 20, NULL, NULL) == PTB_OK && atomic_load(&server.state->requests) == 1));
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    exit(calls_in_the_child(&lms)); /* with everything that a process does at its end */
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  check_report(WIFEXITED(status) && WEXITSTATUS(status) == 0, __FILE__, __LINE__, "the child ended with %#x",
               (unsigned)status);
  atomic_store(&server.state->delay_ms, 0);
  ptb_operation_result result;
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 3);
  CHECK_EQUAL(atomic_load(&server.state->requests), 3);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void a_forked_child_can_do_nothing_when_pumped(void) { check_fork(0); }
static void a_forked_child_can_do_nothing_with_a_bridge_thread(void) { check_fork(PTB_ALLOW_BRIDGE_CALLBACKS); }

/* ---- exit in mid-walk ---- */

static void* pump_for_ever(void* context) {
  struct lms* lms = context;
  while (lms->api->run_once(lms->bridge, 1000, NULL, NULL) == PTB_OK) check_pause();
  return NULL;
}

/* Never returns: the process ends by exit(0) while an exchange is under way, without close. */
static void exit_in_mid_walk(struct lms* lms, const struct tool_server* server, uint32_t flags) {
  lms_load(lms);
  lms_open(lms, flags);
  CHECK_EQUAL(lms_install(lms, server->port, PTB_TOOL_AVAILABLE), PTB_OK);
  CHECK_EQUAL(lms_capture_many(lms, 3, NULL), PTB_OK);
  pthread_t pump;
  if ((flags & PTB_ALLOW_BRIDGE_CALLBACKS) == 0) REQUIRE(pthread_create(&pump, NULL, pump_for_ever, lms) == 0);
  CHECK_SOON(atomic_load(&server->state->requests) == 1);
  exit(0);
}

/* Afterwards another process, this one, finds all that was captured. The child loads the plugin itself and says over a
 * pipe where its store is. */
static void check_exit(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  atomic_store(&server.state->delay_ms, 60000);
  static struct lms lms; /* lives until the end of the child's exit */
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    lms_make_directory(&lms);
    if (write(pipe_ends[1], lms.directory, sizeof lms.directory) != sizeof lms.directory) check_give_up();
    exit_in_mid_walk(&lms, &server, flags);
  }
  REQUIRE(read(pipe_ends[0], lms.directory, sizeof lms.directory) == sizeof lms.directory);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  check_report(WIFEXITED(status) && WEXITSTATUS(status) == 0, __FILE__, __LINE__, "the child ended with %#x",
               (unsigned)status);
  atomic_store(&server.state->delay_ms, 0);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_SOON((lms.api->run_once(lms.bridge, 100, NULL, NULL) == PTB_OK && atomic_load(&lms.delivered) == 3));
  lms_end(&lms);
  tool_server_stop(&server);
}

static void exit_in_mid_walk_with_a_bridge_thread(void) { check_exit(PTB_ALLOW_BRIDGE_CALLBACKS); }
static void exit_in_mid_walk_when_pumped(void) { check_exit(0); }

/* ---- the host's own libcurl ---- */

static size_t take_all(const char* bytes, size_t size, size_t count, void* context) {
  (void)bytes;
  (void)context;
  return size * count;
}

static void fetch(int port) {
  CURL* handle = curl_easy_init();
  REQUIRE(handle != NULL);
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
  curl_easy_setopt(handle, CURLOPT_URL, url);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_all);
  const CURLcode code = curl_easy_perform(handle);
  check_report(code == CURLE_OK, __FILE__, __LINE__, "the host's own exchange: %s", curl_easy_strerror(code));
  curl_easy_cleanup(handle);
}

static int port_of_the_host;
static void fetch_during(struct lms* lms, enum lms_callback callback) {
  (void)lms;
  if (callback == LMS_OUTCOME) fetch(port_of_the_host);
}

static void a_host_goes_on_using_its_own_libcurl(void) {
  struct tool_server own;
  struct tool_server server;
  REQUIRE(tool_server_start(&own));
  REQUIRE(tool_server_start(&server));
  port_of_the_host = own.port;
  CHECK_EQUAL(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  fetch(own.port);
  CURLM* multi = curl_multi_init();
  CHECK(multi != NULL);
  static const uint32_t flags[] = {0, PTB_ALLOW_BRIDGE_CALLBACKS};
  for (size_t i = 0; i < 2; ++i) {
    struct lms lms;
    lms_make_directory(&lms);
    lms_load(&lms);
    lms.during = fetch_during;
    deliver_three(&lms, &server, flags[i]);
    fetch(own.port);
    lms_end(&lms);
    CHECK(!LMS_UNLOADS || !lms_is_mapped("/ptbridge.so"));
    fetch(own.port);
  }
  CHECK_EQUAL(curl_multi_cleanup(multi), CURLM_OK);
  curl_global_cleanup();
  CHECK_EQUAL(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
  fetch(own.port);
  curl_global_cleanup();
  CHECK_EQUAL(atomic_load(&own.state->answered), 1 + 2 * (3 + 1 + 1) + 1);
  tool_server_stop(&own);
  tool_server_stop(&server);
}

/* ---- signals ---- */

/* The hexadecimal mask on that line of a thread's status; bit n-1 is signal n. */
static uint64_t signal_mask(int thread, const char* line_start) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  FILE* status = fopen(path, "r");
  REQUIRE(status != NULL);
  char line[256];
  uint64_t mask = 0;
  bool found = false;
  while (!found && fgets(line, sizeof line, status) != NULL) {
    found = strncmp(line, line_start, strlen(line_start)) == 0;
    if (found) mask = strtoull(line + strlen(line_start), NULL, 16);
  }
  fclose(status);
  CHECK(found);
  return mask;
}

static uint64_t bit(int signal_number) { return (uint64_t)1 << (signal_number - 1); }

static void the_bridge_thread_blocks_all_signals_but_the_synchronous_ones(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  deliver_three(&lms, &server, PTB_ALLOW_BRIDGE_CALLBACKS);
  const int thread = atomic_load(&lms.last_thread[LMS_OUTCOME]);
  CHECK(thread != lms_this_thread());
  const uint64_t blocked = signal_mask(thread, "SigBlk:");
  const uint64_t synchronous = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGSYS);
  const uint64_t never_blocked = bit(SIGKILL) | bit(SIGSTOP);
  CHECK_EQUAL(blocked & synchronous, 0);
  for (int signal_number = 1; signal_number <= SIGRTMAX; ++signal_number) {
    if (signal_number == 32 || signal_number == 33) continue; /* the C library's own */
    if (((synchronous | never_blocked) & bit(signal_number)) != 0) continue;
    check_report((blocked & bit(signal_number)) != 0, __FILE__, __LINE__, "signal %d is not blocked", signal_number);
  }
  CHECK_EQUAL(signal_mask(lms_this_thread(), "SigBlk:"), 0);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void check_sigpipe(uint32_t flags) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR); /* it would kill this process */
  atomic_store(&server.state->answer, TOOL_SERVER_RESET);
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, flags);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  char* large = malloc(200 * 1024);
  REQUIRE(large != NULL);
  memset(large, 'x', 200 * 1024);
  ptb_pair arguments[3];
  ptb_event event = lms_event(arguments, "_5_1");
  arguments[2].value = (ptb_text){large, 200 * 1024};
  const ptb_event* const events[] = {&event};
  ptb_capture_result captured = {.struct_size = sizeof captured};
  ptb_capture_result* const results[] = {&captured};
  uint64_t operation = 0;
  ptb_operation_result result;
  CHECK_EQUAL(lms.api->capture(lms.bridge, events, 1, results, &operation, lms_error(&lms)), PTB_OK);
  free(large);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.failed, 1);
  for (int i = 0; i < 10; ++i) {
    CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
    CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
    CHECK_EQUAL(result.failed, 1);
  }
  CHECK_EQUAL(signal_mask(lms_this_thread(), "SigBlk:"), 0);
  CHECK_EQUAL(signal_mask(lms_this_thread(), "SigIgn:") & bit(SIGPIPE), 0);
  CHECK_EQUAL(signal_mask(lms_this_thread(), "SigCgt:") & bit(SIGPIPE), 0);
  CHECK_EQUAL(signal_mask(lms_this_thread(), "SigPnd:") & bit(SIGPIPE), 0);
  atomic_store(&server.state->answer, TOOL_SERVER_SUCCESS);
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 1);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void a_closed_connection_kills_nobody_when_pumped(void) { check_sigpipe(0); }
static void a_closed_connection_kills_nobody_with_a_bridge_thread(void) { check_sigpipe(PTB_ALLOW_BRIDGE_CALLBACKS); }

/* ---- descriptors, locale, environment ---- */

/* All descriptors above those that were open before. Gives how many there are. */
static int check_close_on_exec(const bool* before, int limit) {
  int opened = 0;
  for (int descriptor = 0; descriptor < limit; ++descriptor) {
    const int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0 || before[descriptor]) continue;
    ++opened;
    char path[64];
    char target[256] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    if (readlink(path, target, sizeof target - 1) < 0) continue;
    check_report((flags & FD_CLOEXEC) != 0, __FILE__, __LINE__, "descriptor %d (%s) is not close-on-exec", descriptor,
                 target);
  }
  return opened;
}

enum { kDescriptors = 256 };
static bool open_before[kDescriptors];
static int seen_during;

static void look_at_descriptors(struct lms* lms, enum lms_callback callback) {
  (void)lms;
  if (callback == LMS_OUTCOME) seen_during = check_close_on_exec(open_before, kDescriptors);
}

static void descriptors_are_closed_on_exec_and_at_close(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  static const uint32_t flags[] = {0, PTB_ALLOW_BRIDGE_CALLBACKS};
  for (size_t i = 0; i < 2; ++i) {
    for (int descriptor = 0; descriptor < kDescriptors; ++descriptor)
      open_before[descriptor] = fcntl(descriptor, F_GETFD) >= 0;
    struct lms lms;
    lms_make_directory(&lms);
    lms_load(&lms);
    lms.during = look_at_descriptors;
    deliver_three(&lms, &server, flags[i]);
    CHECK(seen_during > 1); /* at least the store and the lock */
    CHECK(check_close_on_exec(open_before, kDescriptors) > 0);
    CHECK_EQUAL(lms_close(&lms), PTB_OK);
    CHECK_EQUAL(check_close_on_exec(open_before, kDescriptors), 0);
    lms_end(&lms);
  }
  tool_server_stop(&server);
}

static void locale_environment_and_directory_stay(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  (void)setlocale(LC_ALL, "C.UTF-8");
  char* locale_before = strdup(setlocale(LC_ALL, NULL));
  size_t variables = 0;
  while (environ[variables] != NULL) ++variables;
  char** environment_before = calloc(variables + 1, sizeof *environment_before);
  REQUIRE(locale_before != NULL && environment_before != NULL);
  for (size_t i = 0; i < variables; ++i) environment_before[i] = strdup(environ[i]);
  char directory_before[4096];
  REQUIRE(getcwd(directory_before, sizeof directory_before) != NULL);
  const mode_t mask_before = umask(027);

  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  deliver_three(&lms, &server, PTB_ALLOW_BRIDGE_CALLBACKS);
  lms_end(&lms);

  CHECK(strcmp(setlocale(LC_ALL, NULL), locale_before) == 0);
  for (size_t i = 0; i < variables; ++i) CHECK(environ[i] != NULL && strcmp(environ[i], environment_before[i]) == 0);
  CHECK(environ[variables] == NULL);
  char directory_after[4096];
  CHECK(getcwd(directory_after, sizeof directory_after) != NULL && strcmp(directory_after, directory_before) == 0);
  CHECK_EQUAL(umask(mask_before), 027);
  for (size_t i = 0; i < variables; ++i) free(environment_before[i]);
  free((void*)environment_before);
  free(locale_before);
  tool_server_stop(&server);
}

/* Many LMS processes run with a proxy variable set; exchanges with tools take no notice of it. */
static void proxy_variables_are_ignored(void) {
  struct tool_server server;
  struct tool_server proxy;
  REQUIRE(tool_server_start(&server));
  REQUIRE(tool_server_start(&proxy));
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d", proxy.port);
  CHECK_EQUAL(setenv("http_proxy", url, 1), 0);
  CHECK_EQUAL(setenv("all_proxy", url, 1), 0);
  CHECK_EQUAL(unsetenv("no_proxy"), 0);
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  deliver_three(&lms, &server, 0);
  lms_end(&lms);
  CHECK_EQUAL(atomic_load(&proxy.state->requests), 0);
  tool_server_stop(&server);
  tool_server_stop(&proxy);
}

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"the_library_goes_when_it_was_only_opened", the_library_goes_when_it_was_only_opened},
      {"the_library_goes_after_pumped_exchanges", the_library_goes_after_pumped_exchanges},
      {"the_library_goes_after_exchanges_on_its_thread", the_library_goes_after_exchanges_on_its_thread},
      {"the_library_goes_while_threads_of_the_host_live", the_library_goes_while_threads_of_the_host_live},
      {"a_forked_child_can_do_nothing_when_pumped", a_forked_child_can_do_nothing_when_pumped},
      {"a_forked_child_can_do_nothing_with_a_bridge_thread", a_forked_child_can_do_nothing_with_a_bridge_thread},
      {"exit_in_mid_walk_with_a_bridge_thread", exit_in_mid_walk_with_a_bridge_thread},
      {"exit_in_mid_walk_when_pumped", exit_in_mid_walk_when_pumped},
      {"a_host_goes_on_using_its_own_libcurl", a_host_goes_on_using_its_own_libcurl},
      {"the_bridge_thread_blocks_all_signals_but_the_synchronous_ones",
       the_bridge_thread_blocks_all_signals_but_the_synchronous_ones},
      {"a_closed_connection_kills_nobody_when_pumped", a_closed_connection_kills_nobody_when_pumped},
      {"a_closed_connection_kills_nobody_with_a_bridge_thread", a_closed_connection_kills_nobody_with_a_bridge_thread},
      {"descriptors_are_closed_on_exec_and_at_close", descriptors_are_closed_on_exec_and_at_close},
      {"locale_environment_and_directory_stay", locale_environment_and_directory_stay},
      {"proxy_variables_are_ignored", proxy_variables_are_ignored},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
