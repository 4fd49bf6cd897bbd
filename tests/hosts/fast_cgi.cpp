#include "hosts/fast_cgi.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace ptb::test {

namespace {

constexpr char kBegin = 1;
constexpr char kEnd = 3;
constexpr char kParameters = 4;
constexpr char kStdin = 5;
constexpr char kStdout = 6;
constexpr std::size_t kHeader = 8;

char byte(std::size_t value) { return static_cast<char>(value & 0xFF); }
std::size_t number(const std::string& bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Of the only request of its connection. `content` is short.
std::string record(char type, const std::string& content) {
  std::string made = {1, type, 0, 1, byte(content.size() >> 8), byte(content.size()), 0, 0};
  return made + content;
}

void append_length(std::string& out, std::size_t length) {
  if (length < 128) return out.push_back(byte(length));
  for (const int shift : {24, 16, 8, 0}) out.push_back(byte(length >> shift | (shift == 24 ? 0x80 : 0)));
}

std::string request_of(const std::map<std::string, std::string>& parameters) {
  std::string named;
  for (const auto& [name, value] : parameters) {
    append_length(named, name.size());
    append_length(named, value.size());
    named += name + value;
  }
  constexpr char kResponder = 1;
  return record(kBegin, {0, kResponder, 0, 0, 0, 0, 0, 0}) + record(kParameters, named) + record(kParameters, {}) +
         record(kStdin, {});
}

struct Socket {
  int number = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(number); }
};

}  // namespace

std::string ask_fast_cgi(const std::string& socket_path, const std::map<std::string, std::string>& parameters) {
  const Socket connection;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) throw std::runtime_error("the socket's path is too long");
  std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
  timeval patience{30, 0};
  setsockopt(connection.number, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(connection.number, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  const std::string request = request_of(parameters);
  if (send(connection.number, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return {};
  std::string in;
  std::string out;
  for (char bytes[4096];;) {
    while (in.size() >= kHeader) {
      const std::size_t content = number(in, 4) << 8 | number(in, 5);
      const std::size_t size = kHeader + content + number(in, 6);
      if (in.size() < size) break;
      if (in[1] == kStdout) out += in.substr(kHeader, content);
      if (in[1] == kEnd) {
        const auto body = out.find("\r\n\r\n");
        return body == std::string::npos ? std::string() : out.substr(body + 4);
      }
      in.erase(0, size);
    }
    const ssize_t got = recv(connection.number, bytes, sizeof bytes, 0);
    if (got <= 0) return {};
    in.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace ptb::test
