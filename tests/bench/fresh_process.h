// Measurements of memory are made in a process of their own, so that nothing measured before counts. Such a process can
// be halted, so that what it is compared with runs in turns with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class FreshProcess {
 public:
  /// Runs this program again with `arguments`, the first of which is its name.
  explicit FreshProcess(const std::vector<std::string>& arguments);
  ~FreshProcess();
  FreshProcess(const FreshProcess&) = delete;
  FreshProcess& operator=(const FreshProcess&) = delete;

  void halt();
  void go_on();
  [[nodiscard]] bool has_ended() const;
  /// Waits for its end and returns what it printed. Throws where it failed.
  std::string output();

 private:
  pid_t process_ = -1;
  int output_ = -1;
};

/// Runs it to its end.
std::string output_of_fresh_process(const std::vector<std::string>& arguments);

/// VmRSS (resident now) or VmHWM (its peak) of this process, in KiB.
std::int64_t memory_kib(std::string_view which);

}  // namespace bench
