#include "transport/connection_end.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace ptb {

namespace {

// States of the kernel's TCP.
constexpr int kClosed = 7;
constexpr int kCloseWait = 8;

/// Closing a TLS session sends a farewell first, which a peer that has gone does not acknowledge. It is shorter than
/// this, and every request is longer.
constexpr std::uint64_t kFarewellBytes = 96;

/// The peer's FIN has come. Where a RST has followed it, in answer to what we sent, the kernel keeps EPIPE for us;
/// after a RST without FIN it was ECONNRESET, which libcurl has been told already.
bool fin_has_come(int socket, const tcp_info& info) {
  if (info.tcpi_state == kCloseWait) return true;
  int pending = 0;
  socklen_t size = sizeof pending;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &pending, &size) == 0 && pending == EPIPE;
}

}  // namespace

ConnectionEnd examine_end(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  if (size < offsetof(tcp_info, tcpi_bytes_retrans) + sizeof info.tcpi_bytes_retrans) return {};
  ConnectionEnd end;
  end.by_peer = info.tcpi_state == kCloseWait || info.tcpi_state == kClosed;
  // bytes_acked counts our SYN as well.
  const auto given_out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes + 1;
  end.all_acknowledged = info.tcpi_bytes_acked + kFarewellBytes >= given_out;
  end.unheard = !end.all_acknowledged && fin_has_come(socket, info);
  return end;
}

std::uint64_t bytes_received(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ? 0
                                                                                          : info.tcpi_bytes_received;
}

}  // namespace ptb
