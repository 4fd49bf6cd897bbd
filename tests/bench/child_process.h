// A program that runs beside the benchmark for a while, spoken to through its stdin and stdout, and is ended with the
// object, and with this process, whatever happens. Knows nothing of what the program does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bench {

struct ChildOptions {
  std::filesystem::path log;                       ///< its stderr, and its stdout where nobody reads that
  bool talks = false;                              ///< its stdin and stdout are pipes
  bool unprivileged = false;                       ///< as nobody, where this process is root
  std::map<std::string, std::string> environment;  ///< besides this process's own
};

class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& words, const ChildOptions& options);
  /// SIGINT, and SIGKILL where that is of no use for some seconds.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] bool running();
  void say(const std::string& line) const;
  /// The next line that it prints. Throws where none comes in time; the message ends with the end of its log.
  std::string line(std::chrono::seconds at_most);
  /// Waits until `ready` says so. Throws likewise.
  void wait_for(const std::function<bool()>& ready, std::chrono::seconds at_most);
  void wait_for_end(std::chrono::seconds at_most);

 private:
  [[noreturn]] void fail(const std::string& what);

  std::string name_;
  std::filesystem::path log_;
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  int status_ = 0;
  std::string read_;
};

/// The numbers of the user and the group that unprivileged children run as; -1 where this process is not root.
uid_t unprivileged_user();

}  // namespace bench
