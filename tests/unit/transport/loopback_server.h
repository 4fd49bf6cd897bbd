// A small server for the tests of the transport: one thread a connection, each running what the test says. Speaks no
// protocol itself beyond reading one request.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ptb::test {

/// One connection, plain or TLS.
class Stream {
 public:
  Stream(int fd, SSL* ssl) : fd_(fd), ssl_(ssl) {}
  /// Headers and body of the next request; empty where the peer has gone.
  std::string read_request();
  /// False where the peer has gone.
  bool write(std::string_view bytes);
  /// The next close sends a RST.
  void reset_on_close();
  /// Reads until the peer has gone.
  void wait_for_end();
  [[nodiscard]] int fd() const { return fd_; }
  /// Of TLS; else nullptr.
  [[nodiscard]] SSL* ssl() const { return ssl_; }

 private:
  long read_some(char* bytes, std::size_t size);
  int fd_;
  SSL* ssl_;
  std::string unread_;
};

class LoopbackServer {
 public:
  using Script = std::function<void(Stream&)>;
  /// `address`: "127.0.0.1", another of that network, or "::1". `port` 0: a free one.
  explicit LoopbackServer(Script script, SSL_CTX* tls = nullptr, const char* address = "127.0.0.1", int port = 0);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_.load(); }
  [[nodiscard]] std::string url(std::string_view scheme = "http", std::string_view host = "127.0.0.1") const;

 private:
  void accept_all();
  void serve(int fd);

  Script script_;
  SSL_CTX* tls_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A script: every request is answered with success.
void answer_all(Stream& stream);

/// "HTTP/1.1 STATUS", the headers (each ended by CRLF), a Content-Length and the body.
std::string http_answer(int status, std::string_view body, std::string_view headers = "");

}  // namespace ptb::test
