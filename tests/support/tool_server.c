#include "support/tool_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long duration_ms) {
  const struct timespec duration = {.tv_sec = duration_ms / 1000, .tv_nsec = (duration_ms % 1000) * 1000000};
  nanosleep(&duration, NULL);
}

/* Reads header and body of one request. */
static bool read_request(int connection) {
  static char buffer[512 * 1024];
  size_t used = 0;
  while (used < sizeof buffer - 1) {
    const ssize_t got = read(connection, buffer + used, sizeof buffer - 1 - used);
    if (got <= 0) return false;
    used += (size_t)got;
    buffer[used] = '\0';
    const char* end_of_header = strstr(buffer, "\r\n\r\n");
    if (end_of_header == NULL) continue;
    size_t body_size = 0;
    for (const char* line = strstr(buffer, "\r\n"); line != NULL && line < end_of_header;
         line = strstr(line + 2, "\r\n"))
      if (strncasecmp(line + 2, "content-length:", 15) == 0) body_size = strtoul(line + 17, NULL, 10);
    if (used >= (size_t)(end_of_header - buffer) + 4 + body_size) return true;
    if (strncmp(buffer, "POST", 4) == 0 && strstr(buffer, "100-continue") != NULL && body_size > 0 &&
        used == (size_t)(end_of_header - buffer) + 4)
      if (send(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) < 0) return false;
  }
  return false;
}

static void reset_connection(int connection) {
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void serve_one(int connection, struct tool_server_state* state) {
  if (atomic_load(&state->answer) == TOOL_SERVER_RESET) {
    atomic_fetch_add(&state->requests, 1);
    reset_connection(connection);
    return;
  }
  if (!read_request(connection)) return;
  atomic_fetch_add(&state->requests, 1);
  for (int waited_ms = 0; waited_ms < atomic_load(&state->delay_ms); waited_ms += 5) pause_ms(5);
  const char* word = atomic_load(&state->answer) == TOOL_SERVER_ERROR ? "ERROR" : "SUCCESS";
  char answer[256];
  const int size =
      snprintf(answer, sizeof answer,
               "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n"
               "<result>%s<result>",
               strlen(word) + 16, word);
  if (send(connection, answer, (size_t)size, MSG_NOSIGNAL) == size) atomic_fetch_add(&state->answered, 1);
}

static void serve(int listener, struct tool_server_state* state) {
  for (;;) {
    const int connection = accept(listener, NULL, NULL);
    if (connection < 0) _exit(1);
    serve_one(connection, state);
    close(connection);
  }
}

bool tool_server_start(struct tool_server* server) {
  memset(server, 0, sizeof *server);
  server->state = mmap(NULL, sizeof *server->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (server->state == MAP_FAILED) return false;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t address_size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, (struct sockaddr*)&address, &address_size) != 0)
    return false;
  server->port = ntohs(address.sin_port);
  const pid_t parent = getpid();
  server->process = fork();
  if (server->process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    serve(listener, server->state);
  }
  close(listener);
  return server->process > 0;
}

void tool_server_stop(struct tool_server* server) {
  if (server->process > 0) {
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
  }
  if (server->state != NULL && server->state != MAP_FAILED) munmap(server->state, sizeof *server->state);
  memset(server, 0, sizeof *server);
}
