// Runs the reference tool in a child process and talks to it over plain sockets, byte by byte, so that a test sees
// exactly what is on the wire. Knows nothing of what the tool should answer.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "receive/receive.h"
#include "temporary_directory.h"

namespace host::test {

/// While it lives no file can be written to by this process and the children it starts, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

inline constexpr int kPatienceMs = 20000;

/// Reads until `enough` says so, the peer ends (true), or patience ends (test failure).
template <typename Enough>
bool read_until(int descriptor, std::string& text, Enough enough) {
  std::array<char, 65536> piece{};
  while (!enough()) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) <= 0) {
      ADD_FAILURE() << "nothing came for " << kPatienceMs << " ms; so far: " << text.substr(0, 500);
      return true;
    }
    const auto got = ::read(descriptor, piece.data(), piece.size());
    if (got <= 0) return true;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return false;
}

/// run_receive(options) in a child; stdout and stderr come back.
class ToolProcess {
 public:
  explicit ToolProcess(const ReceiveOptions& options) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe(out.data()) != 0 || ::pipe(err.data()) != 0) throw std::runtime_error("pipe failed");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      for (const int end : {out[0], out[1], err[0], err[1]}) ::close(end);
      const int status = run_receive(options);
      std::fflush(stdout);
      std::fflush(stderr);
      ::_exit(status);
    }
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
    read_until(out_, stdout_, [&] { return stdout_.find('\n') != std::string::npos; });
    const auto colon = stdout_.rfind(':');
    if (colon != std::string::npos) port_ = static_cast<std::uint16_t>(std::atoi(stdout_.c_str() + colon + 1));
  }
  ToolProcess(const ToolProcess&) = delete;
  ToolProcess& operator=(const ToolProcess&) = delete;
  ~ToolProcess() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(out_);
    ::close(err_);
  }

  std::uint16_t port() const { return port_; }
  void signal(int number) const { ::kill(child_, number); }

  /// Waits for the end of the process: its exit status, or -1 where a signal ended it.
  int wait_for_end() {
    read_until(out_, stdout_, [] { return false; });
    read_until(err_, stderr_, [] { return false; });
    int status = 0;
    for (int waited_ms = 0; ::waitpid(child_, &status, WNOHANG) == 0; waited_ms += 5) {
      if (waited_ms == kPatienceMs) {
        ADD_FAILURE() << "the tool did not end within " << kPatienceMs << " ms";
        ::kill(child_, SIGKILL);
      }
      ::poll(nullptr, 0, 5);
    }
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& stdout_text() const { return stdout_; }
  const std::string& stderr_text() const { return stderr_; }

 private:
  pid_t child_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::uint16_t port_ = 0;
  std::string stdout_;
  std::string stderr_;
};

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
};

/// One connection to 127.0.0.1.
class HttpPeer {
 public:
  explicit HttpPeer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;
  ~HttpPeer() { ::close(socket_); }

  bool connected() const { return connected_; }
  /// False where the peer takes no more.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What came and was not taken as an answer.
  const std::string& pending() const { return pending_; }
  void forget_pending() { pending_.clear(); }
  /// Reads until this text has come; true where it did.
  bool read_up_to(std::string_view text) {
    return !read_until(socket_, pending_, [&] { return pending_.find(text) != std::string::npos; });
  }
  void send_post(std::string_view path, std::string_view form) const {
    send(
        fmt::format("POST {} HTTP/1.1\r\nHost: tool\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    "Content-Length: {}\r\n\r\n{}",
                    path, form.size(), form));
  }
  /// Reads one answer that names its Content-Length.
  HttpAnswer read_answer() {
    HttpAnswer answer;
    std::size_t body_at = std::string::npos;
    std::size_t length = 0;
    read_until(socket_, pending_, [&] {
      if (body_at == std::string::npos) {
        const auto end = pending_.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        body_at = end + 4;
        const auto field = pending_.find("Content-Length: ");
        if (field < end) length = std::strtoull(pending_.c_str() + field + 16, nullptr, 10);
      }
      return pending_.size() >= body_at + length;
    });
    if (body_at == std::string::npos || pending_.size() < body_at + length) return answer;
    answer.status = std::atoi(pending_.c_str() + pending_.find(' ') + 1);
    answer.head = pending_.substr(0, body_at);
    answer.body = pending_.substr(body_at, length);
    pending_.erase(0, body_at + length);
    return answer;
  }
  HttpAnswer post(std::string_view path, std::string_view form) {
    send_post(path, form);
    return read_answer();
  }
  /// Waits for the peer to end the connection: 0 it was closed, or the errno (ECONNRESET).
  int read_end() {
    std::array<char, 4096> piece{};
    for (;;) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, kPatienceMs) <= 0) return ETIMEDOUT;
      const auto got = ::read(socket_, piece.data(), piece.size());
      if (got == 0) return 0;
      if (got < 0) return errno;
      pending_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  /// Reads at least `size` bytes and forgets them: how many came.
  std::size_t read_bytes(std::size_t size) {
    std::size_t sum = 0;
    while (sum < size) {
      std::string text;
      if (read_until(socket_, text, [&] { return !text.empty(); })) break;
      sum += text.size();
    }
    return sum;
  }

 private:
  int socket_;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace host::test
