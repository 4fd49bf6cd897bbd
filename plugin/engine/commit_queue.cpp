#include "engine/commit_queue.h"

namespace ptb {

namespace {

/// One commit takes at most this many events, so that the last in a crowd is not kept waiting by one enormous
/// transaction.
constexpr std::size_t kMaxEventsPerCommit = 4096;

}  // namespace

Result<void> CommitQueue::submit(CaptureBatch& batch) {
  std::unique_lock lock(mutex_);
  const bool leads = !may_join(batch.items.size());
  const std::shared_ptr<Group> group = leads ? std::make_shared<Group>() : groups_.back();
  group->batches.push_back(&batch);
  group->events += batch.items.size();
  if (leads) {
    groups_.push_back(group);
    lead(group, lock);
  } else {
    group->ended.wait(lock, [&] { return group->done; });
  }
  if (group->error) return fail(*group->error);
  return {};
}

bool CommitQueue::may_join(std::size_t events) const {
  return !groups_.empty() && !groups_.back()->closed && groups_.back()->events + events <= kMaxEventsPerCommit;
}

void CommitQueue::lead(const std::shared_ptr<Group>& group, std::unique_lock<std::mutex>& lock) {
  group->turn.wait(lock, [&] { return groups_.front() == group; });
  group->closed = true;
  lock.unlock();
  try {
    const Result<void> committed = commit_(group->batches);
    if (!committed) group->error = committed.error();
  } catch (...) {
    // Whoever is behind must not wait for ever for a front that is gone.
    group->error = Error{Status::internal, "the commit that this capture was part of met a fault: capture again"};
    end_front(lock);
    throw;
  }
  end_front(lock);
}

/// Those whose commit is done are told after the lock is let go, so that none wakes only to wait for it; and before the
/// next front, so that what they capture next is in time for the commit after.
void CommitQueue::end_front(std::unique_lock<std::mutex>& lock) {
  lock.lock();
  const std::shared_ptr<Group> ended = std::move(groups_.front());
  groups_.pop_front();
  ended->done = true;
  const std::shared_ptr<Group> next = groups_.empty() ? nullptr : groups_.front();
  lock.unlock();
  ended->ended.notify_all();
  if (next) next->turn.notify_one();
}

}  // namespace ptb
