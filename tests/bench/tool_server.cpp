// See tool_server.h.
#include "tool_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <new>
#include <stdexcept>
#include <string_view>

#include "event_order.h"
#include "measure.h"

namespace bench {

inline constexpr std::size_t kFirstBytesKept = 1024;
inline constexpr std::size_t kBodyKept = 8192;

struct ToolServerBoard {
  std::atomic<std::uint32_t> pause_us{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> body_bytes{0};
  std::array<std::atomic<std::int64_t>, kFirstBytesKept> first_byte_ns{};  // by request, the last ones
  std::atomic<std::uint32_t> watch{0};                                     // 0: not; else another number at each start
  std::atomic<std::uint64_t> out_of_order{0};
  std::atomic<std::size_t> first_body_bytes{0};  // 0: no event yet
  std::array<char, kBodyKept> first_body{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: 23\r\n\r\n"
    "<result>SUCCESS<result>";

struct Connection {
  std::uint64_t serial = 0;
  std::string in;
  std::int64_t first_byte_ns = 0;
};

struct HeldAnswer {
  std::int64_t due_ns = 0;
  int socket = -1;
  std::uint64_t serial = 0;
};

/// The loop of the server's process.
class Loop {
 public:
  Loop(int listener, ToolServerBoard& board) : listener_(listener), board_(board) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(listener_);
    watch(timer_);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 64> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) {
        const int socket = events[static_cast<std::size_t>(at)].data.fd;
        if (socket == listener_) {
          accept_one();
        } else if (socket == timer_) {
          answer_held();
        } else {
          read_from(socket);
        }
      }
    }
  }

 private:
  void watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept_one() {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[socket] = Connection{++serial_, {}, 0};
    watch(socket);
  }

  void drop(int socket) {
    connections_.erase(socket);
    close(socket);
  }

  void read_from(int socket) {
    Connection& connection = connections_[socket];
    const ssize_t got = recv(socket, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return drop(socket);
    if (connection.in.empty()) connection.first_byte_ns = monotonic_ns();
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    take_request(socket, connection);
  }

  /// A client sends its next request only after the answer, so that there is at most one.
  void take_request(int socket, Connection& connection) {
    const std::size_t headers = connection.in.find("\r\n\r\n");
    if (headers == std::string::npos) return;
    const char* length = strcasestr(connection.in.c_str(), "\r\ncontent-length:");
    const std::size_t body = length == nullptr ? 0 : std::strtoul(length + 17, nullptr, 10);
    if (connection.in.size() < headers + 4 + body) return;
    if (const std::uint32_t watch = board_.watch.load(std::memory_order_acquire); watch != 0) {
      look_at_order(watch, connection.in, std::string_view(connection.in).substr(headers + 4, body));
    }
    connection.in.clear();
    const std::uint64_t before = board_.requests.load(std::memory_order_relaxed);
    board_.first_byte_ns[before % kFirstBytesKept].store(connection.first_byte_ns, std::memory_order_relaxed);
    board_.body_bytes.fetch_add(body, std::memory_order_relaxed);
    board_.requests.store(before + 1, std::memory_order_release);
    const std::uint32_t pause_us = board_.pause_us.load(std::memory_order_relaxed);
    if (pause_us == 0) return answer(socket);
    held_.push_back({monotonic_ns() + std::int64_t{pause_us} * 1000, socket, connection.serial});
    if (held_.size() == 1) set_timer();
  }

  void look_at_order(std::uint32_t watch, std::string_view request, std::string_view body) {
    if (watch != watch_) {
      watch_ = watch;
      order_ = EventOrder();
      const std::size_t kept = body.copy(board_.first_body.data(), board_.first_body.size());
      board_.first_body_bytes.store(kept, std::memory_order_release);
    }
    if (!order_.take(request, body)) board_.out_of_order.fetch_add(1, std::memory_order_relaxed);
  }

  void answer(int socket) {
    if (send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kAnswer.size())) {
      drop(socket);
    }
  }

  void set_timer() {
    itimerspec when{};
    when.it_value.tv_sec = held_.front().due_ns / 1'000'000'000;
    when.it_value.tv_nsec = held_.front().due_ns % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void answer_held() {
    std::uint64_t expirations = 0;
    if (read(timer_, &expirations, sizeof expirations) < 0) return;
    const std::int64_t now = monotonic_ns();
    while (!held_.empty() && held_.front().due_ns <= now) {
      const HeldAnswer held = held_.front();
      held_.pop_front();
      const auto connection = connections_.find(held.socket);
      if (connection != connections_.end() && connection->second.serial == held.serial) answer(held.socket);
    }
    if (!held_.empty()) set_timer();
  }

  int listener_;
  ToolServerBoard& board_;
  int epoll_ = -1;
  int timer_ = -1;
  std::uint64_t serial_ = 0;
  std::uint32_t watch_ = 0;
  EventOrder order_;
  std::map<int, Connection> connections_;
  std::deque<HeldAnswer> held_;
  std::array<char, 65536> buffer_;
};

}  // namespace

int listen_on_loopback(int& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 512) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port = ntohs(address.sin_port);
  return listener;
}

ToolServer::ToolServer(int cpu) : cpu_(cpu) {
  void* shared = mmap(nullptr, sizeof(ToolServerBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share with the server");
  board_ = new (shared) ToolServerBoard;
  const int listener = listen_on_loopback(port_);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("cannot fork the server");
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    signal(SIGINT, SIG_IGN);
    const Pinned pinned(cpu);
    Loop(listener, *board_).run();
  }
  close(listener);
}

ToolServer::~ToolServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  munmap(board_, sizeof(ToolServerBoard));
}

std::string ToolServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }
void ToolServer::pause_us(std::uint32_t microseconds) { board_->pause_us = microseconds; }

void ToolServer::watch_order() {
  board_->out_of_order = 0;
  board_->first_body_bytes = 0;
  board_->watch = ++watches_;
}

void ToolServer::watch_no_order() { board_->watch = 0; }
std::uint64_t ToolServer::out_of_order() const { return board_->out_of_order; }
std::string ToolServer::first_body() const { return {board_->first_body.data(), board_->first_body_bytes}; }

std::uint64_t ToolServer::requests() const { return board_->requests; }
std::uint64_t ToolServer::body_bytes() const { return board_->body_bytes; }

std::int64_t ToolServer::first_byte_ns(std::uint64_t requests_before) const {
  if (board_->requests.load(std::memory_order_acquire) <= requests_before) return 0;
  return board_->first_byte_ns[requests_before % kFirstBytesKept].load(std::memory_order_relaxed);
}

}  // namespace bench
