#include "postgres/recording_tool.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace ptb::test {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 24\r\n\r\n<result>SUCCESS</result>";

/// The value of a form's field; good enough for ids and URLs that are compared and not used.
std::string field(const std::string& body, const std::string& name) {
  const std::string start = name + "=";
  auto at = body.starts_with(start) ? 0 : body.find("&" + start);
  if (at == std::string::npos) return {};
  at = body.find('=', at) + 1;
  return body.substr(at, body.find('&', at) - at);
}

}  // namespace

RecordingTool::RecordingTool() {
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listening_ < 0 || bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listening_, 256) != 0 || getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the recording tool cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

RecordingTool::~RecordingTool() {
  stopping_ = true;
  thread_.join();
  close(listening_);
}

std::vector<RecordingTool::Heard> RecordingTool::heard() {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::size_t RecordingTool::count() {
  const std::lock_guard lock(mutex_);
  return heard_.size();
}

void RecordingTool::serve() {
  std::map<int, Client> clients;
  while (!stopping_) {
    std::vector<pollfd> watched{{listening_, POLLIN, 0}};
    auto next = Clock::now() + std::chrono::milliseconds(50);
    for (auto& [socket, client] : clients) {
      watched.push_back({socket, POLLIN, 0});
      if (client.asked) next = std::min(next, client.answer_at);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    poll(watched.data(), watched.size(), static_cast<int>(std::max<long>(left, 0)));
    if ((watched.front().revents & POLLIN) != 0) {
      const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      const int on = 1;
      if (socket >= 0) setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (socket >= 0) clients[socket];
    }
    for (std::size_t at = 1; at < watched.size(); ++at) {
      if (watched[at].revents == 0 || read_from(watched[at].fd, clients[watched[at].fd])) continue;
      close(watched[at].fd);
      clients.erase(watched[at].fd);
    }
    for (auto& [socket, client] : clients) {
      if (!client.asked || client.answer_at > Clock::now()) continue;
      client.asked = false;
      if (send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) shutdown(socket, SHUT_RDWR);
    }
  }
  for (const auto& [socket, client] : clients) close(socket);
}

/// False: the client has gone.
bool RecordingTool::read_from(int socket, Client& client) {
  char bytes[16384];
  const ssize_t size = recv(socket, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  client.in.append(bytes, static_cast<std::size_t>(size));
  const auto end = client.in.find("\r\n\r\n");
  if (end == std::string::npos) return true;
  const std::string head = client.in.substr(0, end);
  const auto length_at = head.find("Content-Length: ");
  const std::size_t length = length_at == std::string::npos ? 0 : std::stoul(head.substr(length_at + 16));
  if (client.in.size() < end + 4 + length) return true;
  take_request(head, client.in.substr(end + 4, length));
  client.in.erase(0, end + 4 + length);
  client.asked = true;
  client.answer_at = Clock::now() + std::chrono::milliseconds(delay_ms_);
  return true;
}

void RecordingTool::take_request(const std::string& head, const std::string& body) {
  const auto path_end = head.find_first_of(" ?", head.find(' ') + 1);
  const auto tool_at = head.rfind('/', path_end) + 1;
  const std::string event = field(body, "event_id");
  if (event.empty()) return;
  const std::lock_guard lock(mutex_);
  heard_.push_back({Clock::now(), head.substr(tool_at, path_end - tool_at), event, field(body, "tcbaseurl")});
}

}  // namespace ptb::test
