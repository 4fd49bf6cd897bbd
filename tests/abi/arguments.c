/* Arguments that no host should pass: each is refused with one clear line, and nothing of the call is done. A row is a
 * way to spoil a good call. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guarded.h"
#include "lms.h"

#define TEXT(literal) ((ptb_text){.bytes = (literal), .size = sizeof(literal) - 1})
static const ptb_text broken_utf8 = {"caf\xe9", 4};
static const ptb_text overlong_utf8 = {"\xc0\xaf", 2};
static const ptb_text surrogate_utf8 = {"\xed\xa0\x80", 3};
static const ptb_text embedded_nul = {"a\0b", 3};
static const ptb_text null_with_size = {NULL, 5};
static const ptb_text endless = {"x", SIZE_MAX};
static const ptb_text a_tebibyte = {"x", (size_t)1 << 40};

/* PTB_E_ARGUMENT, and one line about it. */
static void check_refused(const struct lms* lms, int32_t status, const char* what) {
  check_report(status == PTB_E_ARGUMENT, __FILE__, __LINE__, "%s: status %d, wanted PTB_E_ARGUMENT (%s)", what,
               (int)status, lms->error.text);
  check_report(lms->error.status == status, __FILE__, __LINE__, "%s: error.status is %d", what, (int)lms->error.status);
  check_report(lms_is_one_line(lms->error.text, sizeof lms->error.text), __FILE__, __LINE__, "%s: text '%s'", what,
               lms->error.text);
}

/* ---- open ---- */

#define OPEN_ROW(name, statement) \
  static void open_##name(ptb_open_options* options, ptb_host* host) { (void)options, (void)host, statement; }
OPEN_ROW(without_host, options->host = NULL)
OPEN_ROW(without_load_settings, host->load_settings = NULL)
OPEN_ROW(with_one_clock, host->wall_clock_ms = (int64_t(*)(void*))abort)
OPEN_ROW(with_unknown_flag, options->flags = 0x80000000u)
OPEN_ROW(without_store, options->store = TEXT(""))
OPEN_ROW(with_unknown_store, options->store = TEXT("mysql:/tmp/x"))
OPEN_ROW(with_sqlite_without_path, options->store = TEXT("sqlite:"))
OPEN_ROW(with_nul_in_store, options->store = TEXT("sqlite:/tmp/ptb-abi-no\0pe"))
OPEN_ROW(with_broken_store, options->store = broken_utf8)
OPEN_ROW(with_null_store, options->store = null_with_size)
OPEN_ROW(with_endless_store, options->store = endless)
OPEN_ROW(without_tcbaseurl, options->tcbaseurl = TEXT(""))
OPEN_ROW(with_tcbaseurl_without_port, options->tcbaseurl = TEXT("https://lms.example"))
OPEN_ROW(with_tcbaseurl_without_scheme, options->tcbaseurl = TEXT("lms.example:80"))
OPEN_ROW(with_tcbaseurl_with_path, options->tcbaseurl = TEXT("https://lms.example:443/path"))
OPEN_ROW(with_broken_tcbaseurl, options->tcbaseurl = broken_utf8)
OPEN_ROW(with_broken_locale, options->locale = broken_utf8)
OPEN_ROW(with_endless_locale, options->locale = endless)
OPEN_ROW(with_unknown_direction, options->direction = TEXT("up"))
OPEN_ROW(with_broken_generation, options->generation = overlong_utf8)
OPEN_ROW(with_huge_generation, options->generation = a_tebibyte)
OPEN_ROW(with_short_exchange_timeout, options->exchange_timeout_ms = 999)

