// See line_message.h.
#include "handover/line_message.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "refusal.h"

namespace host {

namespace {

constexpr int kDescriptors = 3;

bool send_all(int socket, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, char* bytes, std::size_t size) {
  while (size > 0) {
    const auto got = ::recv(socket, bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// The first bytes of a line, its size, with room beside them for the descriptors.
struct FirstBytes {
  explicit FirstBytes(std::uint32_t the_size) : size(the_size) {
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
  }
  FirstBytes(const FirstBytes&) = delete;
  FirstBytes& operator=(const FirstBytes&) = delete;

  std::uint32_t size;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptors)> room{};
  iovec piece{&size, sizeof size};
  msghdr message{};
};

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

std::string socket_path(const Descriptor& directory) {
  return fmt::format("/proc/self/fd/{}/socket", directory.number());
}

bool send_line(int socket, const TypedLine& line) {
  using Json = nlohmann::json;
  const auto text = Json{{"words", line.words}, {"by", line.by}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::array<int, kDescriptors> numbers = {line.directory.number(), line.out.number(), line.err.number()};
  FirstBytes first(static_cast<std::uint32_t>(text.size()));
  auto* control = CMSG_FIRSTHDR(&first.message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof numbers);
  std::memcpy(CMSG_DATA(control), numbers.data(), sizeof numbers);
  return ::sendmsg(socket, &first.message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof first.size) &&
         send_all(socket, text.data(), text.size());
}

TypedLine receive_line(int socket) {
  FirstBytes first(0);
  const auto got = ::recvmsg(socket, &first.message, MSG_CMSG_CLOEXEC);
  TypedLine line;
  if (const auto* control = CMSG_FIRSTHDR(&first.message); got > 0 && control != nullptr &&
                                                           control->cmsg_type == SCM_RIGHTS &&
                                                           control->cmsg_len == CMSG_LEN(sizeof(int) * kDescriptors)) {
    std::array<int, kDescriptors> numbers{};
    std::memcpy(numbers.data(), CMSG_DATA(control), sizeof numbers);
    line.directory = Descriptor(numbers[0]);
    line.out = Descriptor(numbers[1]);
    line.err = Descriptor(numbers[2]);
  }
  if (got != static_cast<ssize_t>(sizeof first.size) || line.err.number() < 0 || first.size > kMostLineBytes)
    refuse("what came over the socket of the state directory is no command");
  std::string text(first.size, '\0');
  if (!receive_all(socket, text.data(), text.size())) refuse("the command broke off on its way");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("words")) refuse("what came over the socket is no command");
  line.words = json.at("words").get<std::vector<std::string>>();
  line.by = json.value("by", "");
  return line;
}

bool send_status(int socket, std::int32_t status) {
  return send_all(socket, reinterpret_cast<const char*>(&status), sizeof status);
}

bool receive_status(int socket, std::int32_t& status) {
  return receive_all(socket, reinterpret_cast<char*>(&status), sizeof status);
}

}  // namespace host
