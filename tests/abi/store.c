/* One bridge a store, whoever asks; and stores that cannot be opened. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "lms.h"

enum { kNobody = 65534, kStatusBase = 100 };

static int32_t open_store(struct lms* lms, const char* store, ptb_bridge** bridge) {
  ptb_open_options options = lms->options;
  options.store = lms_text(store);
  *bridge = NULL;
  return lms->api->open(&options, bridge, lms_error(lms));
}

static void check_locked(struct lms* lms, const char* store) {
  ptb_bridge* second = NULL;
  const int32_t status = open_store(lms, store, &second);
  check_report(status == PTB_E_LOCKED, __FILE__, __LINE__, "%s: status %d, wanted PTB_E_LOCKED", store, (int)status);
  CHECK(lms_is_one_line(lms->error.text, sizeof lms->error.text));
  CHECK(second == NULL);
}

static void a_second_bridge_in_this_process_is_refused(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  check_locked(&lms, lms.store);
  char spelled[160];
  snprintf(spelled, sizeof spelled, "sqlite:%s/./bridge.db", lms.directory);
  check_locked(&lms, spelled);
  char link_path[96];
  snprintf(link_path, sizeof link_path, "%s-link", lms.directory);
  REQUIRE(symlink(lms.directory, link_path) == 0);
  snprintf(spelled, sizeof spelled, "sqlite:%s/bridge.db", link_path);
  check_locked(&lms, spelled);
  CHECK_EQUAL(unlink(link_path), 0);
  CHECK(lms_nothing_stored(&lms)); /* the first one goes on */
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms_open(&lms, 0); /* and leaves no lock behind */
  lms_end(&lms);
}

static void two_stores_in_one_process_are_fine(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  char other[160];
  snprintf(other, sizeof other, "sqlite:%s/other.db", lms.directory);
  ptb_bridge* second = NULL;
  CHECK_EQUAL(open_store(&lms, other, &second), PTB_OK);
  CHECK(lms_nothing_stored(&lms));
  CHECK_EQUAL(lms.api->close(second, 20000, lms_error(&lms)), PTB_OK);
  CHECK_EQUAL(lms_capture(&lms, "_6_1", NULL, NULL), PTB_OK);
  lms_end(&lms);
}

/* In another process: this program again, see main. Gives the status of its open. */
static int32_t open_elsewhere(const char* store) {
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "store", "open-and-exit", store, (char*)NULL);
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status) - kStatusBase;
}

static int open_and_exit(const char* store) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  ptb_bridge* bridge = NULL;
  const int32_t status = open_store(&lms, store, &bridge);
  if (bridge != NULL) lms.api->close(bridge, 20000, NULL);
  lms_end(&lms);
  return kStatusBase + (int)status;
}

static void a_second_bridge_in_another_process_is_refused(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms_open(&lms, 0);
  CHECK_EQUAL(open_elsewhere(lms.store), PTB_E_LOCKED);
  ptb_bridge* second = NULL;
  CHECK_EQUAL(open_store(&lms, lms.store, &second), PTB_E_LOCKED);
  CHECK_EQUAL(open_elsewhere(lms.store), PTB_E_LOCKED); /* the refused open has not taken the lock away */
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  CHECK_EQUAL(open_elsewhere(lms.store), PTB_OK);
  lms_end(&lms);
}

static void check_store_error(struct lms* lms, const char* store, int32_t wanted) {
  ptb_bridge* bridge = NULL;
  const int32_t status = open_store(lms, store, &bridge);
  check_report(status == wanted, __FILE__, __LINE__, "%s: status %d, wanted %d (%s)", store, (int)status, (int)wanted,
               lms->error.text);
  CHECK(bridge == NULL);
  CHECK(lms_is_one_line(lms->error.text, sizeof lms->error.text));
  check_report(strstr(lms->error.text, strchr(store, ':') + 1) != NULL, __FILE__, __LINE__, "'%s' does not name %s",
               lms->error.text, store);
}

