// How much waited for each tool, and how old the oldest was, over the last day: looked at now and then, kept in memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "house.h"

namespace host {

struct Sample {
  std::int64_t at_ms = 0;
  std::uint64_t waiting = 0;
};

/// The lanes' waiting events by tool, claimed lanes under the tool that has them.
std::map<std::string, std::uint64_t> waiting_in(const Json& lanes);

class Samples {
 public:
  explicit Samples(std::shared_ptr<House> house);
  ~Samples();
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  /// Oldest first: each look of the last hour, then one of every twelve. `tool` empty: the sum.
  std::vector<Sample> of(const std::string& tool);

 private:
  void run();
  void look();

  std::shared_ptr<House> house_;
  std::mutex mutex_;
  std::map<std::string, std::deque<Sample>> series_;  ///< by tool; "": the sum
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace host
