/* A host in C that makes the plugin send a few events over one of its wires, for real and to whoever listens. Knows the
 * plugin only through ptbridge.h and checks nothing of what is sent: verify.mjs does.
 *
 *   interop_sender WIRE ENDPOINT SECRET-FILE MAX-BATCH SAVES
 *
 * Prints, as JSON, what came of each save. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "lms.h"

static char secret[16 * 1024];

static int32_t on_load_secret(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink,
                              void* sink_context) {
  (void)context;
  (void)vendor;
  (void)program;
  sink(sink_context, lms_text(secret));
  return PTB_OK;
}

static void read_secret(const char* path) {
  FILE* file = fopen(path, "rb");
  REQUIRE(file != NULL);
  const size_t size = fread(secret, 1, sizeof secret - 1, file);
  fclose(file);
  secret[size] = '\0';
}

static void install(struct lms* lms, const char* wire, const char* endpoint, uint32_t max_batch) {
  char descriptor[lms_descriptor_bytes];
  ptb_tool tool = lms_tool(descriptor, 1, PTB_TOOL_UNAVAILABLE);
  tool.wire = lms_text(wire);
  tool.endpoint = lms_text(endpoint);
  tool.lti_client_id = lms_text("client-7");
  tool.lti_deployment_id = lms_text("deployment-1");
  tool.max_batch = max_batch;
  const int32_t status = lms->api->tool_installed(lms->bridge, &tool, lms_error(lms));
  if (status != PTB_OK) fprintf(stderr, "tool_installed: %s\n", lms->error.text);
  REQUIRE_EQUAL(status, PTB_OK);
}

/* Two courses copied, one imported, with everything that may and may not travel with an event. */
static void capture(struct lms* lms) {
  const ptb_pair copied[] = {{lms_text("type"), lms_text("exact")},
                             {lms_text("oldCourseId"), lms_text("_1_1")},
                             {lms_text("newCourseId"), lms_text("_2_1")}};
  const ptb_pair imported[] = {{lms_text("type"), lms_text("shallow")},
                               {lms_text("course_id"), lms_text("_3_1")},
                               {lms_text("backup_id"), lms_text("_9_1")}};
  const ptb_pair context[] = {{lms_text("course_label"), lms_text("BIO-1")},
                              {lms_text("course_title"), lms_text("Biologie f\xC3\xBCr alle \xF0\x9F\x90\x9F")},
                              {lms_text("user_id"), lms_text("a-person")}};
  const ptb_event copy = {.struct_size = sizeof copy,
                          .operation = lms_text("op-\"7\"\n\xC3\xA9"),
                          .vendor = lms_text("acme"),
                          .program = lms_text("quiz"),
                          .kind = lms_text("course-copied"),
                          .course_id = lms_text("_2_1"),
                          .arguments = copied,
                          .argument_count = 3,
                          .context = context,
                          .context_count = 3,
                          .occurred_at_ms = 1600000000001};
  ptb_event again = copy;
  again.ordinal = 1;
  ptb_event import = copy;
  import.kind = lms_text("course-imported");
  import.course_id = lms_text("_3_1");
  import.arguments = imported;
  const ptb_event* const events[] = {&copy, &again, &import};
  ptb_capture_result answers[3];
  ptb_capture_result* results[3];
  for (int i = 0; i < 3; ++i) {
    answers[i] = (ptb_capture_result){.struct_size = sizeof answers[i]};
    results[i] = &answers[i];
  }
  const int32_t status = lms->api->capture(lms->bridge, events, 3, results, NULL, lms_error(lms));
  if (status != PTB_OK) fprintf(stderr, "capture: %s\n", lms->error.text);
  REQUIRE_EQUAL(status, PTB_OK);
  for (int i = 0; i < 3; ++i) REQUIRE_EQUAL(answers[i].answer, PTB_NEW);
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: interop_sender WIRE ENDPOINT SECRET-FILE MAX-BATCH SAVES\n");
    return 2;
  }
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  read_secret(argv[3]);
  lms.host.load_secret = on_load_secret;
  lms.options.lti_issuer = lms_text("https://issuer.example");
  lms.setting_key = "colour";
  lms_open(&lms, 0);
  install(&lms, argv[1], argv[2], (uint32_t)atoi(argv[4]));
  capture(&lms);
  printf("[");
  for (int saves = atoi(argv[5]), i = 0; i < saves; ++i) {
    uint64_t operation = 0;
    ptb_operation_result result;
    REQUIRE_EQUAL(lms_save(&lms, PTB_TOOL_AVAILABLE, &operation), PTB_OK);
    REQUIRE_EQUAL(lms_wait(&lms, operation, &result), PTB_OK);
    printf("%s{\"status\":%d,\"sent\":%llu,\"acknowledged\":%llu,\"failed\":%llu,\"left\":%llu}", i > 0 ? "," : "",
           (int)result.status, (unsigned long long)result.sent, (unsigned long long)result.acknowledged,
           (unsigned long long)result.failed, (unsigned long long)result.left);
  }
  printf("]\n");
  lms_end(&lms);
  return 0;
}
