#include "support/cutting_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ptb::test {

namespace {

constexpr std::size_t kReady = 6;  // Z, four bytes of length, one of state

int unix_socket(const std::string& path, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path of a socket is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::uint32_t length_at(std::string_view bytes, std::size_t at) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
  return length;
}

}  // namespace

CuttingProxy::CuttingProxy(const std::string& directory, std::string server)
    : path_(directory + "/.s.PGSQL.5432"), server_(std::move(server)) {
  sockaddr_un address{};
  listener_ = unix_socket(path_, address);
  unlink(path_.c_str());
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0 ||
      pipe2(wake_, O_CLOEXEC) != 0)
    throw std::runtime_error("the proxy cannot listen at " + path_);
  thread_ = std::thread([this] { serve(); });
}

CuttingProxy::~CuttingProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  static_cast<void>(!write(wake_[1], "x", 1));
  thread_.join();
  for (Pair& pair : pairs_) close_pair(pair);
  for (const int descriptor : {listener_, wake_[0], wake_[1]}) close(descriptor);
  unlink(path_.c_str());
}

void CuttingProxy::arm(Cut cut, std::int64_t n) {
  const std::lock_guard lock(mutex_);
  cut_ = cut;
  cut_at_ = n;
  seen_ = 0;
}

void CuttingProxy::release() {
  const std::lock_guard lock(mutex_);
  for (Pair& pair : pairs_) {
    send_all(pair.server, pair.held);
    pair.held.clear();
  }
}

void CuttingProxy::cut_all() {
  const std::lock_guard lock(mutex_);
  for (Pair& pair : pairs_) close_pair(pair);
}

void CuttingProxy::refuse(bool refused) {
  const std::lock_guard lock(mutex_);
  refused_ = refused;
}

std::int64_t CuttingProxy::messages() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, 0);
}

std::int64_t CuttingProxy::round_trips() {
  const std::lock_guard lock(mutex_);
  return std::exchange(round_trips_, 0);
}

std::int64_t CuttingProxy::connections() {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool CuttingProxy::is_armed() {
  const std::lock_guard lock(mutex_);
  return cut_ != Cut::none;
}

void CuttingProxy::close_pair(Pair& pair) {
  for (int* const end : {&pair.client, &pair.server}) {
    if (*end >= 0) close(*end);
    *end = -1;
  }
}

void CuttingProxy::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  sockaddr_un address{};
  const int server = unix_socket(server_, address);
  if (refused_ || connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(client);
    close(server);
    return;
  }
  ++connections_;
  pairs_.emplace_back();
  pairs_.back().client = client;
  pairs_.back().server = server;
}

/// True: the message at the front is not to be forwarded any more.
bool CuttingProxy::take_cut(Pair& pair, char type, std::size_t size) {
  if (cut_ == Cut::none || ++seen_ != cut_at_) return false;
  const Cut cut = std::exchange(cut_, Cut::none);
  if (cut == Cut::before) {
    close_pair(pair);
    return true;
  }
  if (cut == Cut::hold) {
    pair.held = std::exchange(pair.from_client, {});
  } else {
    send_all(pair.server, std::string_view(pair.from_client).substr(0, size));
    if (type != 'S') {
      close_pair(pair);
      return true;
    }
    pair.tail.clear();
  }
  close(pair.client);
  pair.client = -1;
  pair.dying = true;
  return true;
}

void CuttingProxy::forward_messages(Pair& pair) {
  for (;;) {
    const std::string_view bytes = pair.from_client;
    const std::size_t head = pair.started ? 1 : 0;
    if (bytes.size() < head + 4) return;
    const std::size_t size = head + length_at(bytes, head);
    if (bytes.size() < size) return;
    if (pair.started) {
      const char type = bytes.front();
      ++messages_;
      if (type == 'S' || type == 'Q') ++round_trips_;
      if (take_cut(pair, type, size)) return;
    }
    pair.started = true;
    send_all(pair.server, bytes.substr(0, size));
    pair.from_client.erase(0, size);
  }
}

void CuttingProxy::forward_from_client(Pair& pair) {
  char bytes[65'536];
  const ssize_t size = recv(pair.client, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    close_pair(pair);
    return;
  }
  pair.from_client.append(bytes, static_cast<std::size_t>(size));
  forward_messages(pair);
}

void CuttingProxy::forward_from_server(Pair& pair) {
  char bytes[65'536];
  const ssize_t size = recv(pair.server, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    close_pair(pair);
    return;
  }
  if (!pair.dying) {
    send_all(pair.client, {bytes, static_cast<std::size_t>(size)});
    return;
  }
  pair.tail.append(bytes, static_cast<std::size_t>(size));
  const bool ready = pair.tail.size() >= kReady && pair.tail[pair.tail.size() - kReady] == 'Z';
  if (ready && pair.held.empty()) close_pair(pair);
}

void CuttingProxy::serve() {
  for (;;) {
    std::vector<pollfd> watched = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      pairs_.remove_if([](const Pair& pair) { return pair.server < 0; });
      for (const Pair& pair : pairs_) {
        watched.push_back({pair.client, POLLIN, 0});
        watched.push_back({pair.server, POLLIN, 0});
      }
    }
    // Closed by a call of the test's: looked at again soon.
    if (poll(watched.data(), watched.size(), 20) <= 0) continue;
    const std::lock_guard lock(mutex_);
    std::size_t at = 2;
    for (Pair& pair : pairs_) {
      const bool client = pair.client >= 0 && watched[at].revents != 0;
      const bool server = pair.server >= 0 && watched[at + 1].revents != 0;
      at += 2;
      if (client) forward_from_client(pair);
      if (server && pair.server >= 0) forward_from_server(pair);
    }
    if (watched[1].revents != 0) accept_one();
  }
}

}  // namespace ptb::test