#define OPEN_NAME(name) \
  { #name, open_##name }
static const struct {
  const char* name;
  void (*spoil)(ptb_open_options* options, ptb_host* host);
} open_rows[] = {
    OPEN_NAME(without_host),
    OPEN_NAME(without_load_settings),
    OPEN_NAME(with_one_clock),
    OPEN_NAME(with_unknown_flag),
    OPEN_NAME(without_store),
    OPEN_NAME(with_unknown_store),
    OPEN_NAME(with_sqlite_without_path),
    OPEN_NAME(with_nul_in_store),
    OPEN_NAME(with_broken_store),
    OPEN_NAME(with_null_store),
    OPEN_NAME(with_endless_store),
    OPEN_NAME(without_tcbaseurl),
    OPEN_NAME(with_tcbaseurl_without_port),
    OPEN_NAME(with_tcbaseurl_without_scheme),
    OPEN_NAME(with_tcbaseurl_with_path),
    OPEN_NAME(with_broken_tcbaseurl),
    OPEN_NAME(with_broken_locale),
    OPEN_NAME(with_endless_locale),
    OPEN_NAME(with_unknown_direction),
    OPEN_NAME(with_broken_generation),
    OPEN_NAME(with_huge_generation),
    OPEN_NAME(with_short_exchange_timeout),
};

static void open_refuses(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  for (size_t i = 0; i < sizeof open_rows / sizeof open_rows[0]; ++i) {
    ptb_host host = lms.host;
    ptb_open_options options = lms.options;
    options.host = &host;
    open_rows[i].spoil(&options, &host);
    ptb_bridge* bridge = NULL;
    check_refused(&lms, lms.api->open(&options, &bridge, lms_error(&lms)), open_rows[i].name);
    check_report(bridge == NULL, __FILE__, __LINE__, "%s: gave a bridge", open_rows[i].name);
  }
  check_refused(&lms, lms.api->open(NULL, &lms.bridge, lms_error(&lms)), "no options");
  check_refused(&lms, lms.api->open(&lms.options, NULL, lms_error(&lms)), "nowhere to put the bridge");
  CHECK_EQUAL(lms.api->open(NULL, NULL, NULL), PTB_E_ARGUMENT);
  lms_open(&lms, 0); /* the same options, unspoilt */
  lms_end(&lms);
}

/* ---- capture ---- */

struct capture_room {
  ptb_event event;
  ptb_pair arguments[80];
  ptb_pair context[2];
  char* large; /* 300 KiB of 'x' */
};

#define EVENT_ROW(name, statement) \
  static void event_##name(struct capture_room* room) { statement; }
EVENT_ROW(without_vendor, room->event.vendor = TEXT(""))
EVENT_ROW(with_slash_in_vendor, room->event.vendor = TEXT("ac/me"))
EVENT_ROW(with_slash_in_program, room->event.program = TEXT("qu/iz"))
EVENT_ROW(with_long_vendor, (room->event.vendor = (ptb_text){room->large, 201}))
EVENT_ROW(with_broken_vendor, room->event.vendor = broken_utf8)
EVENT_ROW(with_null_vendor, room->event.vendor = null_with_size)
EVENT_ROW(with_endless_vendor, room->event.vendor = endless)
EVENT_ROW(with_nul_in_program, room->event.program = embedded_nul)
EVENT_ROW(without_kind, room->event.kind = TEXT(""))
EVENT_ROW(with_unknown_kind, room->event.kind = TEXT("course-exploded"))
EVENT_ROW(with_kind_in_capitals, room->event.kind = TEXT("Course-Imported"))
EVENT_ROW(with_kind_of_saves, room->event.kind = TEXT("state-change"))
EVENT_ROW(with_broken_kind, room->event.kind = broken_utf8)
EVENT_ROW(with_broken_operation, room->event.operation = surrogate_utf8)
EVENT_ROW(with_endless_operation, room->event.operation = endless)
EVENT_ROW(with_broken_course, room->event.course_id = broken_utf8)
EVENT_ROW(with_nul_in_content, room->event.content_id = embedded_nul)
EVENT_ROW(with_huge_content, room->event.content_id = a_tebibyte)
EVENT_ROW(with_null_arguments, room->event.arguments = NULL)
EVENT_ROW(with_65_arguments, room->event.argument_count = 65)
EVENT_ROW(with_endless_arguments, room->event.argument_count = SIZE_MAX)
EVENT_ROW(with_arguments_that_overflow, room->event.argument_count = SIZE_MAX / sizeof(ptb_pair) + 2)
EVENT_ROW(with_broken_argument_name, room->arguments[1].name = broken_utf8)
EVENT_ROW(with_broken_argument_value, room->arguments[1].value = broken_utf8)
EVENT_ROW(with_nul_in_argument, room->arguments[1].value = embedded_nul)
EVENT_ROW(with_null_argument, room->arguments[2].value = null_with_size)
EVENT_ROW(with_endless_argument, room->arguments[2].value = endless)
EVENT_ROW(with_huge_argument, room->arguments[2].value = a_tebibyte)
EVENT_ROW(without_argument_name, room->arguments[2].name = TEXT(""))
EVENT_ROW(with_300_kib_argument, (room->arguments[2].value = (ptb_text){room->large, 300 * 1024}))
EVENT_ROW(with_sizes_that_overflow,
          (room->arguments[0].value.size = SIZE_MAX / 2, room->arguments[1].value.size = SIZE_MAX / 2 + 3))
EVENT_ROW(with_null_context, room->event.context_count = 1)
EVENT_ROW(with_endless_context, (room->event.context = room->context, room->event.context_count = SIZE_MAX))
EVENT_ROW(with_broken_context,
          (room->event.context = room->context, room->event.context_count = 1, room->context[0].value = broken_utf8))
EVENT_ROW(with_negative_not_before, room->event.not_before_ms = -1)

#define EVENT_NAME(name) \
  { #name, event_##name }
static const struct {
  const char* name;
  void (*spoil)(struct capture_room* room);
} event_rows[] = {
    EVENT_NAME(without_vendor),
    EVENT_NAME(with_slash_in_vendor),
    EVENT_NAME(with_slash_in_program),
    EVENT_NAME(with_long_vendor),
    EVENT_NAME(with_broken_vendor),
    EVENT_NAME(with_null_vendor),
    EVENT_NAME(with_endless_vendor),
    EVENT_NAME(with_nul_in_program),
    EVENT_NAME(without_kind),
    EVENT_NAME(with_unknown_kind),
    EVENT_NAME(with_kind_in_capitals),
    EVENT_NAME(with_kind_of_saves),
    EVENT_NAME(with_broken_kind),
    EVENT_NAME(with_broken_operation),
    EVENT_NAME(with_endless_operation),
    EVENT_NAME(with_broken_course),
    EVENT_NAME(with_nul_in_content),
    EVENT_NAME(with_huge_content),
    EVENT_NAME(with_null_arguments),
    EVENT_NAME(with_65_arguments),
    EVENT_NAME(with_endless_arguments),
    EVENT_NAME(with_arguments_that_overflow),
    EVENT_NAME(with_broken_argument_name),
    EVENT_NAME(with_broken_argument_value),
    EVENT_NAME(with_nul_in_argument),
    EVENT_NAME(with_null_argument),
    EVENT_NAME(with_endless_argument),
    EVENT_NAME(with_huge_argument),
    EVENT_NAME(without_argument_name),
    EVENT_NAME(with_300_kib_argument),
    EVENT_NAME(with_sizes_that_overflow),
    EVENT_NAME(with_null_context),
    EVENT_NAME(with_endless_context),
    EVENT_NAME(with_broken_context),
    EVENT_NAME(with_negative_not_before),
};

static const char kNames[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~!*'();:@&=+$,";

static void fill_room(struct capture_room* room, char* large) {
  memset(room, 0, sizeof *room);
  room->large = large;
  room->event = lms_event(room->arguments, "_5_1");
  for (size_t i = 3; i < sizeof room->arguments / sizeof room->arguments[0]; ++i)
    room->arguments[i] = (ptb_pair){.name = {kNames + i, 1}, .value = TEXT("more")};
  room->context[0] = (ptb_pair){.name = TEXT("course_title"), .value = TEXT("History")};
  room->context[1] = (ptb_pair){.name = TEXT("course_label"), .value = TEXT("H1")};
}

/* A good event, then the spoilt one: all or none. */
static void capture_refuses(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  char* large = malloc(300 * 1024);
  REQUIRE(large != NULL);
  memset(large, 'x', 300 * 1024);
  for (size_t i = 0; i < sizeof event_rows / sizeof event_rows[0]; ++i) {
    struct capture_room room;
    fill_room(&room, large);
    event_rows[i].spoil(&room);
    ptb_pair arguments[3];
    const ptb_event good = lms_event(arguments, "_5_1");
    const ptb_event* const events[] = {&good, &room.event};
    ptb_capture_result values[2] = {{.struct_size = sizeof values[0]}, {.struct_size = sizeof values[0]}};
    ptb_capture_result* const results[] = {&values[0], &values[1]};
    uint64_t operation = 0;
    check_refused(&lms, lms.api->capture(lms.bridge, events, 2, results, &operation, lms_error(&lms)),
                  event_rows[i].name);
    check_report(values[0].answer == 0 && operation == 0, __FILE__, __LINE__, "%s: something was answered",
                 event_rows[i].name);
  }
  free(large);
  CHECK_EQUAL(atomic_load(&lms.calls[LMS_LOAD_SETTINGS]), 0);
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

static void capture_accepts_what_is_just_allowed(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  char* large = malloc(300 * 1024);
  REQUIRE(large != NULL);
  memset(large, 'x', 300 * 1024);
  struct capture_room room;
  fill_room(&room, large);
  room.event.argument_count = 64;
  room.arguments[2].value = (ptb_text){large, 250 * 1024};
  room.event.vendor = (ptb_text){large, 200};
  room.event.context = room.context;
  room.event.context_count = 2;
  room.event.operation = TEXT("restore \xe2\x84\x96 7");
  const ptb_event* const events[] = {&room.event};
  ptb_capture_result result = {.struct_size = sizeof result};
  ptb_capture_result* const results[] = {&result};
  const int32_t status = lms.api->capture(lms.bridge, events, 1, results, NULL, lms_error(&lms));
  check_report(status == PTB_OK, __FILE__, __LINE__, "refused: %s", lms.error.text);
  CHECK_EQUAL(result.answer, PTB_NEW);
  free(large);
  lms_end(&lms);
}

static void capture_refuses_wrong_arrays(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  ptb_pair arguments[3];
  const ptb_event event = lms_event(arguments, "_5_1");
  const ptb_event* const one_event[] = {&event};
  const ptb_event* const no_event[] = {&event, NULL};
  ptb_capture_result value = {.struct_size = sizeof value};
  ptb_capture_result second = {.struct_size = sizeof second};
  ptb_capture_result* const one_result[] = {&value, &second};
  ptb_capture_result* const no_result[] = {&value, NULL};
  /* Behind the arrays lies nothing: a count that is too large has to be refused before they are read. */
  const ptb_event* const* events = guarded_copy(one_event, sizeof one_event);
  ptb_capture_result* const* results = guarded_copy(one_result, sizeof one_result[0]);
  const ptb_api* api = lms.api;
  check_refused(&lms, api->capture(NULL, events, 1, results, NULL, lms_error(&lms)), "no bridge");
  check_refused(&lms, api->capture(lms.bridge, NULL, 1, results, NULL, lms_error(&lms)), "no events");
  check_refused(&lms, api->capture(lms.bridge, events, 1, NULL, NULL, lms_error(&lms)), "no results");
  check_refused(&lms, api->capture(lms.bridge, events, 0, results, NULL, lms_error(&lms)), "count 0");
  check_refused(&lms, api->capture(lms.bridge, events, 100001, results, NULL, lms_error(&lms)), "count 100001");
  check_refused(&lms, api->capture(lms.bridge, events, SIZE_MAX, results, NULL, lms_error(&lms)), "count SIZE_MAX");
  check_refused(&lms, api->capture(lms.bridge, no_event, 2, one_result, NULL, lms_error(&lms)), "a NULL event");
  check_refused(
      &lms, api->capture(lms.bridge, (const ptb_event* const[]){&event, &event}, 2, no_result, NULL, lms_error(&lms)),
      "a NULL result");
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

/* ---- tools ---- */

#define TOOL_ROW(name, statement) \
  static void tool_##name(ptb_tool* tool) { statement; }
TOOL_ROW(with_unknown_flag, tool->flags |= 0x40000000u)
TOOL_ROW(with_unknown_state, tool->state = 7)
TOOL_ROW(with_negative_state, tool->state = -1)
TOOL_ROW(with_short_timeout, tool->timeout_ms = 1)
TOOL_ROW(without_vendor, tool->vendor = TEXT(""))
TOOL_ROW(with_slash_in_vendor, tool->vendor = TEXT("a/b"))
TOOL_ROW(with_broken_program, tool->program = broken_utf8)
TOOL_ROW(with_endless_program, tool->program = endless)
TOOL_ROW(with_short_guid, tool->guid = TEXT("abc"))
TOOL_ROW(with_guid_in_capitals, tool->guid = TEXT("0123456789ABCDEF0123456789ABCDEF"))
TOOL_ROW(without_descriptor, tool->descriptor = TEXT(""))
TOOL_ROW(with_null_descriptor, tool->descriptor = null_with_size)
TOOL_ROW(with_endless_descriptor, tool->descriptor = endless)
TOOL_ROW(with_huge_descriptor, tool->descriptor = a_tebibyte)
TOOL_ROW(with_descriptor_that_is_no_xml, tool->descriptor = TEXT("tool-profile: none"))
TOOL_ROW(with_descriptor_of_something_else, tool->descriptor = TEXT("<html><body/></html>"))
TOOL_ROW(with_descriptor_cut_short, tool->descriptor.size /= 2)
TOOL_ROW(with_broken_descriptor, tool->descriptor = broken_utf8)
TOOL_ROW(with_unknown_wire, tool->wire = TEXT("carrier-pigeon"))
TOOL_ROW(with_nul_in_ca_file, tool->ca_file = embedded_nul)
TOOL_ROW(with_range_that_is_none, tool->allow_cidrs = TEXT("10.1.0.0/16 somewhere"))
TOOL_ROW(with_range_of_link_local, tool->allow_cidrs = TEXT("169.254.0.0/16"))
TOOL_ROW(with_certificate_without_key, tool->client_cert_file = TEXT("/tmp/client.pem"))
TOOL_ROW(with_key_without_certificate, tool->client_key_file = TEXT("/tmp/client.pem"))
TOOL_ROW(with_unknown_policy, tool->policy = TEXT("whatever"))
TOOL_ROW(with_policy_of_something_else, tool->policy = TEXT("<html><body/></html>"))
TOOL_ROW(with_broken_policy, tool->policy = broken_utf8)
TOOL_ROW(with_null_policy, tool->policy = null_with_size)
TOOL_ROW(with_huge_policy, tool->policy = a_tebibyte)

#define TOOL_NAME(name) \
  { #name, tool_##name }
static const struct {
  const char* name;
  void (*spoil)(ptb_tool* tool);
} tool_rows[] = {
    TOOL_NAME(with_unknown_flag),
    TOOL_NAME(with_unknown_state),
    TOOL_NAME(with_negative_state),
    TOOL_NAME(with_short_timeout),
    TOOL_NAME(without_vendor),
    TOOL_NAME(with_slash_in_vendor),
    TOOL_NAME(with_broken_program),
    TOOL_NAME(with_endless_program),
    TOOL_NAME(with_short_guid),
    TOOL_NAME(with_guid_in_capitals),
    TOOL_NAME(without_descriptor),
    TOOL_NAME(with_null_descriptor),
    TOOL_NAME(with_endless_descriptor),
    TOOL_NAME(with_huge_descriptor),
    TOOL_NAME(with_descriptor_that_is_no_xml),
    TOOL_NAME(with_descriptor_of_something_else),
    TOOL_NAME(with_descriptor_cut_short),
    TOOL_NAME(with_broken_descriptor),
    TOOL_NAME(with_unknown_wire),
    TOOL_NAME(with_nul_in_ca_file),
    TOOL_NAME(with_range_that_is_none),
    TOOL_NAME(with_range_of_link_local),
    TOOL_NAME(with_certificate_without_key),
    TOOL_NAME(with_key_without_certificate),
    TOOL_NAME(with_unknown_policy),
    TOOL_NAME(with_policy_of_something_else),
    TOOL_NAME(with_broken_policy),
    TOOL_NAME(with_null_policy),
    TOOL_NAME(with_huge_policy),
};

static void tool_installed_refuses(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  for (size_t i = 0; i < sizeof tool_rows / sizeof tool_rows[0]; ++i) {
    char descriptor[lms_descriptor_bytes];
    ptb_tool tool = lms_tool(descriptor, 9, PTB_TOOL_AVAILABLE);
    tool_rows[i].spoil(&tool);
    check_refused(&lms, lms.api->tool_installed(lms.bridge, &tool, lms_error(&lms)), tool_rows[i].name);
  }
  check_refused(&lms, lms.api->tool_installed(lms.bridge, NULL, lms_error(&lms)), "no tool");
  check_refused(&lms, lms.api->tool_installed(NULL, NULL, lms_error(&lms)), "no bridge");
  uint64_t operation = 0;
  CHECK_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_E_NOT_FOUND);
  CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));
  CHECK_EQUAL(lms_install(&lms, 9, PTB_TOOL_INACTIVE), PTB_OK);
  lms_end(&lms);
}

static void tool_calls_refuse(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_install(&lms, 9, PTB_TOOL_INACTIVE), PTB_OK);
  const ptb_api* api = lms.api;
  const ptb_text vendor = TEXT("acme");
  const ptb_text program = TEXT("quiz");
  uint64_t operation = 0;
  static const int32_t states[] = {0, 4, -1, INT32_MAX};
  for (size_t i = 0; i < sizeof states / sizeof states[0]; ++i)
    check_refused(&lms, lms_save(&lms, states[i], &operation), "save with an unknown state");
  static const ptb_text wrong[] = {{"caf\xe9", 4}, {"a\0b", 3}, {NULL, 5}, {"x", SIZE_MAX}, {"a/b", 3}, {"", 0}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    check_refused(&lms, api->tool_saved(lms.bridge, wrong[i], program, 1, &operation, lms_error(&lms)), "save: vendor");
    check_refused(&lms, api->tool_saved(lms.bridge, vendor, wrong[i], 1, &operation, lms_error(&lms)), "save: program");
    check_refused(&lms, api->tool_removed(lms.bridge, wrong[i], program, lms_error(&lms)), "remove: vendor");
    check_refused(&lms, api->tool_removed(lms.bridge, vendor, wrong[i], lms_error(&lms)), "remove: program");
    check_refused(&lms, api->tool_contacted(lms.bridge, wrong[i], program, &operation, lms_error(&lms)), "contact");
  }
  check_refused(&lms, api->tool_saved(NULL, vendor, program, 1, &operation, lms_error(&lms)), "save: no bridge");
  check_refused(&lms, api->tool_removed(NULL, vendor, program, lms_error(&lms)), "remove: no bridge");
  check_refused(&lms, api->tool_contacted(NULL, vendor, program, &operation, lms_error(&lms)), "contact: no bridge");
  const ptb_text unknown = TEXT("unknown");
  CHECK_EQUAL(api->tool_saved(lms.bridge, vendor, unknown, 1, &operation, lms_error(&lms)), PTB_E_NOT_FOUND);
  CHECK_EQUAL(api->tool_removed(lms.bridge, vendor, unknown, lms_error(&lms)), PTB_E_NOT_FOUND);
  CHECK_EQUAL(api->tool_contacted(lms.bridge, vendor, unknown, &operation, lms_error(&lms)), PTB_E_NOT_FOUND);
  CHECK_EQUAL(operation, 0);
  lms_end(&lms);
}

/* ---- values ---- */

#define VALUE_ROW(name, statement) \
  static void value_##name(ptb_value* value) { statement; }
VALUE_ROW(without_vendor, value->vendor = TEXT(""))
VALUE_ROW(with_slash_in_program, value->program = TEXT("a/b"))
VALUE_ROW(with_broken_program, value->program = broken_utf8)
VALUE_ROW(with_unknown_scope, value->scope = 3)
VALUE_ROW(with_negative_scope, value->scope = -1)
VALUE_ROW(of_a_course_without_id, value->id = TEXT(""))
VALUE_ROW(of_the_system_with_id, value->scope = PTB_SCOPE_SYSTEM)
VALUE_ROW(of_an_item_at_course_scope, value->key = TEXT(""))
VALUE_ROW(of_an_item_without_id, (value->key = TEXT(""), value->scope = PTB_SCOPE_CONTENT, value->id = TEXT("")))
VALUE_ROW(with_endless_id, value->id = endless)
VALUE_ROW(with_key_that_cannot_be_sent, value->key = TEXT("Capital"))
VALUE_ROW(with_broken_key, value->key = broken_utf8)
VALUE_ROW(without_value, value->value = TEXT(""))
VALUE_ROW(with_broken_value, value->value = broken_utf8)
VALUE_ROW(with_null_value, value->value = null_with_size)
VALUE_ROW(with_huge_value, value->value = a_tebibyte)

#define VALUE_NAME(name) \
  { #name, value_##name }
static const struct {
  const char* name;
  void (*spoil)(ptb_value* value);
} value_rows[] = {
    VALUE_NAME(without_vendor),
    VALUE_NAME(with_slash_in_program),
    VALUE_NAME(with_broken_program),
    VALUE_NAME(with_unknown_scope),
    VALUE_NAME(with_negative_scope),
    VALUE_NAME(of_a_course_without_id),
    VALUE_NAME(of_the_system_with_id),
    VALUE_NAME(of_an_item_at_course_scope),
    VALUE_NAME(of_an_item_without_id),
    VALUE_NAME(with_endless_id),
    VALUE_NAME(with_key_that_cannot_be_sent),
    VALUE_NAME(with_broken_key),
    VALUE_NAME(without_value),
    VALUE_NAME(with_broken_value),
    VALUE_NAME(with_null_value),
    VALUE_NAME(with_huge_value),
};

static void value_known_refuses(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  for (size_t i = 0; i < sizeof value_rows / sizeof value_rows[0]; ++i) {
    ptb_value value = lms_value();
    value_rows[i].spoil(&value);
    check_refused(&lms, lms.api->value_known(lms.bridge, &value, lms_error(&lms)), value_rows[i].name);
  }
  check_refused(&lms, lms.api->value_known(lms.bridge, NULL, lms_error(&lms)), "no value");
  const ptb_value good = lms_value();
  check_refused(&lms, lms.api->value_known(NULL, &good, lms_error(&lms)), "value: no bridge");
  CHECK_EQUAL(lms.api->value_known(lms.bridge, &good, lms_error(&lms)), PTB_OK); /* also before it is installed */
  lms_end(&lms);
}

/* ---- pump, questions, orders ---- */

static void ignore_text(void* sink_context, ptb_text text) { (void)sink_context, (void)text; }

static void other_calls_refuse(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  const ptb_api* api = lms.api;
  ptb_operation_result result = {.struct_size = sizeof result};
  uint32_t next_ms = 0;
  uint64_t operation = 0;
  check_refused(&lms, api->run_once(NULL, 0, &next_ms, lms_error(&lms)), "run_once: no bridge");
  CHECK_EQUAL(api->run_once(lms.bridge, 0, NULL, NULL), PTB_OK);
  check_refused(&lms, api->wait(NULL, 1, 0, &result, lms_error(&lms)), "wait: no bridge");
  check_refused(&lms, api->wait(lms.bridge, 1, 0, NULL, lms_error(&lms)), "wait: no result");
  CHECK_EQUAL(api->wait(lms.bridge, 987654321, 0, &result, lms_error(&lms)), PTB_E_NOT_FOUND);
  CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));

  const ptb_text empty_object = TEXT("{}");
  check_refused(&lms, api->report(NULL, empty_object, ignore_text, NULL, lms_error(&lms)), "report: no bridge");
  check_refused(&lms, api->report(lms.bridge, empty_object, NULL, NULL, lms_error(&lms)), "report: no sink");
  check_refused(&lms, api->administer(NULL, empty_object, ignore_text, NULL, &operation, lms_error(&lms)),
                "administer: no bridge");
  check_refused(&lms, api->administer(lms.bridge, empty_object, NULL, NULL, &operation, lms_error(&lms)),
                "administer: no sink");
  static const ptb_text wrong[] = {
      {"", 0},        {"{", 1},  {"[]", 2},       {"7", 1},         {"{}", 2},
      {"caf\xe9", 4}, {NULL, 5}, {"x", SIZE_MAX}, {"{\"a\":1}", 7}, {"{\"question\":7,\"order\":7}", 24}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    check_refused(&lms, api->report(lms.bridge, wrong[i], ignore_text, NULL, lms_error(&lms)), "report: question");
    check_refused(&lms, api->administer(lms.bridge, wrong[i], ignore_text, NULL, &operation, lms_error(&lms)),
                  "administer: order");
  }
  char* nested = malloc(1000000);
  REQUIRE(nested != NULL);
  memset(nested, '[', 1000000);
  const ptb_text deep = {nested, 1000000};
  check_refused(&lms, api->report(lms.bridge, deep, ignore_text, NULL, lms_error(&lms)), "report: deeply nested");
  free(nested);
  CHECK_EQUAL(api->close(NULL, 0, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(api->close(NULL, 0, NULL), PTB_OK);
  CHECK(lms_nothing_stored(&lms));
  lms_end(&lms);
}

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"open_refuses", open_refuses},
      {"capture_refuses", capture_refuses},
      {"capture_accepts_what_is_just_allowed", capture_accepts_what_is_just_allowed},
      {"capture_refuses_wrong_arrays", capture_refuses_wrong_arrays},
      {"tool_installed_refuses", tool_installed_refuses},
      {"tool_calls_refuse", tool_calls_refuse},
      {"value_known_refuses", value_known_refuses},
      {"other_calls_refuse", other_calls_refuse},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
