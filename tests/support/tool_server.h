/* A proxy tool for tests of the C ABI: an HTTP server on loopback, in a process of its own, that answers one request
 * after the other and can be told to be slow or to hang up. Knows nothing of the plugin and checks no MAC. */
#ifndef PTB_TESTS_SUPPORT_TOOL_SERVER_H
#define PTB_TESTS_SUPPORT_TOOL_SERVER_H

#include <sys/types.h>

#ifdef __cplusplus
#include <atomic>
using std::atomic_int;
extern "C" {
#else
#include <stdatomic.h>
#include <stdbool.h>
#endif

enum tool_server_answer {
  TOOL_SERVER_SUCCESS = 0,
  TOOL_SERVER_ERROR,
  TOOL_SERVER_RESET /* takes the connection and resets it without reading */
};

/* Shared with the server's process. */
struct tool_server_state {
  atomic_int answer;   /* enum tool_server_answer, of the next request */
  atomic_int delay_ms; /* between a request and its answer; lowering it ends a delay under way */
  atomic_int requests; /* read whole so far (or reset) */
  atomic_int answered; /* answers written whole so far */
};

struct tool_server {
  struct tool_server_state* state;
  pid_t process;
  int port;
};

/* Starts it on a free port of 127.0.0.1. It dies with the thread that started it. False: errno says why. */
bool tool_server_start(struct tool_server* server);

/* Ends and reaps it. */
void tool_server_stop(struct tool_server* server);

#ifdef __cplusplus
}
#endif

#endif
