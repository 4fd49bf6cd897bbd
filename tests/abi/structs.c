/* Hosts older and newer than the plugin: shorter and longer structs, other major versions, impossible sizes. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guarded.h"
#include "lms.h"
#include "support/tool_server.h"

enum { kExtraBytes = 64 };

static ptb_entry_function entry_of(const struct lms* lms) {
  void* symbol = dlsym(lms->library, "ptb_entry");
  REQUIRE(symbol != NULL);
  ptb_entry_function entry;
  memcpy(&entry, &symbol, sizeof entry);
  return entry;
}

/* Refused as a wrong argument, in one line that names the struct. */
static void check_names(const struct lms* lms, int32_t status, const char* struct_name) {
  CHECK_EQUAL(status, PTB_E_ARGUMENT);
  CHECK_EQUAL(lms->error.status, status);
  CHECK(lms_is_one_line(lms->error.text, sizeof lms->error.text));
  check_report(strstr(lms->error.text, struct_name) != NULL, __FILE__, __LINE__, "'%s' does not name %s",
               lms->error.text, struct_name);
}

/* ---- the entry ---- */

static void entry_gives_the_whole_table(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  CHECK(lms.api->struct_size >= sizeof(ptb_api));
  CHECK_EQUAL(lms.api->abi_major, PTB_ABI_MAJOR);
  CHECK_EQUAL(lms.api->abi_minor, PTB_ABI_MINOR);
  CHECK_EQUAL(lms.error.status, PTB_OK);
  CHECK(lms.api->open != NULL && lms.api->close != NULL && lms.api->capture != NULL);
  CHECK(lms.api->tool_installed != NULL && lms.api->tool_saved != NULL && lms.api->tool_removed != NULL);
  CHECK(lms.api->tool_contacted != NULL && lms.api->run_once != NULL && lms.api->wait != NULL);
  CHECK(lms.api->report != NULL && lms.api->administer != NULL && lms.api->value_known != NULL);
  CHECK(entry_of(&lms)(PTB_ABI_MAJOR, NULL) == lms.api);
  lms_end(&lms);
}

static void another_major_is_refused_with_both_numbers(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  const ptb_entry_function entry = entry_of(&lms);
  static const uint32_t majors[] = {0, PTB_ABI_MAJOR + 1, 47, UINT32_MAX};
  for (size_t i = 0; i < sizeof majors / sizeof majors[0]; ++i) {
    CHECK(entry(majors[i], lms_error(&lms)) == NULL);
    CHECK_EQUAL(lms.error.status, PTB_E_ABI);
    char theirs[16];
    char ours[16];
    snprintf(theirs, sizeof theirs, "%u", (unsigned)majors[i]);
    snprintf(ours, sizeof ours, "%u", PTB_ABI_MAJOR);
    CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));
    check_report(strstr(lms.error.text, theirs) != NULL && strstr(lms.error.text, ours) != NULL, __FILE__, __LINE__,
                 "'%s' does not say %s and %s", lms.error.text, theirs, ours);
    CHECK(entry(majors[i], NULL) == NULL);
  }
  lms_end(&lms);
}

/* ---- shorter ---- */

static void must_not_be_called(void) { abort(); }

/* A host from before outcome, progress and the clocks: what lies behind its struct is not the plugin's to read. */
static void a_shorter_host_struct_is_enough(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  struct {
    ptb_host host;
    void (*behind[5])(void);
  } large = {.host = lms.host, .behind = {must_not_be_called}};
  large.host.struct_size = offsetof(ptb_host, outcome);
  lms.options.host = guarded_copy(&large.host, offsetof(ptb_host, outcome));
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", NULL, &operation), PTB_OK);
  ptb_operation_result result;
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 1);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_OUTCOME]), 0);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_LOAD_SECRET]) > 0, 1);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void bytes_behind_a_shorter_host_are_ignored(void) {
  struct tool_server server;
  REQUIRE(tool_server_start(&server));
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  ptb_host host = lms.host;
  host.struct_size = offsetof(ptb_host, outcome);
  void (*const trap)(void) = must_not_be_called;
  memcpy(&host.outcome, &trap, sizeof trap);
  memcpy(&host.progress, &trap, sizeof trap);
  memcpy(&host.wall_clock_ms, &trap, sizeof trap);
  memcpy(&host.monotonic_clock_ms, &trap, sizeof trap);
  memcpy(&host.watch, &trap, sizeof trap);
  lms.options.host = &host;
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, server.port, PTB_TOOL_AVAILABLE), PTB_OK);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", NULL, &operation), PTB_OK);
  ptb_operation_result result;
  CHECK_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
  CHECK_EQUAL(result.acknowledged, 1);
  lms_end(&lms);
  tool_server_stop(&server);
}

