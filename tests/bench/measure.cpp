// See measure.h.
#include "measure.h"

#include <sched.h>

#include <csignal>
#include <ctime>

namespace bench {
namespace {

volatile std::sig_atomic_t interrupted = 0;

std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void set_cpus(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw std::runtime_error("cannot choose the CPU to run on");
}

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void check_interrupt() {
  if (interrupted != 0) throw Interrupted();
}

std::int64_t monotonic_ns() { return read_clock_ns(CLOCK_MONOTONIC); }
std::int64_t process_cpu_ns() { return read_clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

Sample run_for(std::chrono::milliseconds duration, const std::function<double()>& step) {
  Sample sample;
  const std::int64_t start = monotonic_ns();
  const std::int64_t limit_ns = std::chrono::nanoseconds(duration).count();
  std::int64_t elapsed = 0;
  do {
    sample.work += step();
    elapsed = monotonic_ns() - start;
  } while (elapsed < limit_ns);
  sample.seconds = static_cast<double>(elapsed) / 1e9;
  return sample;
}

std::vector<Sample> interleave(int slices, const std::vector<Slice>& contenders) {
  std::vector<Sample> sums(contenders.size());
  for (int slice = 0; slice < slices; ++slice) {
    for (std::size_t turn = 0; turn < contenders.size(); ++turn) {
      check_interrupt();
      const std::size_t which = slice % 2 == 0 ? turn : contenders.size() - 1 - turn;
      sums[which] += contenders[which]();
    }
  }
  return sums;
}

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

Pinned::Pinned(int cpu) : before_(usable_cpus()) { set_cpus({cpu}); }
Pinned::~Pinned() {
  try {
    set_cpus(before_);
  } catch (const std::exception&) {
    // The CPUs were usable a moment ago; running on fewer of them only costs time.
    return;
  }
}

}  // namespace bench
