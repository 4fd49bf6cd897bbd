#include "http/worker_pool.h"

namespace host {

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_waiting) : max_jobs_(threads + max_waiting) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  more_.notify_all();
}

bool WorkerPool::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (busy_ + jobs_.size() >= max_jobs_) return false;
    jobs_.push_back(std::move(job));
  }
  more_.notify_one();
  return true;
}

void WorkerPool::forget_waiting() {
  // Destroyed after the lock: the end of a job may take locks of others.
  std::deque<Job> forgotten;
  const std::lock_guard lock(mutex_);
  forgotten.swap(jobs_);
}

std::size_t WorkerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [&] { return ends_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      ++busy_;
      lock.unlock();
      job();
    }
    lock.lock();
    --busy_;
  }
}

}  // namespace host