static void a_path_that_cannot_be_written_is_said_so(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  char store[200];
  snprintf(store, sizeof store, "sqlite:%s/missing/bridge.db", lms.directory);
  check_store_error(&lms, store, PTB_E_STORE);
  snprintf(store, sizeof store, "sqlite:%s", lms.directory);
  check_store_error(&lms, store, PTB_E_ARGUMENT);
  check_store_error(&lms, "sqlite:/proc/ptb-bridge.db", PTB_E_STORE);
  if (geteuid() == 0) REQUIRE(seteuid(kNobody) == 0); /* root may write anywhere */
  char closed[96];
  snprintf(closed, sizeof closed, "/tmp/ptb-abi-closed-XXXXXX");
  REQUIRE(mkdtemp(closed) != NULL);
  CHECK_EQUAL(chmod(closed, 0555), 0);
  snprintf(store, sizeof store, "sqlite:%s/bridge.db", closed);
  check_store_error(&lms, store, PTB_E_STORE);
  CHECK_EQUAL(rmdir(closed), 0);
  if (getuid() == 0) REQUIRE(seteuid(0) == 0);
  lms_open(&lms, 0);
  lms_end(&lms);
}

/* Not a byte of it changes. */
static void a_file_of_something_else_is_left_alone(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  char path[128];
  snprintf(path, sizeof path, "%s/letter.txt", lms.directory);
  static const char letter[] =
      "Dear Sir or Madam, this is no database, however long one looks at it, and never will be one.";
  FILE* file = fopen(path, "wb");
  REQUIRE(file != NULL);
  for (int i = 0; i < 100; ++i) fwrite(letter, 1, sizeof letter, file);
  fclose(file);
  char store[160];
  snprintf(store, sizeof store, "sqlite:%s", path);
  check_store_error(&lms, store, PTB_E_DAMAGED);
  struct stat status;
  CHECK_EQUAL(stat(path, &status), 0);
  CHECK_EQUAL(status.st_size, 100 * sizeof letter);
  file = fopen(path, "rb");
  REQUIRE(file != NULL);
  char read_back[sizeof letter];
  for (int i = 0; i < 100; ++i) {
    CHECK_EQUAL(fread(read_back, 1, sizeof read_back, file), sizeof read_back);
    CHECK(memcmp(read_back, letter, sizeof letter) == 0);
  }
  fclose(file);
  lms_end(&lms);
}

static void a_lower_high_water_holds_what_waits(void) {
  struct lms lms;
  lms_make_directory(&lms);
  lms_load(&lms);
  lms.options.high_water = 20;
  lms_open(&lms, 0);
  CHECK(lms_nothing_stored(&lms));
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms.options.high_water = 10; /* the LMS was put back to an earlier state */
  lms_open(&lms, 0);
  CHECK(lms_capture(&lms, "_8_1", NULL, NULL) != PTB_OK);
  CHECK(lms_is_one_line(lms.error.text, sizeof lms.error.text));
  CHECK_EQUAL(lms_close(&lms), PTB_OK);
  lms.options.generation = lms_text("second");
  lms_open(&lms, 0);
  CHECK_EQUAL(lms_capture(&lms, "_8_1", NULL, NULL), PTB_OK);
  lms_end(&lms);
}

int main(int argc, char** argv) {
  static const struct abi_case cases[] = {
      {"a_second_bridge_in_this_process_is_refused", a_second_bridge_in_this_process_is_refused},
      {"two_stores_in_one_process_are_fine", two_stores_in_one_process_are_fine},
      {"a_second_bridge_in_another_process_is_refused", a_second_bridge_in_another_process_is_refused},
      {"a_path_that_cannot_be_written_is_said_so", a_path_that_cannot_be_written_is_said_so},
      {"a_file_of_something_else_is_left_alone", a_file_of_something_else_is_left_alone},
      {"a_lower_high_water_holds_what_waits", a_lower_high_water_holds_what_waits},
  };
  if (argc == 3 && strcmp(argv[1], "open-and-exit") == 0) return open_and_exit(argv[2]);
  return run_cases(cases, sizeof cases / sizeof cases[0], argc, argv);
}
