// A `ptb-host serve` to measure, in a process of its own, with what is asked of it over HTTP, and clients that keep it
// busy. Knows nothing of figures.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace bench {

class ServeProcess {
 public:
  /// Starts `program`, with `plugin`, on a new state in `directory`. Throws where it does not come up.
  ServeProcess(const std::filesystem::path& program, const std::filesystem::path& plugin,
               const std::filesystem::path& directory);
  ~ServeProcess();
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// The body of the answer. Throws where its status is not 200.
  std::string ask(const std::string& method, const std::string& target, const std::string& body = {}) const;

 private:
  pid_t process_ = -1;
  int port_ = 0;
  std::string token_;
};

/// While it lives: event streams that are open and silent, and pages and reports that are read at a steady rate.
class ServeLoad {
 public:
  ServeLoad(int port, int streams, int requests_per_second);
  /// Throws nothing; look at requests() before.
  ~ServeLoad();
  ServeLoad(const ServeLoad&) = delete;
  ServeLoad& operator=(const ServeLoad&) = delete;

  /// That were answered so far with 200.
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void listen();
  void read_on();

  int port_;
  int per_second_;
  std::vector<int> streams_;
  std::atomic<int> requests_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread listening_;
  std::thread reading_;
};

}  // namespace bench
