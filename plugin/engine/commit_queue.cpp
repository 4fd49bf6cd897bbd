#include "engine/commit_queue.h"

#include <algorithm>
#include <vector>

namespace ptb {

namespace {

/// One commit takes at most this many events, so that the last in a crowd is not kept waiting by one enormous
/// transaction.
constexpr std::size_t kMaxEventsPerCommit = 4096;

}  // namespace

Result<void> CommitQueue::submit(CaptureBatch& batch) {
  Waiter self{&batch, false, std::nullopt, {}};
  std::unique_lock lock(mutex_);
  waiters_.push_back(&self);
  self.turn.wait(lock, [&] { return self.done || waiters_.front() == &self; });
  if (!self.done) {
    std::vector<CaptureBatch*> group;
    std::size_t events = 0;
    for (const Waiter* waiter : waiters_) {
      events += waiter->batch->items.size();
      if (!group.empty() && events > kMaxEventsPerCommit) break;
      group.push_back(waiter->batch);
    }
    lock.unlock();
    const Result<void> committed = commit_(group);
    lock.lock();
    for (std::size_t i = 0; i < group.size(); ++i) {
      Waiter* const waiter = waiters_.front();
      waiters_.pop_front();
      waiter->done = true;
      if (!committed) waiter->error = committed.error();
      if (waiter != &self) waiter->turn.notify_one();
    }
    if (!waiters_.empty()) waiters_.front()->turn.notify_one();
  }
  if (self.error) return fail(std::move(*self.error));
  return {};
}

}  // namespace ptb
