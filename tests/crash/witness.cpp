#include "crash/witness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace ptb::test {

namespace {

/// What the witness itself says, to learn that everybody before it in the queue has been heard.
constexpr const char* kRollCall = "roll call\n";

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("witness: the path " + path + " is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

bool send_all(int connection, const std::string& text) {
  return send(connection, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

}  // namespace

Witness::Witness(std::string socket_path, const std::string& file) : socket_path_(std::move(socket_path)) {
  const sockaddr_un address = address_of(socket_path_);
  file_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file_ < 0 || listening_ < 0 ||
      bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listening_, 16) != 0)
    throw std::runtime_error("witness: cannot listen on " + socket_path_ + ": " + std::strerror(errno));
  thread_ = std::thread([this] { serve(); });
}

Witness::~Witness() {
  shutdown(listening_, SHUT_RDWR);
  thread_.join();
  close(listening_);
  close(file_);
}

void Witness::begin_turn(std::size_t turn) {
  const std::lock_guard lock(mutex_);
  turn_ = turn;
}

std::vector<Said> Witness::take() {
  // Connections are heard one after the other, so an answer to this one means that all earlier ones are at their end.
  const sockaddr_un address = address_of(socket_path_);
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer = 0;
  const bool heard = connection >= 0 &&
                     connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     send_all(connection, kRollCall) && recv(connection, &answer, 1, 0) == 1;
  if (connection >= 0) close(connection);
  if (!heard) throw std::runtime_error("witness: does not answer its own call");
  const std::lock_guard lock(mutex_);
  return std::exchange(said_, {});
}

void Witness::serve() {
  for (;;) {
    const int connection = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0 && errno == EINTR) continue;
    if (connection < 0) return;
    hear(connection);
    close(connection);
  }
}

/// Lines until the other end is gone. A line without its end was never said.
void Witness::hear(int connection) {
  std::string heard;
  char bytes[4096];
  for (;;) {
    const ssize_t size = recv(connection, bytes, sizeof bytes, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    heard.append(bytes, static_cast<std::size_t>(size));
    for (auto end = heard.find('\n'); end != std::string::npos; end = heard.find('\n')) {
      std::string line = heard.substr(0, end + 1);
      heard.erase(0, end + 1);
      if (line != kRollCall) note(std::move(line));
      // Whoever died meanwhile does not hear it; the line counts all the same.
      send_all(connection, "ok\n");
    }
  }
}

void Witness::note(std::string line) {
  const bool written = write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (!written || fdatasync(file_) != 0) std::abort();
  line.pop_back();
  const std::lock_guard lock(mutex_);
  said_.push_back({turn_, std::move(line)});
}

}  // namespace ptb::test
