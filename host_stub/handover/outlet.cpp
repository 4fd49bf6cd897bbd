// See outlet.h.
#include "handover/outlet.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace host {

namespace {

constexpr int kSliceMs = 100;
constexpr std::size_t kPiece = PIPE_BUF;  // what a pipe takes without waiting where poll says that it takes something

}  // namespace

Outlet::Outlet(Descriptor descriptor, std::function<bool()> gives_up)
    : descriptor_(std::move(descriptor)),
      gives_up_(std::move(gives_up)),
      stream_(::fopencookie(this, "w", {nullptr, &Outlet::write, nullptr, nullptr})) {
  if (stream_ != nullptr && ::isatty(number()) == 1) std::setvbuf(stream_, nullptr, _IOLBF, BUFSIZ);
}

Outlet::~Outlet() {
  if (stream_ != nullptr) std::fclose(stream_);
}

/// As stdio wants it: how much was written, 0 where nothing can be.
ssize_t Outlet::write(void* outlet, const char* bytes, std::size_t size) {
  const auto& own = *static_cast<const Outlet*>(outlet);
  const auto wanted = size;
  while (size > 0 && own.write_piece(bytes, size)) {
  }
  return static_cast<ssize_t>(wanted - size);
}

bool Outlet::write_piece(const char*& bytes, std::size_t& size) const {
  pollfd wanted{number(), POLLOUT, 0};
  if (::poll(&wanted, 1, kSliceMs) <= 0) {
    if (!gives_up_()) return true;
    errno = EPIPE;
    return false;
  }
  const auto written = ::write(number(), bytes, std::min(size, kPiece));
  if (written < 0) return errno == EINTR || errno == EAGAIN;
  bytes += written;
  size -= static_cast<std::size_t>(written);
  return true;
}

}  // namespace host
