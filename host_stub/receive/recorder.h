// The latest requests of the reference tool, for people to look at; the log keeps all. Knows no sockets and no pages.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "receive/log_line.h"

namespace host {

struct Recorded {
  std::uint64_t number = 0;  // 1, 2, 3, …, also after a clearing
  LogLine line;              // long texts are cut
  std::size_t bytes = 0;     // about what it takes
};

struct RecorderCounts {
  std::uint64_t requests = 0;
  std::uint64_t received = 0;
  std::uint64_t repeats = 0;
  std::uint64_t refused = 0;
};

class Recorder {
 public:
  static constexpr std::size_t kMaxRequests = 1000;
  static constexpr std::size_t kMaxBytes = 32 * 1024 * 1024;
  static constexpr std::size_t kMaxTextBytes = 16 * 1024;  // of one parameter or header

  const Recorded& add(LogLine line);
  /// Forgets requests and counts.
  void clear();

  [[nodiscard]] const RecorderCounts& counts() const { return counts_; }
  /// The newest first, with numbers below `before`.
  [[nodiscard]] std::vector<const Recorded*> latest(std::uint64_t before, std::size_t limit) const;
  /// nullptr: never there, or not kept any more.
  [[nodiscard]] const Recorded* find(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t last_number() const { return last_number_; }

 private:
  std::deque<Recorded> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t last_number_ = 0;
  RecorderCounts counts_;
};

}  // namespace host
