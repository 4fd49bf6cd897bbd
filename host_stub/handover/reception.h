// The side that carries commands out: listens in the state directory, mode 0600, and runs each command on a thread of
// its own, which prints to the terminal that the command was typed on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "global_options.h"
#include "handover/line_message.h"

namespace host {

class Reception {
 public:
  /// `options.house` is what the commands work in. Throws Refusal where it cannot listen.
  Reception(const GlobalOptions& options, RunLine run_line);
  /// Takes no more commands, and waits for those that run.
  ~Reception();
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  /// Takes no more commands, and gives each that runs its `times`-th Ctrl-C, if it has not had it yet. From any thread.
  void interrupt(int times = 1);

 private:
  struct Guest {
    Descriptor socket;
    Interrupts interrupts = 0;
    bool one_too_many = false;
    std::atomic<bool> listens = false;  ///< the line has been read: what comes now is Ctrl-C
    std::atomic<bool> gone = false;     ///< whoever typed it is not there any more
    std::atomic<bool> done = false;
    std::jthread thread;  ///< last: ended first
  };
  void listen();
  void close();
  void wake() const;
  void run();
  void welcome();
  void serve(Guest& guest);
  void hear(Guest& guest) const;
  void pass_interrupts_on();

  GlobalOptions options_;
  RunLine run_line_;
  Descriptor directory_;
  Descriptor listening_;
  std::list<std::unique_ptr<Guest>> guests_;
  Descriptor woken_;
  std::atomic<bool> closing_ = false;
  Interrupts wanted_interrupts_ = 0;
  std::thread thread_;
};

}  // namespace host
