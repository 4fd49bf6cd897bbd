#include "check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kCaseLimitSeconds = 120 };

static atomic_int failures;

bool check_report(bool holds, const char* file, int line, const char* what, ...) {
  if (holds) return true;
  atomic_fetch_add(&failures, 1);
  char text[2000];
  va_list values;
  va_start(values, what);
  vsnprintf(text, sizeof text, what, values);
  va_end(values);
  fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
  return false;
}

bool check_equal(long long actual, long long expected, const char* file, int line, const char* actual_text,
                 const char* expected_text) {
  return check_report(actual == expected, file, line, "%s is %lld, wanted %s (%lld)", actual_text, actual,
                      expected_text, expected);
}

void check_give_up(void) {
  fflush(NULL);
  _exit(1);
}

void check_pause(void) {
  const struct timespec duration = {.tv_nsec = 5000000};
  nanosleep(&duration, NULL);
}

static bool run_case(const struct abi_case* one) {
  printf("%s\n", one->name);
  fflush(NULL);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    alarm(kCaseLimitSeconds);
    one->run();
    fflush(NULL);
    exit(atomic_load(&failures) == 0 ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    perror(one->name);
    return false;
  }
  if (WIFSIGNALED(status)) fprintf(stderr, "%s: killed by signal %d\n", one->name, WTERMSIG(status));
  const bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!passed) fprintf(stderr, "%s: FAILED\n", one->name);
  return passed;
}

int run_cases(const struct abi_case* cases, size_t count, int argc, char** argv) {
  size_t run = 0;
  size_t failed = 0;
  for (size_t i = 0; i < count; ++i) {
    if (argc > 1 && strcmp(argv[1], cases[i].name) != 0) continue;
    ++run;
    if (!run_case(&cases[i])) ++failed;
  }
  printf("%zu cases, %zu failed\n", run, failed);
  return run > 0 && failed == 0 ? 0 : 1;
}
