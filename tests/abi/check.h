/* Checks and named cases for the C tests of the ABI. Each case runs in a process of its own, so that none sees what
 * another has left and a crash is reported like a failure. Knows nothing of the plugin. */
#ifndef PTB_TESTS_ABI_CHECK_H
#define PTB_TESTS_ABI_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct abi_case {
  const char* name;
  void (*run)(void);
};

/* Runs the case that the first argument names, or all. Gives main's exit status. */
int run_cases(const struct abi_case* cases, size_t count, int argc, char** argv);

/* Counts a failure of the running case and prints it; the case goes on. */
bool check_report(bool holds, const char* file, int line, const char* what, ...) __attribute__((format(printf, 4, 5)));

bool check_equal(long long actual, long long expected, const char* file, int line, const char* actual_text,
                 const char* expected_text);

/* Ends the running case where it cannot go on. */
void check_give_up(void) __attribute__((noreturn));

#define CHECK(condition) check_report((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_EQUAL(actual, expected) \
  check_equal((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual, #expected)
#define REQUIRE(condition) (CHECK(condition) ? (void)0 : check_give_up())
#define REQUIRE_EQUAL(actual, expected) (CHECK_EQUAL(actual, expected) ? (void)0 : check_give_up())

/* Polls until the condition holds, for at most 20 s. */
#define CHECK_SOON(condition)                                                        \
  do {                                                                               \
    bool came_true = (condition);                                                    \
    for (int tries_left = 4000; tries_left > 0 && !came_true; --tries_left) {        \
      check_pause();                                                                 \
      came_true = (condition);                                                       \
    }                                                                                \
    check_report(came_true, __FILE__, __LINE__, "%s has not come true", #condition); \
  } while (0)
void check_pause(void); /* 5 ms */

#endif
