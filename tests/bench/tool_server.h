// The tool that both sides of a comparison talk to: a process of its own, one epoll loop, HTTP/1.1 with keep-alive on
// loopback, and one answer made beforehand, after a pause if one is set. It reads a request whole and checks nothing,
// unless the order of events is to be watched.
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

  /// From now on each request is one event, whose number stands in its body (content_id=_NUMBER_1) and whose endpoint
  /// in its path (/eNUMBER/...); the numbers of an endpoint must go up one by one. Starts anew at each call.
  void watch_order();
  void watch_no_order();
  /// Events that came out of order, twice, or without a number, since the order is watched.
  [[nodiscard]] std::uint64_t out_of_order() const;
  /// The body of the first event since then.
  [[nodiscard]] std::string first_body() const;

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
  std::uint32_t watches_ = 0;
};

}  // namespace bench
