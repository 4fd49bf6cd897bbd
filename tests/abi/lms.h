/* A host in C, as small as one can be: loads the plugin, answers its callbacks, counts them, and can be told to fail or
 * to call back in. Knows the plugin only through ptbridge.h. */
#ifndef PTB_TESTS_ABI_LMS_H
#define PTB_TESTS_ABI_LMS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ptbridge/ptbridge.h"

enum lms_callback {
  LMS_LOG,
  LMS_LOAD_SETTINGS,
  LMS_LOAD_SECRET,
  LMS_OUTCOME,
  LMS_PROGRESS,
  LMS_WALL_CLOCK,
  LMS_MONOTONIC_CLOCK,
  LMS_WATCH,
  LMS_CALLBACKS
};

struct lms {
  void* library;
  const ptb_api* api;
  ptb_bridge* bridge;
  ptb_error error; /* of the call made last through it */
  ptb_host host;
  ptb_open_options options;
  char directory[64];
  char store[128];

  atomic_int calls[LMS_CALLBACKS];
  atomic_int last_thread[LMS_CALLBACKS]; /* whose call it was */
  atomic_int delivered;                  /* outcomes with that state */
  atomic_int raised;                     /* watch calls that say so */
  atomic_int watched_waiting;            /* events waiting, as watch said last */
  int32_t settings_status;               /* what load_settings returns */
  int32_t secret_status;
  const char* setting_key;                                             /* handed over; NULL: none */
  void (*_Atomic during)(struct lms* lms, enum lms_callback callback); /* NULL: nothing */
};

extern const char* const lms_callback_names[LMS_CALLBACKS];

ptb_text lms_text(const char* text);

/* Clears everything and makes the temporary directory. */
void lms_make_directory(struct lms* lms);
/* Loads the plugin, fills host and options for a store in the directory. Gives the case up where that fails. */
void lms_load(struct lms* lms);
/* Opens with those flags. */
void lms_open(struct lms* lms, uint32_t flags);
/* Closes, unloads, removes the directory. Fine in any state. */
void lms_end(struct lms* lms);
int32_t lms_close(struct lms* lms);
void lms_unload(struct lms* lms);
void lms_remove_directory(struct lms* lms);

ptb_error* lms_error(struct lms* lms);

/* The tool acme/quiz, with handlers for every event and none for state-change, at 127.0.0.1:port. `descriptor` must
 * hold lms_descriptor_bytes and outlive the struct. */
enum { lms_descriptor_bytes = 4096 };
ptb_tool lms_tool(char* descriptor, int port, int32_t state);
int32_t lms_install(struct lms* lms, int port, int32_t state);

/* A course-imported event for acme/quiz with those ids; waits if acme/quiz is not installed or not available. */
ptb_event lms_event(ptb_pair* three_arguments, const char* course_id);
/* Captures one such event. */
int32_t lms_capture(struct lms* lms, const char* course_id, ptb_capture_result* result, uint64_t* operation);
/* Captures `count` of them as one array. */
int32_t lms_capture_many(struct lms* lms, size_t count, uint64_t* operation);

/* A setting of course _5_1 of acme/quiz. */
ptb_value lms_value(void);

int32_t lms_save(struct lms* lms, int32_t state, uint64_t* operation);
/* Waits for at most 20 s. */
int32_t lms_wait(struct lms* lms, uint64_t operation, ptb_operation_result* result);

/* True: nothing of acme/quiz has been stored since the bridge was opened on an empty store. Stores one event to see. */
bool lms_nothing_stored(struct lms* lms);

/* Threads of this process. */
int lms_thread_count(void);
/* The calling thread's id. */
int lms_this_thread(void);
/* True: that thread of this process is blocked in the kernel. */
bool lms_thread_sleeps(int thread);
/* True: a file whose path ends so is mapped into this process. */
/* The thread sanitizer unloads nothing. */
#ifdef __SANITIZE_THREAD__
#define LMS_UNLOADS false
#else
#define LMS_UNLOADS true
#endif
bool lms_is_mapped(const char* file_name);
/* One non-empty, terminated line. */
bool lms_is_one_line(const char* text, size_t size);

#endif
