// A server that a test runs and ends: not as root, since such servers refuse to be, and never for longer than the test
// lives, however that ends.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ptb::test {

class UnprivilegedProcess {
 public:
  UnprivilegedProcess() = default;
  ~UnprivilegedProcess() { end(9); }
  UnprivilegedProcess(const UnprivilegedProcess&) = delete;
  UnprivilegedProcess& operator=(const UnprivilegedProcess&) = delete;

  /// What it prints is appended to the file. `dying_signal`: it gets this one when the test is no more.
  void start(const std::vector<std::string>& command, const std::string& log, int dying_signal);
  /// Exit status; -1 where a signal ended it.
  int wait();
  /// Sends the signal and waits until it has ended. Nothing where it does not run.
  void end(int signal);
  [[nodiscard]] bool is_running();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

/// Makes the file or directory belong to the user under whom such processes run.
void give_away(const std::string& path);

}  // namespace ptb::test
