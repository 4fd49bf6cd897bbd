/* The layout of ptbridge.h as released: where each field is, how large it is, what each constant is. A line of these
 * lists is never changed or removed; a new field gets a new line behind the others of its struct, and PTB_ABI_MINOR
 * rises. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ptbridge/ptbridge.h"

struct frozen_field {
  const char* name;
  size_t actual_offset;
  size_t actual_size;
  size_t offset;
  size_t size;
};

struct frozen_size {
  const char* name;
  size_t actual;
  size_t at_least; /* in the release that brought it */
};

struct frozen_value {
  const char* name;
  long long actual;
  long long value;
};

#define FIELD(type, field, offset, size) \
  { #type "." #field, offsetof(type, field), sizeof(((type*)0)->field), offset, size }
#define SIZE(type, at_least) \
  { #type, sizeof(type), at_least }
#define VALUE(constant, value) \
  { #constant, constant, value }

/* 64-bit hosts. */
static const struct frozen_field fields[] = {
    FIELD(ptb_text, bytes, 0, 8),
    FIELD(ptb_text, size, 8, 8),
    FIELD(ptb_pair, name, 0, 16),
    FIELD(ptb_pair, value, 16, 16),
    FIELD(ptb_error, struct_size, 0, 4),
    FIELD(ptb_error, status, 4, 4),
    FIELD(ptb_error, text, 8, 1000),
    FIELD(ptb_settings_request, struct_size, 0, 4),
    FIELD(ptb_settings_request, vendor, 8, 16),
    FIELD(ptb_settings_request, program, 24, 16),
    FIELD(ptb_settings_request, course_id, 40, 16),
    FIELD(ptb_settings_request, content_id, 56, 16),
    FIELD(ptb_outcome, struct_size, 0, 4),
    FIELD(ptb_outcome, operation, 8, 8),
    FIELD(ptb_outcome, event_id, 16, 16),
    FIELD(ptb_outcome, kind, 32, 16),
    FIELD(ptb_outcome, vendor, 48, 16),
    FIELD(ptb_outcome, program, 64, 16),
    FIELD(ptb_outcome, state, 80, 16),
    FIELD(ptb_outcome, deferral, 96, 16),
    FIELD(ptb_outcome, text, 112, 16),
    FIELD(ptb_progress, struct_size, 0, 4),
    FIELD(ptb_progress, operation, 8, 8),
    FIELD(ptb_progress, lane, 16, 16),
    FIELD(ptb_progress, event_id, 32, 16),
    FIELD(ptb_progress, done, 48, 8),
    FIELD(ptb_progress, total, 56, 8),
    FIELD(ptb_watch, struct_size, 0, 4),
    FIELD(ptb_watch, raised, 4, 4),
    FIELD(ptb_watch, vendor, 8, 16),
    FIELD(ptb_watch, program, 24, 16),
    FIELD(ptb_watch, waiting, 40, 8),
    FIELD(ptb_watch, oldest_at_ms, 48, 8),
    FIELD(ptb_watch, text, 56, 16),
    FIELD(ptb_host, struct_size, 0, 4),
    FIELD(ptb_host, context, 8, 8),
    FIELD(ptb_host, log, 16, 8),
    FIELD(ptb_host, load_settings, 24, 8),
    FIELD(ptb_host, load_secret, 32, 8),
    FIELD(ptb_host, outcome, 40, 8),
    FIELD(ptb_host, progress, 48, 8),
    FIELD(ptb_host, wall_clock_ms, 56, 8),
    FIELD(ptb_host, monotonic_clock_ms, 64, 8),
    FIELD(ptb_host, watch, 72, 8),
    FIELD(ptb_open_options, struct_size, 0, 4),
    FIELD(ptb_open_options, flags, 4, 4),
    FIELD(ptb_open_options, host, 8, 8),
    FIELD(ptb_open_options, store, 16, 16),
    FIELD(ptb_open_options, tcbaseurl, 32, 16),
    FIELD(ptb_open_options, locale, 48, 16),
    FIELD(ptb_open_options, direction, 64, 16),
    FIELD(ptb_open_options, generation, 80, 16),
    FIELD(ptb_open_options, high_water, 96, 8),
    FIELD(ptb_open_options, exchange_timeout_ms, 104, 4),
    FIELD(ptb_open_options, connect_timeout_ms, 108, 4),
    FIELD(ptb_open_options, contact_interval_ms, 112, 4),
    FIELD(ptb_open_options, max_exchanges, 116, 4),
    FIELD(ptb_open_options, lti_issuer, 120, 16),
    FIELD(ptb_event, struct_size, 0, 4),
    FIELD(ptb_event, ordinal, 4, 4),
    FIELD(ptb_event, operation, 8, 16),
    FIELD(ptb_event, vendor, 24, 16),
    FIELD(ptb_event, program, 40, 16),
    FIELD(ptb_event, kind, 56, 16),
    FIELD(ptb_event, course_id, 72, 16),
    FIELD(ptb_event, content_id, 88, 16),
    FIELD(ptb_event, arguments, 104, 8),
    FIELD(ptb_event, argument_count, 112, 8),
    FIELD(ptb_event, context, 120, 8),
    FIELD(ptb_event, context_count, 128, 8),
    FIELD(ptb_event, occurred_at_ms, 136, 8),
    FIELD(ptb_event, not_before_ms, 144, 8),
    FIELD(ptb_capture_result, struct_size, 0, 4),
    FIELD(ptb_capture_result, answer, 4, 4),
    FIELD(ptb_capture_result, event_id, 8, 40),
    FIELD(ptb_capture_result, reason, 48, 40),
    FIELD(ptb_capture_result, sequence, 88, 8),
    FIELD(ptb_tool, struct_size, 0, 4),
    FIELD(ptb_tool, flags, 4, 4),
    FIELD(ptb_tool, state, 8, 4),
    FIELD(ptb_tool, timeout_ms, 12, 4),
    FIELD(ptb_tool, vendor, 16, 16),
    FIELD(ptb_tool, program, 32, 16),
    FIELD(ptb_tool, guid, 48, 16),
    FIELD(ptb_tool, descriptor, 64, 16),
    FIELD(ptb_tool, wire, 80, 16),
    FIELD(ptb_tool, ca_file, 96, 16),
    FIELD(ptb_tool, allow_cidrs, 112, 16),
    FIELD(ptb_tool, client_cert_file, 128, 16),
    FIELD(ptb_tool, client_key_file, 144, 16),
    FIELD(ptb_tool, endpoint, 160, 16),
    FIELD(ptb_tool, lti_client_id, 176, 16),
    FIELD(ptb_tool, lti_deployment_id, 192, 16),
    FIELD(ptb_tool, max_batch, 208, 4),
    FIELD(ptb_tool, reserved, 212, 4),
    FIELD(ptb_tool, policy, 216, 16),
    FIELD(ptb_value, struct_size, 0, 4),
    FIELD(ptb_value, scope, 4, 4),
    FIELD(ptb_value, vendor, 8, 16),
    FIELD(ptb_value, program, 24, 16),
    FIELD(ptb_value, id, 40, 16),
    FIELD(ptb_value, key, 56, 16),
    FIELD(ptb_value, value, 72, 16),
    FIELD(ptb_operation_result, struct_size, 0, 4),
    FIELD(ptb_operation_result, status, 4, 4),
    FIELD(ptb_operation_result, sent, 8, 8),
    FIELD(ptb_operation_result, acknowledged, 16, 8),
    FIELD(ptb_operation_result, refused, 24, 8),
    FIELD(ptb_operation_result, failed, 32, 8),
    FIELD(ptb_operation_result, discarded, 40, 8),
    FIELD(ptb_operation_result, left, 48, 8),
    FIELD(ptb_operation_result, repeated, 56, 8),
    FIELD(ptb_operation_result, duration_ms, 64, 8),
    FIELD(ptb_operation_result, stopped_by, 72, 40),
    FIELD(ptb_operation_result, tool_state, 112, 4),
    FIELD(ptb_operation_result, reserved, 116, 4),
    FIELD(ptb_operation_result, text, 120, 1000),
    FIELD(ptb_api, struct_size, 0, 4),
    FIELD(ptb_api, abi_major, 4, 4),
    FIELD(ptb_api, abi_minor, 8, 4),
    FIELD(ptb_api, reserved, 12, 4),
    FIELD(ptb_api, open, 16, 8),
    FIELD(ptb_api, close, 24, 8),
    FIELD(ptb_api, capture, 32, 8),
    FIELD(ptb_api, tool_installed, 40, 8),
    FIELD(ptb_api, tool_saved, 48, 8),
    FIELD(ptb_api, tool_removed, 56, 8),
    FIELD(ptb_api, tool_contacted, 64, 8),
    FIELD(ptb_api, run_once, 72, 8),
    FIELD(ptb_api, wait, 80, 8),
    FIELD(ptb_api, report, 88, 8),
    FIELD(ptb_api, administer, 96, 8),
    FIELD(ptb_api, value_known, 104, 8),
};

static const struct frozen_size sizes[] = {
    SIZE(ptb_text, 16),     SIZE(ptb_pair, 32),           SIZE(ptb_error, 1008), SIZE(ptb_settings_request, 72),
    SIZE(ptb_outcome, 128), SIZE(ptb_progress, 64),       SIZE(ptb_host, 72),    SIZE(ptb_open_options, 136),
    SIZE(ptb_event, 144),   SIZE(ptb_capture_result, 96), SIZE(ptb_tool, 216),   SIZE(ptb_operation_result, 1120),
    SIZE(ptb_api, 104),     SIZE(ptb_watch, 72),          SIZE(ptb_value, 88),
};

/* Embedded by value in other structs and arrays, so they can never grow. */
static const struct frozen_size values_for_ever[] = {
    SIZE(ptb_text, 16),
    SIZE(ptb_pair, 32),
};

static const struct frozen_value constants[] = {
    VALUE(PTB_ABI_MAJOR, 1),
    VALUE(PTB_OK, 0),
    VALUE(PTB_E_ARGUMENT, 1),
    VALUE(PTB_E_ABI, 2),
    VALUE(PTB_E_STATE, 3),
    VALUE(PTB_E_STORE, 4),
    VALUE(PTB_E_LOCKED, 5),
    VALUE(PTB_E_NEWER, 6),
    VALUE(PTB_E_DAMAGED, 7),
    VALUE(PTB_E_HOST, 8),
    VALUE(PTB_E_NOT_FOUND, 9),
    VALUE(PTB_E_TIMEOUT, 10),
    VALUE(PTB_E_REFUSED, 11),
    VALUE(PTB_E_INTERNAL, 12),
    VALUE(PTB_TOOL_AVAILABLE, 1),
    VALUE(PTB_TOOL_INACTIVE, 2),
    VALUE(PTB_TOOL_UNAVAILABLE, 3),
    VALUE(PTB_SCOPE_SYSTEM, 0),
    VALUE(PTB_SCOPE_COURSE, 1),
    VALUE(PTB_SCOPE_CONTENT, 2),
    VALUE(PTB_LOG_DEBUG, 0),
    VALUE(PTB_LOG_INFO, 1),
    VALUE(PTB_LOG_WARNING, 2),
    VALUE(PTB_LOG_ERROR, 3),
    VALUE(PTB_ALLOW_BRIDGE_CALLBACKS, 1),
    VALUE(PTB_CAPTURE_ONLY, 2),
    VALUE(PTB_NEW, 1),
    VALUE(PTB_DUPLICATE, 2),
    VALUE(PTB_IGNORED, 3),
    VALUE(PTB_TOOL_STRICT, 1),
    VALUE(PTB_TOOL_ALLOW_HTTP, 2),
    VALUE(PTB_TOOL_ALLOW_PRIVATE, 4),
    VALUE(PTB_TOOL_ALLOW_DOWNGRADE, 8),
};

static void fields_stay_where_they_are(void) {
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; ++i) {
    const struct frozen_field* field = &fields[i];
    check_report(field->actual_offset == field->offset && field->actual_size == field->size, __FILE__, __LINE__,
                 "%s is %zu bytes at %zu, was released as %zu bytes at %zu", field->name, field->actual_size,
                 field->actual_offset, field->size, field->offset);
  }
}

static void structs_only_grow(void) {
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
    check_report(sizes[i].actual >= sizes[i].at_least, __FILE__, __LINE__, "%s has %zu bytes, had %zu", sizes[i].name,
                 sizes[i].actual, sizes[i].at_least);
  for (size_t i = 0; i < sizeof values_for_ever / sizeof values_for_ever[0]; ++i)
    CHECK_EQUAL(values_for_ever[i].actual, values_for_ever[i].at_least);
}

static void structs_start_with_their_size(void) {
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    if (strcmp(sizes[i].name, "ptb_text") == 0 || strcmp(sizes[i].name, "ptb_pair") == 0) continue;
    char first[64];
    snprintf(first, sizeof first, "%s.struct_size", sizes[i].name);
    bool found = false;
    for (size_t j = 0; j < sizeof fields / sizeof fields[0] && !found; ++j)
      found = strcmp(fields[j].name, first) == 0 && fields[j].actual_offset == 0 && fields[j].actual_size == 4;
    check_report(found, __FILE__, __LINE__, "%s does not start with uint32_t struct_size", sizes[i].name);
  }
}

static void constants_keep_their_values(void) {
  for (size_t i = 0; i < sizeof constants / sizeof constants[0]; ++i)
    check_report(constants[i].actual == constants[i].value, __FILE__, __LINE__, "%s is %lld, was released as %lld",
                 constants[i].name, constants[i].actual, constants[i].value);
}

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"fields_stay_where_they_are", fields_stay_where_they_are},
      {"structs_only_grow", structs_only_grow},
      {"structs_start_with_their_size", structs_start_with_their_size},
      {"constants_keep_their_values", constants_keep_their_values},
  };
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
