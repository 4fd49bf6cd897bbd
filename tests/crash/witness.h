// Notes what ptb-host says it has promised: lives in the test's process, on a socket, and writes each line to a file
// and syncs it before it says "ok". Knows nothing of what the lines mean.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ptb::test {

/// A line that ptb-host has said, and in which turn of the story it said it.
struct Said {
  std::size_t turn = 0;
  std::string line;
};

class Witness {
 public:
  /// Listens on a socket at `socket_path` and appends to `file`, both new.
  Witness(std::string socket_path, const std::string& file);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }
  /// What is said from now on belongs to this turn.
  void begin_turn(std::size_t turn);
  /// Everything said since the last call, also by a process that died while it was saying it.
  std::vector<Said> take();

 private:
  void serve();
  void hear(int connection);
  void note(std::string line);

  std::string socket_path_;
  int listening_ = -1;
  int file_ = -1;
  std::mutex mutex_;  ///< guards what follows
  std::size_t turn_ = 0;
  std::vector<Said> said_;
  std::thread thread_;  ///< last: started when all else is there
};

}  // namespace ptb::test
