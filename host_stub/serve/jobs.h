// What a person began on a page and does not wait for: a save with its replay, a replay, a retry. Each runs on a thread
// of its own; what became of it is kept for a while.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "global_options.h"
#include "serve/command_answer.h"

namespace host {

struct JobView {
  std::uint64_t number = 0;
  std::string what;  ///< save, replay …
  std::string tool;  ///< V/P; may be empty
  std::string by;
  std::int64_t began_at_ms = 0;
  std::int64_t ended_at_ms = 0;  ///< 0: goes on
  bool good = false;             ///< ended with exit status 0
  bool stopping = false;
  std::uint32_t http_status = 0;   ///< of a command that was refused; else 0
  Json result;                     ///< null while it goes on, or where it came to nothing
  std::vector<std::string> notes;  ///< why it failed, and warnings
};

Json to_json(const JobView& job);

class Jobs {
 public:
  /// `changed` is called, on any thread, when a job begins or ends.
  Jobs(GlobalOptions options, std::function<void()> changed);
  /// As interrupt, and waits for them.
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  /// Throws Refusal where too many go on already. Returns its number.
  std::uint64_t begin(const std::string& what, const std::string& tool, const std::string& by, Command command);
  /// After at most `wait_ms` what has become of it.
  std::optional<JobView> wait(std::uint64_t number, std::uint32_t wait_ms);
  std::optional<JobView> find(std::uint64_t number) { return wait(number, 0); }
  /// Newest first.
  std::vector<JobView> list();
  /// Begins no more, and gives each that goes on its `times`-th Ctrl-C, if it has not had it yet. Does not wait.
  void interrupt(int times = 1);
  /// Ends what it waits for after the exchange in flight. False where there is none that goes on.
  bool stop(std::uint64_t number);

 private:
  struct Job {
    JobView view;
    Interrupts interrupts = 0;
    std::thread thread;
  };
  void run(Job& job, const Command& command);
  void forget_old();

  GlobalOptions options_;
  std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::list<std::shared_ptr<Job>> jobs_;
  std::uint64_t last_ = 0;
  bool ending_ = false;
};

}  // namespace host
