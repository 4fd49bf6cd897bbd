// Tools that misbehave, for the benchmark: a process of its own with three ports of loopback. One answers a byte a
// second, one takes connections and never says a word of TLS, one answers without end.
#pragma once

#include <sys/types.h>

#include <string>

namespace bench {

struct HostileServerBoard;  // what the two processes share

class HostileServer {
 public:
  /// Forks the server, pinned to `cpu`.
  explicit HostileServer(int cpu);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  [[nodiscard]] std::string dripping_url() const;
  [[nodiscard]] std::string stalled_url() const;
  [[nodiscard]] std::string endless_url() const;

  /// Answers that drip now.
  [[nodiscard]] int dripping() const;
  /// Handshakes stalled and endless answers begun so far.
  [[nodiscard]] int stalls() const;
  [[nodiscard]] int floods() const;

 private:
  HostileServerBoard* board_ = nullptr;
  pid_t process_ = -1;
  int dripping_port_ = 0;
  int stalled_port_ = 0;
  int endless_port_ = 0;
};

}  // namespace bench
