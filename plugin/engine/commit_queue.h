// Captures of many threads share commits: whoever stands in front commits for all behind it, so a lone caller waits for
// nobody and a crowd pays for one sync. Knows nothing of what is committed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

#include "core/result.h"
#include "core/store.h"

namespace ptb {

class CommitQueue {
 public:
  using Commit = std::function<Result<void>(std::span<CaptureBatch* const>)>;

  explicit CommitQueue(Commit commit) : commit_(std::move(commit)) {}

  /// Returns when the batch is committed, by this thread or another, or has failed. Any thread.
  Result<void> submit(CaptureBatch& batch);

 private:
  struct Waiter {
    CaptureBatch* batch;
    bool done = false;
    std::optional<Error> error;
    std::condition_variable turn;
  };

  void release(std::size_t count, const Error* error);

  Commit commit_;
  std::mutex mutex_;
  std::deque<Waiter*> waiters_;
};

}  // namespace ptb
