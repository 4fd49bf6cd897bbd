// php-fpm with FFI on a socket of its own, with a fixed number of workers, gone with the test. Knows nothing of what
// its scripts do.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/unprivileged_process.h"

namespace ptb::test {

/// "" where there is none, or it has no FFI.
std::string php_fpm_program();

class PhpFpm {
 public:
  /// `directory`: it writes there. Throws std::runtime_error with its log.
  PhpFpm(const std::string& directory, int workers);
  ~PhpFpm() { process_.end(15); }
  PhpFpm(const PhpFpm&) = delete;
  PhpFpm& operator=(const PhpFpm&) = delete;

  [[nodiscard]] std::string socket() const { return directory_ + "/fpm.sock"; }
  /// Those that live now.
  [[nodiscard]] std::vector<pid_t> workers() const;

 private:
  std::string directory_;
  UnprivilegedProcess process_;
};

}  // namespace ptb::test
