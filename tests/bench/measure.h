// Taking a rate: loops bounded by time, and the slices of a round added up. Two things compared run in turns of some
// tens of milliseconds, so that a disk that stalls or a neighbour that computes falls on both. Knows nothing of what is
// measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

namespace bench {

/// Work done and the time it took.
struct Sample {
  double work = 0;
  double seconds = 0;
  [[nodiscard]] double rate() const { return seconds > 0 ? work / seconds : 0; }
  Sample& operator+=(const Sample& other) {
    work += other.work;
    seconds += other.seconds;
    return *this;
  }
};

/// The person at the terminal has asked to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

/// SIGINT and SIGTERM end the run at the next slice, so that the workspace is removed.
void watch_for_interrupt();
/// Throws Interrupted after such a signal.
void check_interrupt();

std::int64_t monotonic_ns();
/// CPU time of this process, all threads.
std::int64_t process_cpu_ns();

/// Repeats `step` (which returns the work it did) until `duration` has passed; at least once.
Sample run_for(std::chrono::milliseconds duration, const std::function<double()>& step);

/// Runs the contenders in turns, `slices` times each, the order reversed every other time. One sum a contender.
using Slice = std::function<Sample()>;
std::vector<Sample> interleave(int slices, const std::vector<Slice>& contenders);

/// Pins the calling thread, and what it starts, to one CPU for the life of the object.
class Pinned {
 public:
  explicit Pinned(int cpu);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  std::vector<int> before_;
};

/// CPUs that this process may use.
std::vector<int> usable_cpus();

}  // namespace bench
