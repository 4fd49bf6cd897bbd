// A WebServer on a thread of its own, and what a client of it needs beyond test::HttpPeer.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "http/web_server.h"
#include "tool_process.h"

namespace host::test {

class RunningServer {
 public:
  RunningServer(const WebOptions& options, WebHandlers handlers) {
    auto opened = WebServer::open(options, std::move(handlers));
    if (!opened) throw std::runtime_error(opened.error());
    server_ = std::move(*opened);
    thread_ = std::thread([this] { result_ = server_->run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    server_->stop();
    join();
  }
  WebServer& operator*() { return *server_; }
  WebServer* operator->() { return server_.get(); }
  std::uint16_t port() const { return server_->port(); }
  tl::expected<void, std::string> join() {
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  std::unique_ptr<WebServer> server_;
  std::thread thread_;
  tl::expected<void, std::string> result_;
};

/// Waits, within patience, until it is true.
template <typename Condition>
bool comes_true(Condition condition) {
  for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += 2) {
    if (condition()) return true;
    ::poll(nullptr, 0, 2);
  }
  return condition();
}

/// Opened by the test when the handlers that wait at it may go on.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void wait() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

inline std::string get(std::string_view target, std::string_view more = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, more);
}

}  // namespace host::test
