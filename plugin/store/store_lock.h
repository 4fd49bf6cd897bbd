// The lock file beside a store: one bridge at a time, also within one process. Knows nothing of what it guards.
#pragma once

#include <unistd.h>

#include <string>

#include "core/result.h"

namespace ptb {

/// An exclusive flock on PATH.lock, on a file description of its own. The file stays when the lock goes: removing it
/// would let two processes lock two files of the same name.
class StoreLock {
 public:
  /// Errors: Status::locked where somebody else has it, Status::store where the file cannot be made.
  static Result<StoreLock> take(const std::string& store_path);

  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  ~StoreLock();

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
  pid_t taken_by_ = ::getpid();
};

}  // namespace ptb
