#include "store/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ptb {

namespace {

/// Bytes of the file that have their place on the disk.
std::int64_t placed_bytes(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return 0;
  return status.st_blocks * 512LL;
}

bool says_full(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

bool DiskReserve::take() {
  if (taken_) return true;
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return !says_full(errno);
  int error = 0;
  if (placed_bytes(descriptor) < bytes_) {
    error = ::posix_fallocate(descriptor, 0, bytes_);
    // A part of it would be in the way of everybody.
    if (error != 0) ::unlink(path_.c_str());
  }
  ::close(descriptor);
  taken_ = error == 0;
  return !says_full(error);
}

bool DiskReserve::give_up() {
  taken_ = false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace ptb
