// A proxy tool on loopback, in a thread of the test: answers SUCCESS to all, and notes which event it heard when, and
// from which LMS process. Knows nothing of the plugin and checks no MAC.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ptb::test {

class RecordingTool {
 public:
  struct Heard {
    std::chrono::steady_clock::time_point at;
    std::string tool;   ///< the last part of the request's path
    std::string event;  ///< event_id
    std::string from;   ///< tcbaseurl
  };

  RecordingTool();
  ~RecordingTool();
  RecordingTool(const RecordingTool&) = delete;
  RecordingTool& operator=(const RecordingTool&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// Each answer is kept back for so long.
  void slow_down(int milliseconds) { delay_ms_ = milliseconds; }
  std::vector<Heard> heard();
  std::size_t count();

 private:
  struct Client {
    std::string in;
    std::chrono::steady_clock::time_point answer_at;
    bool asked = false;
  };
  void serve();
  bool read_from(int socket, Client& client);
  void take_request(const std::string& head, const std::string& body);

  int listening_ = -1;
  int port_ = 0;
  std::atomic<int> delay_ms_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<Heard> heard_;
  std::thread thread_;  ///< last: started when all else is there
};

}  // namespace ptb::test
