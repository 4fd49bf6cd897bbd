#include "loopback_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace ptb::test {

long Stream::read_some(char* bytes, std::size_t size) {
  return ssl_ != nullptr ? SSL_read(ssl_, bytes, static_cast<int>(size)) : recv(fd_, bytes, size, 0);
}

std::string Stream::read_request() {
  char bytes[16384];
  std::size_t wanted = std::string::npos;
  for (;;) {
    if (wanted == std::string::npos) {
      const auto end = unread_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const auto at = unread_.find("Content-Length: ");
        const auto length = at == std::string::npos || at > end ? 0 : std::atol(unread_.c_str() + at + 16);
        wanted = end + 4 + static_cast<std::size_t>(length);
      }
    }
    if (wanted != std::string::npos && unread_.size() >= wanted) {
      std::string request = unread_.substr(0, wanted);
      unread_.erase(0, wanted);
      return request;
    }
    const long count = read_some(bytes, sizeof bytes);
    if (count <= 0) return {};
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
}

bool Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long count = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                       : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Stream::reset_on_close() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Stream::wait_for_end() {
  char bytes[16384];
  while (read_some(bytes, sizeof bytes) > 0) continue;
}

LoopbackServer::LoopbackServer(Script script, SSL_CTX* tls, const char* address, int port)
    : script_(std::move(script)), tls_(tls) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
  if (!is_v4) inet_pton(AF_INET6, address, &v6.sin6_addr);
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  auto* const name = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
  listening_ = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(listening_, name, size), 0) << address;
  EXPECT_EQ(listen(listening_, 256), 0);
  EXPECT_EQ(getsockname(listening_, name, &size), 0);
  port_ = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  ending_ = true;
  shutdown(listening_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  close(listening_);
}

std::string LoopbackServer::url(std::string_view scheme, std::string_view host) const {
  return std::string(scheme) + "://" + std::string(host) + ":" + std::to_string(port_) + "/tool";
}

void LoopbackServer::accept_all() {
  for (;;) {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (ending_) return;
      continue;
    }
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void LoopbackServer::serve(int fd) {
  sigset_t pipe;  // OpenSSL writes without MSG_NOSIGNAL; only the transport's own manners are under test
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  SSL* ssl = nullptr;
  bool ready = true;
  if (tls_ != nullptr) {
    ssl = SSL_new(tls_);
    SSL_set_fd(ssl, fd);
    ready = SSL_accept(ssl) == 1;
  }
  Stream stream(fd, ssl);
  if (ready) {
    script_(stream);
  } else {
    // Unread bytes would turn the close into a reset, which can overtake the alert.
    shutdown(fd, SHUT_WR);
    Stream(fd, nullptr).wait_for_end();
  }
  if (ssl != nullptr) SSL_free(ssl);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  close(fd);
}

void answer_all(Stream& stream) {
  while (!stream.read_request().empty())
    if (!stream.write(http_answer(200, "<result>SUCCESS<result>"))) return;
}

std::string http_answer(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace ptb::test