static void shorter_open_options_are_enough(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms.options.struct_size = offsetof(ptb_open_options, exchange_timeout_ms);
  lms.options.exchange_timeout_ms = 1; /* too little, but not part of the struct that was handed over */
  const ptb_open_options* options = guarded_copy(&lms.options, lms.options.struct_size);
  CHECK_EQUAL(lms.api->open(options, &lms.bridge, lms_error(&lms)), PTB_OK);
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

static void a_shorter_event_is_enough(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  ptb_pair arguments[3];
  ptb_event event = lms_event(arguments, "_5_1");
  event.struct_size = offsetof(ptb_event, context);
  const ptb_event* const events[] = {guarded_copy(&event, event.struct_size)};
  ptb_capture_result result = {.struct_size = sizeof result};
  ptb_capture_result* const results[] = {&result};
  CHECK_EQUAL(lms.api->capture(lms.bridge, events, 1, results, NULL, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(result.answer, PTB_NEW);
  lms_end(&lms);
}

/* A host of 1.0 or 1.1: its structs end before watch, not_before_ms and policy, and what lies behind is not read. */
static void structs_of_the_minors_before_are_enough(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms.host.struct_size = offsetof(ptb_host, watch);
  lms.options.host = guarded_copy(&lms.host, lms.host.struct_size);
  lms.options.struct_size = offsetof(ptb_open_options, lti_issuer);
  lms_open(&lms, 0);
  static const uint32_t tool_sizes[] = {offsetof(ptb_tool, allow_cidrs), offsetof(ptb_tool, policy)};
  for (size_t i = 0; i < sizeof tool_sizes / sizeof tool_sizes[0]; ++i) {
    char descriptor[lms_descriptor_bytes];
    ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_INACTIVE);
    tool.struct_size = tool_sizes[i];
    tool.policy = lms_text("no such policy"); /* not part of the struct that is handed over */
    CHECK_EQUAL(lms.api->tool_installed(lms.bridge, guarded_copy(&tool, tool.struct_size), lms_error(&lms)), PTB_OK);
  }
  ptb_pair arguments[3];
  ptb_event event = lms_event(arguments, "_5_1");
  event.struct_size = offsetof(ptb_event, not_before_ms);
  event.not_before_ms = -1;
  const ptb_event* const events[] = {guarded_copy(&event, event.struct_size)};
  ptb_capture_result result = {.struct_size = sizeof result};
  ptb_capture_result* const results[] = {&result};
  CHECK_EQUAL(lms.api->capture(lms.bridge, events, 1, results, NULL, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(result.answer, PTB_NEW);
  lms_end(&lms);
}

static void a_shorter_capture_result_is_filled_no_further(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  const ptb_capture_result blank = {.struct_size = offsetof(ptb_capture_result, sequence)};
  ptb_capture_result* result = guarded_copy(&blank, blank.struct_size);
  CHECK_EQUAL(lms_capture(&lms, "_5_1", result, NULL), PTB_OK);
  CHECK_EQUAL(result->answer, PTB_NEW);
  CHECK_EQUAL(result->struct_size, offsetof(ptb_capture_result, sequence));
  CHECK_EQUAL(strlen(result->event_id), 36);
  CHECK(strcmp(result->reason, "not_installed") == 0);

  ptb_capture_result canary;
  memset(&canary, 0x5a, sizeof canary);
  canary.struct_size = offsetof(ptb_capture_result, event_id);
  CHECK_EQUAL(lms_capture(&lms, "_5_1", &canary, NULL), PTB_OK);
  CHECK_EQUAL(canary.answer, PTB_NEW);
  CHECK_EQUAL(canary.event_id[0], 0x5a);
  CHECK_EQUAL(canary.reason[0], 0x5a);
  CHECK_EQUAL(canary.sequence, 0x5a5a5a5a5a5a5a5a);
  lms_end(&lms);
}

static void a_shorter_operation_result_is_filled_no_further(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", NULL, &operation), PTB_OK);
  const ptb_operation_result blank = {.struct_size = offsetof(ptb_operation_result, stopped_by)};
  ptb_operation_result* result = guarded_copy(&blank, blank.struct_size);
  CHECK_EQUAL(lms.api->wait(lms.bridge, operation, 20000, result, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(result->status, PTB_OK);
  CHECK_EQUAL(result->sent, 0);
  CHECK_EQUAL(result->struct_size, offsetof(ptb_operation_result, stopped_by));
  lms_end(&lms);
}

static void a_shorter_error_is_filled_no_further(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  const ptb_error blank = {.struct_size = offsetof(ptb_error, text) + 24};
  ptb_error* error = guarded_copy(&blank, blank.struct_size);
  CHECK_EQUAL(lms.api->open(NULL, &lms.bridge, error), PTB_E_ARGUMENT);
  CHECK_EQUAL(error->status, PTB_E_ARGUMENT);
  CHECK(lms_is_one_line(error->text, 24));

  const ptb_error status_only = {.struct_size = offsetof(ptb_error, text)};
  error = guarded_copy(&status_only, status_only.struct_size);
  CHECK_EQUAL(lms.api->open(NULL, &lms.bridge, error), PTB_E_ARGUMENT);
  CHECK_EQUAL(error->status, PTB_E_ARGUMENT);

  ptb_error canary;
  memset(&canary, 0x5a, sizeof canary);
  canary.struct_size = 0;
  (void)lms.api->open(NULL, &lms.bridge, &canary);
  CHECK_EQUAL(canary.status, 0x5a5a5a5a);
  CHECK_EQUAL(canary.text[0], 0x5a);
  lms_end(&lms);
}

/* ---- longer ---- */

/* One call with one struct of the host enlarged by kExtraBytes, the last of which is `last_byte`. */
static void* enlarged(const void* source, size_t size, unsigned char last_byte) {
  unsigned char* copy = calloc(1, size + kExtraBytes);
  REQUIRE(copy != NULL);
  memcpy(copy, source, size);
  copy[size + kExtraBytes - 1] = last_byte;
  const uint32_t struct_size = (uint32_t)size + kExtraBytes;
  memcpy(copy, &struct_size, sizeof struct_size);
  void* result = guarded_copy(copy, size + kExtraBytes);
  free(copy);
  return result;
}

static int32_t open_with_longer_host(struct lms* lms, unsigned char last_byte) {
  ptb_open_options options = lms->options;
  options.host = enlarged(&lms->host, sizeof lms->host, last_byte);
  return lms->api->open(&options, &lms->bridge, lms_error(lms));
}

static int32_t open_with_longer_options(struct lms* lms, unsigned char last_byte) {
  const ptb_open_options* options = enlarged(&lms->options, sizeof lms->options, last_byte);
  return lms->api->open(options, &lms->bridge, lms_error(lms));
}

static int32_t capture_with_longer_event(struct lms* lms, unsigned char last_byte) {
  ptb_pair arguments[3];
  const ptb_event event = lms_event(arguments, "_5_1");
  const ptb_event* const events[] = {enlarged(&event, sizeof event, last_byte)};
  ptb_capture_result result = {.struct_size = sizeof result};
  ptb_capture_result* const results[] = {&result};
  return lms->api->capture(lms->bridge, events, 1, results, NULL, lms_error(lms));
}

static int32_t install_with_longer_tool(struct lms* lms, unsigned char last_byte) {
  char descriptor[lms_descriptor_bytes];
  const ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_UNAVAILABLE);
  const ptb_tool* longer = enlarged(&tool, sizeof tool, last_byte);
  return lms->api->tool_installed(lms->bridge, longer, lms_error(lms));
}

static int32_t tell_longer_value(struct lms* lms, unsigned char last_byte) {
  const ptb_value value = lms_value();
  return lms->api->value_known(lms->bridge, enlarged(&value, sizeof value, last_byte), lms_error(lms));
}

static void longer_structs_with_zero_bytes_are_fine(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  CHECK_EQUAL(open_with_longer_host(&lms, 0), PTB_OK);
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  CHECK_EQUAL(open_with_longer_options(&lms, 0), PTB_OK);
  CHECK_EQUAL(capture_with_longer_event(&lms, 0), PTB_OK);
  CHECK_EQUAL(install_with_longer_tool(&lms, 0), PTB_OK);
  CHECK_EQUAL(tell_longer_value(&lms, 0), PTB_OK);
  lms_end(&lms);
}

static void longer_structs_with_other_bytes_are_refused(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  check_names(&lms, open_with_longer_host(&lms, 1), "ptb_host");
  CHECK(lms.bridge == NULL);
  check_names(&lms, open_with_longer_options(&lms, 1), "ptb_open_options");
  CHECK(lms.bridge == NULL);
  lms_open(&lms, 0);
  check_names(&lms, capture_with_longer_event(&lms, 1), "ptb_event");
  check_names(&lms, install_with_longer_tool(&lms, 0x80), "ptb_tool");
  check_names(&lms, tell_longer_value(&lms, 1), "ptb_value");
  uint64_t operation = 0;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_E_NOT_FOUND);
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

static void longer_results_are_filled_as_far_as_known(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  const ptb_capture_result blank = {.struct_size = sizeof blank};
  ptb_capture_result* result = enlarged(&blank, sizeof blank, 0);
  uint64_t operation = 0;
  CHECK_EQUAL(lms_capture(&lms, "_5_1", result, &operation), PTB_OK);
  CHECK_EQUAL(result->struct_size, sizeof *result + kExtraBytes);
  CHECK_EQUAL(result->sequence, 1);
  const ptb_operation_result blank_operation = {.struct_size = sizeof blank_operation};
  ptb_operation_result* operation_result = enlarged(&blank_operation, sizeof blank_operation, 0);
  CHECK_EQUAL(lms.api->wait(lms.bridge, operation, 20000, operation_result, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(operation_result->status, PTB_OK);
  lms_end(&lms);
}

/* ---- impossible ---- */

static void impossible_sizes_are_refused(void) {
  static const uint32_t impossible[] = {0, 3, UINT32_MAX};
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  const ptb_open_options good_options = lms.options;
  const ptb_host good_host = lms.host;
  for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; ++i) {
    lms.options.struct_size = impossible[i];
    const ptb_open_options* options = guarded_copy(&lms.options, sizeof lms.options);
    check_names(&lms, lms.api->open(options, &lms.bridge, lms_error(&lms)), "ptb_open_options");
    lms.options = good_options;
    lms.host.struct_size = impossible[i];
    lms.options.host = guarded_copy(&lms.host, sizeof lms.host);
    check_names(&lms, lms.api->open(&lms.options, &lms.bridge, lms_error(&lms)), "ptb_host");
    lms.options = good_options;
    lms.host = good_host;
    CHECK(lms.bridge == NULL);
  }
  lms_open(&lms, 0);
  for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; ++i) {
    ptb_pair arguments[3];
    ptb_event event = lms_event(arguments, "_5_1");
    event.struct_size = impossible[i];
    const ptb_event* const events[] = {guarded_copy(&event, sizeof event)};
    ptb_capture_result result = {.struct_size = sizeof result};
    ptb_capture_result* const results[] = {&result};
    check_names(&lms, lms.api->capture(lms.bridge, events, 1, results, NULL, lms_error(&lms)), "ptb_event");

    char descriptor[lms_descriptor_bytes];
    ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_UNAVAILABLE);
    tool.struct_size = impossible[i];
    const ptb_tool* guarded_tool = guarded_copy(&tool, sizeof tool);
    check_names(&lms, lms.api->tool_installed(lms.bridge, guarded_tool, lms_error(&lms)), "ptb_tool");

    ptb_value value = lms_value();
    value.struct_size = impossible[i];
    const ptb_value* guarded_value = guarded_copy(&value, sizeof value);
    check_names(&lms, lms.api->value_known(lms.bridge, guarded_value, lms_error(&lms)), "ptb_value");

    ptb_capture_result bad = {.struct_size = impossible[i]};
    ptb_capture_result* guarded_result = guarded_copy(&bad, sizeof bad);
    check_names(&lms, lms_capture(&lms, "_5_1", guarded_result, NULL), "ptb_capture_result");

    ptb_operation_result bad_operation = {.struct_size = impossible[i]};
    ptb_operation_result* guarded_operation = guarded_copy(&bad_operation, sizeof bad_operation);
    check_names(&lms, lms.api->wait(lms.bridge, 1, 0, guarded_operation, lms_error(&lms)), "ptb_operation_result");
  }
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"entry_gives_the_whole_table", entry_gives_the_whole_table},
      {"another_major_is_refused_with_both_numbers", another_major_is_refused_with_both_numbers},
      {"a_shorter_host_struct_is_enough", a_shorter_host_struct_is_enough},
      {"bytes_behind_a_shorter_host_are_ignored", bytes_behind_a_shorter_host_are_ignored},
      {"shorter_open_options_are_enough", shorter_open_options_are_enough},
      {"a_shorter_event_is_enough", a_shorter_event_is_enough},
      {"structs_of_the_minors_before_are_enough", structs_of_the_minors_before_are_enough},
      {"a_shorter_capture_result_is_filled_no_further", a_shorter_capture_result_is_filled_no_further},
      {"a_shorter_operation_result_is_filled_no_further", a_shorter_operation_result_is_filled_no_further},
      {"a_shorter_error_is_filled_no_further", a_shorter_error_is_filled_no_further},
      {"longer_structs_with_zero_bytes_are_fine", longer_structs_with_zero_bytes_are_fine},
      {"longer_structs_with_other_bytes_are_refused", longer_structs_with_other_bytes_are_refused},
      {"longer_results_are_filled_as_far_as_known", longer_results_are_filled_as_far_as_known},
      {"impossible_sizes_are_refused", impossible_sizes_are_refused},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
