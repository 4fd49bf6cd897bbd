// Whose turn it is to pump: a lock that can be waited for until a time. Made of a condition variable, since the thread
// sanitizer of GCC 12 does not see how std::timed_mutex waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ptb {

/// For std::unique_lock.
class Turn {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    free_.wait(guard, [this] { return !taken_; });
    taken_ = true;
  }
  bool try_lock() {
    const std::lock_guard guard(mutex_);
    if (taken_) return false;
    taken_ = true;
    return true;
  }
  bool try_lock_for(std::chrono::milliseconds at_most) {
    std::unique_lock guard(mutex_);
    if (!free_.wait_for(guard, at_most, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
  }
  void unlock() {
    const std::lock_guard guard(mutex_);
    taken_ = false;
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace ptb
