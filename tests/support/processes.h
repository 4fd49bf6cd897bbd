// Programs run from tests as a user runs them: ptb-host, and the reference tool beside it. Knows only their command
// lines, and reads only what they print and log.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ptb::test {

using Json = nlohmann::json;
using Environment = std::map<std::string, std::string>;

/// A directory that is gone when the test is.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  /// Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

/// What a program that has ended left behind.
struct Ran {
  int status = -1;  ///< exit status; -SIGNAL where a signal ended it
  std::string out;
  std::string err;
  [[nodiscard]] Json json() const { return Json::parse(out); }
};

/// A program that runs beside the test. Killed at the end of its life if it still runs.
class Process {
 public:
  Process(const std::vector<std::string>& command, const Environment& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits until it has ended, killing it after `at_most`.
  Ran wait(std::chrono::seconds at_most = std::chrono::seconds(60));
  [[nodiscard]] bool running();

 private:
  void drain();
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ran ran_;
};

/// The reference tool, `ptb-host receive`, on a free port that stays the same over restarts.
class Receiver {
 public:
  explicit Receiver(const Scratch& scratch, const std::string& name = "tool");
  void start(const std::string& script = "ok*");
  /// Ends it, politely.
  void stop();
  /// Waits until it has ended by itself.
  void wait_gone();
  [[nodiscard]] int port() const { return port_; }
  /// Requests so far, as logged before each was answered.
  [[nodiscard]] std::vector<Json> log() const;
  /// Of those: the ones that carry an event, as "KIND:ANSWER" in the order of arrival.
  [[nodiscard]] std::vector<std::string> heard() const;
  /// A parameter of a logged request, or "".
  static std::string parameter(const Json& line, const std::string& name);
  [[nodiscard]] const std::string& secret_file() const { return secret_file_; }
  [[nodiscard]] const std::string& log_file() const { return log_file_; }

 private:
  std::string directory_;
  std::string secret_file_;
  std::string log_file_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

/// One state directory, and commands on it.
class PtbHost {
 public:
  explicit PtbHost(const Scratch& scratch, const std::string& name = "state");
  /// Runs a command to its end. `--json` is added.
  Ran run(std::vector<std::string> arguments, const Environment& environment = {}) const;
  /// Starts one beside the test.
  [[nodiscard]] std::unique_ptr<Process> start(std::vector<std::string> arguments,
                                               const Environment& environment = {}) const;
  /// Runs it and expects that it succeeds; its JSON.
  Json ok(std::vector<std::string> arguments) const;
  [[nodiscard]] const std::string& state() const { return state_; }

  /// Global options put before every command.
  std::vector<std::string> options;

 private:
  [[nodiscard]] std::vector<std::string> command(std::vector<std::string> arguments) const;
  std::string state_;
};

/// A registration document that names every action of the protocol, at one base URL. `without`: leave this action out.
/// Each action has the fixed parameter action=TYPE.
std::string descriptor(const std::string& vendor, const std::string& program, const std::string& base_url,
                       const std::string& without = {}, bool content_handler = true);

/// Path of the ptb-host that was built with these tests.
std::string ptb_host_program();

}  // namespace ptb::test
