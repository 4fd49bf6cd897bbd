#include "transport/request_heard.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace ptb {

namespace {

constexpr int kCloseWait = 8;  // TCP_CLOSE_WAIT of the kernel's state machine

/// The peer's FIN has come. Where a RST has followed it, in answer to what we sent, the kernel keeps EPIPE for us;
/// after a RST without FIN it is ECONNRESET.
bool fin_has_come(int socket, const tcp_info& info) {
  if (info.tcpi_state == kCloseWait) return true;
  int pending = 0;
  socklen_t size = sizeof pending;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &pending, &size) == 0 && pending == EPIPE;
}

}  // namespace

bool closed_before_hearing(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  if (size < offsetof(tcp_info, tcpi_bytes_retrans) + sizeof info.tcpi_bytes_retrans) return false;
  // bytes_acked counts our SYN as well.
  const auto sent = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
  const bool all_acknowledged = info.tcpi_notsent_bytes == 0 && info.tcpi_bytes_acked >= sent + 1;
  return !all_acknowledged && fin_has_come(socket, info);
}

}  // namespace ptb
