// Captures of many threads share commits: whoever comes first commits for all who come while he waits for the commit
// before his, so a lone caller waits for nobody and a crowd pays for one sync. Knows nothing of what is committed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

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
  /// What one commit takes. The thread that began it commits it; the others sleep until all are woken at once.
  struct Group {
    std::vector<CaptureBatch*> batches;
    std::size_t events = 0;
    bool closed = false;  ///< its commit has begun
    bool done = false;
    std::optional<Error> error;
    std::condition_variable turn;   ///< told when it has become the front
    std::condition_variable ended;  ///< told when it is done
  };

  [[nodiscard]] bool may_join(std::size_t events) const;
  void lead(const std::shared_ptr<Group>& group, std::unique_lock<std::mutex>& lock);
  void end_front(std::unique_lock<std::mutex>& lock);

  Commit commit_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Group>> groups_;  ///< the front is being committed
};

}  // namespace ptb
