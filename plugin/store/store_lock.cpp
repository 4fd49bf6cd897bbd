#include "store/store_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ptb {

Result<StoreLock> StoreLock::take(const std::string& store_path) {
  const std::string path = store_path + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return fail(Status::store, fmt::format("cannot open the lock file {}: {}; the directory must exist and be writable",
                                           path, std::generic_category().message(errno)));
  StoreLock lock(descriptor);
  int taken = 0;
  do taken = ::flock(descriptor, LOCK_EX | LOCK_NB);
  while (taken != 0 && errno == EINTR);
  if (taken == 0) return lock;
  if (errno == EWOULDBLOCK)
    return fail(
        Status::locked,
        fmt::format("store {} is open in another bridge: close that one first, or use another store", store_path));
  return fail(Status::store, fmt::format("cannot lock {}: {}; use a file system that has flock", path,
                                         std::generic_category().message(errno)));
}

StoreLock::StoreLock(StoreLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), taken_by_(other.taken_by_) {}

StoreLock& StoreLock::operator=(StoreLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(taken_by_, other.taken_by_);
  return *this;
}

StoreLock::~StoreLock() {
  if (descriptor_ < 0) return;
  // A child that was forked meanwhile shares the lock: closing alone would leave it locked as long as the child lives.
  if (::getpid() == taken_by_) ::flock(descriptor_, LOCK_UN);
  ::close(descriptor_);
}

}  // namespace ptb
