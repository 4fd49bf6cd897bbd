// See callers.h.
#include "callers.h"

namespace bench {

Callers::Callers(const std::vector<Client>& clients) {
  for (const Client& client : clients) threads_.emplace_back([this, client] { work(client); });
}

Callers::Callers(Bridge& bridge, int count)
    : Callers(std::vector<Client>(static_cast<std::size_t>(count), Client{&bridge, 0})) {}

Callers::~Callers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Sample Callers::slice(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  const std::int64_t start = monotonic_ns();
  work_ = 0;
  end_ns_ = start + std::chrono::nanoseconds(duration).count();
  running_ = threads_.size();
  ++turn_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return running_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
  return {work_, static_cast<double>(monotonic_ns() - start) / 1e9};
}

void Callers::work(Client client) {
  EventArray event(1);
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || turn_ != seen; });
    if (ending_) return;
    seen = turn_;
    const std::int64_t end_ns = end_ns_;
    lock.unlock();
    double done = 0;
    std::exception_ptr failure;
    try {
      while (monotonic_ns() < end_ns) {
        event.renew(client.tool);
        client.bridge->capture(event);
        ++done;
      }
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    work_ += done;
    if (failure) failure_ = failure;
    if (--running_ == 0) changed_.notify_all();
  }
}

}  // namespace bench
