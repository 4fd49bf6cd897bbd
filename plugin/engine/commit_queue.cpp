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
    std::size_t count = 0;
    try {
      std::vector<CaptureBatch*> group;
      std::size_t events = 0;
      for (const Waiter* waiter : waiters_) {
        events += waiter->batch->items.size();
        if (count > 0 && events > kMaxEventsPerCommit) break;
        group.push_back(waiter->batch);
        ++count;
      }
      lock.unlock();
      const Result<void> committed = commit_(group);
      lock.lock();
      release(count, committed ? nullptr : &committed.error());
    } catch (...) {
      // Whoever is behind must not wait for ever for a front that is gone.
      if (!lock.owns_lock()) lock.lock();
      const Error error{Status::internal, "the commit that this capture was part of met a fault: capture again"};
      release(std::max<std::size_t>(count, 1), &error);
      throw;
    }
  }
  if (self.error) return fail(std::move(*self.error));
  return {};
}

/// Ends the turn of the first `count` waiters and gives it to the next.
void CommitQueue::release(std::size_t count, const Error* error) {
  for (; count > 0; --count) {
    Waiter* const waiter = waiters_.front();
    waiters_.pop_front();
    waiter->done = true;
    if (error != nullptr) waiter->error = *error;
    waiter->turn.notify_one();
  }
  if (!waiters_.empty()) waiters_.front()->turn.notify_one();
}

}  // namespace ptb
