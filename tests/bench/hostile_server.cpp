// See hostile_server.h.
#include "hostile_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "measure.h"
#include "tool_server.h"

namespace bench {

struct HostileServerBoard {
  std::atomic<int> dripping{0};
  std::atomic<int> stalls{0};
  std::atomic<int> floods{0};
};

namespace {

enum class Way { drips, stalls, floods };

struct Connection {
  int socket = -1;
  Way way = Way::stalls;
  bool asked = false;  ///< a request has begun to come
};

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
constexpr std::int64_t kBetweenDripsNs = 1'000'000'000;

/// The loop of the server's process.
class Loop {
 public:
  Loop(const std::vector<std::pair<int, Way>>& listeners, HostileServerBoard& board)
      : listeners_(listeners), board_(board), flood_(65536, 'x') {}

  [[noreturn]] void run() {
    std::vector<pollfd> watched;
    while (true) {
      watched.clear();
      for (const auto& [socket, way] : listeners_) watched.push_back({socket, POLLIN, 0});
      for (const Connection& connection : connections_) {
        const bool ready_to_flood = connection.way == Way::floods && connection.asked;
        watched.push_back({connection.socket, static_cast<short>(ready_to_flood ? POLLIN | POLLOUT : POLLIN), 0});
      }
      poll(watched.data(), watched.size(), 1000);
      for (std::size_t at = 0; at < connections_.size(); ++at) {
        serve(connections_[at], watched[listeners_.size() + at].revents);
      }
      std::erase_if(connections_, [](const Connection& connection) { return connection.socket < 0; });
      for (std::size_t at = 0; at < listeners_.size(); ++at) {
        if (watched[at].revents != 0) accept_from(listeners_[at]);
      }
      drip();
      const auto dripping = std::count_if(connections_.begin(), connections_.end(), [](const Connection& connection) {
        return connection.way == Way::drips && connection.asked;
      });
      board_.dripping = static_cast<int>(dripping);
    }
  }

 private:
  void accept_from(const std::pair<int, Way>& listener) {
    const int socket = accept4(listener.first, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) connections_.push_back({socket, listener.second, false});
  }

  void serve(Connection& connection, short events) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const ssize_t got = recv(connection.socket, in_, sizeof in_, 0);
      if (got == 0 || (got < 0 && (events & (POLLHUP | POLLERR)) != 0)) return drop(connection);
      if (got > 0 && !connection.asked) {
        connection.asked = true;
        if (connection.way != Way::stalls) send_all(connection, kHead);
        if (connection.way == Way::stalls) ++board_.stalls;
        if (connection.way == Way::floods) ++board_.floods;
      }
    }
    if (connection.socket >= 0 && (events & POLLOUT) != 0) send_all(connection, flood_);
  }

  void drip() {
    if (monotonic_ns() < next_drip_ns_) return;
    next_drip_ns_ = monotonic_ns() + kBetweenDripsNs;
    for (Connection& connection : connections_) {
      if (connection.way == Way::drips && connection.asked && connection.socket >= 0) send_all(connection, "x");
    }
  }

  /// What does not fit is left out: it is rubbish anyway.
  void send_all(Connection& connection, std::string_view bytes) {
    if (send(connection.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) drop(connection);
  }

  static void drop(Connection& connection) {
    close(connection.socket);
    connection.socket = -1;
  }

  std::vector<std::pair<int, Way>> listeners_;
  HostileServerBoard& board_;
  std::vector<Connection> connections_;
  std::string flood_;
  std::int64_t next_drip_ns_ = 0;
  char in_[65536];
};

}  // namespace

HostileServer::HostileServer(int cpu) {
  void* shared = mmap(nullptr, sizeof(HostileServerBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share with the hostile server");
  board_ = new (shared) HostileServerBoard;
  const std::vector<std::pair<int, Way>> listeners = {{listen_on_loopback(dripping_port_), Way::drips},
                                                      {listen_on_loopback(stalled_port_), Way::stalls},
                                                      {listen_on_loopback(endless_port_), Way::floods}};
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("cannot fork the hostile server");
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    signal(SIGINT, SIG_IGN);
    const Pinned pinned(cpu);
    Loop(listeners, *board_).run();
  }
  for (const auto& [socket, way] : listeners) close(socket);
}

HostileServer::~HostileServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  munmap(board_, sizeof(HostileServerBoard));
}

std::string HostileServer::dripping_url() const { return fmt::format("http://127.0.0.1:{}", dripping_port_); }
std::string HostileServer::stalled_url() const { return fmt::format("https://127.0.0.1:{}", stalled_port_); }
std::string HostileServer::endless_url() const { return fmt::format("http://127.0.0.1:{}", endless_port_); }
int HostileServer::dripping() const { return board_->dripping; }
int HostileServer::stalls() const { return board_->stalls; }
int HostileServer::floods() const { return board_->floods; }

}  // namespace bench
