// Threads that capture, one event a call, only while a slice lasts.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "bridge.h"
#include "measure.h"

namespace bench {

class Callers {
 public:
  /// Whom a thread calls, and for which tool.
  struct Client {
    Bridge* bridge = nullptr;
    int tool = 0;
  };

  explicit Callers(const std::vector<Client>& clients);
  /// So many threads on one bridge, all for tool number 0.
  Callers(Bridge& bridge, int count);
  ~Callers();
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  /// The events that they have captured together. Throws what one of them has run into.
  Sample slice(std::chrono::milliseconds duration);

 private:
  void work(Client client);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t turn_ = 0;
  std::int64_t end_ns_ = 0;
  std::size_t running_ = 0;
  double work_ = 0;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace bench
