// Threads that do one job after another, and a bounded line of jobs that wait for them. Knows nothing of HTTP.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace host {

class WorkerPool {
 public:
  using Job = std::function<void()>;

  WorkerPool(std::size_t threads, std::size_t max_waiting);
  /// Does what still waits, then ends.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False where too many wait already. A job throws nothing.
  bool post(Job job);
  /// Forgets the jobs that no thread has begun.
  void forget_waiting();
  [[nodiscard]] std::size_t waiting() const;

 private:
  void work();

  const std::size_t max_jobs_;  // under work and waiting
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Job> jobs_;
  std::size_t busy_ = 0;
  bool ends_ = false;
  std::vector<std::jthread> threads_;  // last: ended first
};

}  // namespace host
