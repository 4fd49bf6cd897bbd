// The tool that both sides of a comparison talk to: a process of its own, one epoll loop, HTTP/1.1 with keep-alive on
// loopback, and one answer made beforehand, after a pause if one is set. It reads a request whole and checks nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

/// A listening socket on a free port of 127.0.0.1.
int listen_on_loopback(int& port);

struct ToolServerBoard;  // what the two processes share

class ToolServer {
 public:
  /// Forks the server, pinned to `cpu`. To be called before this process has threads.
  explicit ToolServer(int cpu);
  ~ToolServer();
  ToolServer(const ToolServer&) = delete;
  ToolServer& operator=(const ToolServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int cpu() const { return cpu_; }
  /// "http://127.0.0.1:PORT".
  [[nodiscard]] std::string url() const;

  /// How long each answer is held back, from now on.
  void pause_us(std::uint32_t microseconds);

  /// Requests read whole, and the bytes of their bodies, since the start.
  [[nodiscard]] std::uint64_t requests() const;
  [[nodiscard]] std::uint64_t body_bytes() const;
  /// When the first byte of the request after `requests_before` came, on the clock of monotonic_ns; 0: not yet.
  [[nodiscard]] std::int64_t first_byte_ns(std::uint64_t requests_before) const;

 private:
  ToolServerBoard* board_ = nullptr;
  pid_t process_ = -1;
  int port_ = 0;
  int cpu_ = 0;
};

}  // namespace bench
