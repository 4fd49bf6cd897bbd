// See child_process.h.
#include "child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "measure.h"

namespace bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatienceAtEnd{5};

struct Pipe {
  int to_read = -1;
  int to_write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

bool become_nobody() {
  const passwd* const nobody = getpwnam("nobody");
  return nobody != nullptr && setgroups(0, nullptr) == 0 && setgid(nobody->pw_gid) == 0 && setuid(nobody->pw_uid) == 0;
}

std::string end_of(const std::filesystem::path& log) {
  std::ifstream file(log);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr std::size_t kShown = 1500;
  return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

/// Calls `step` until it says true, or time is up.
template <typename Step>
bool repeat(seconds at_most, Step step) {
  const std::int64_t end = monotonic_ns() + std::chrono::nanoseconds(at_most).count();
  while (!step()) {
    check_interrupt();
    if (monotonic_ns() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

}  // namespace

uid_t unprivileged_user() {
  const passwd* const nobody = geteuid() == 0 ? getpwnam("nobody") : nullptr;
  return nobody == nullptr ? static_cast<uid_t>(-1) : nobody->pw_uid;
}

ChildProcess::ChildProcess(const std::vector<std::string>& words, const ChildOptions& options)
    : name_(std::filesystem::path(words.front()).filename()), log_(options.log) {
  const Pipe in = options.talks ? make_pipe() : Pipe{open("/dev/null", O_RDONLY | O_CLOEXEC), -1};
  const Pipe out = options.talks ? make_pipe() : Pipe{};
  const int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    setpgid(0, 0);  // an interrupt at the terminal is for the benchmark, which ends this in its turn
    dup2(in.to_read, STDIN_FILENO);
    dup2(options.talks ? out.to_write : log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    if (options.unprivileged && geteuid() == 0 && !become_nobody()) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // which a change of user takes back
    execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  close(in.to_read);
  if (out.to_write >= 0) close(out.to_write);
  close(log);
  input_ = in.to_write;
  output_ = out.to_read;
  if (process_ < 0) throw std::runtime_error("cannot fork");
}

ChildProcess::~ChildProcess() {
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
  if (!running()) return;
  kill(process_, SIGINT);
  const std::int64_t end = monotonic_ns() + std::chrono::nanoseconds(kPatienceAtEnd).count();
  while (running() && monotonic_ns() < end) std::this_thread::sleep_for(milliseconds(10));
  if (!running()) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

bool ChildProcess::running() {
  if (process_ > 0 && waitpid(process_, &status_, WNOHANG) == process_) process_ = -1;
  return process_ > 0;
}

void ChildProcess::fail(const std::string& what) {
  throw std::runtime_error(fmt::format("{} {}{}\n{}", name_, what, running() ? "" : " (it has ended)", end_of(log_)));
}

void ChildProcess::say(const std::string& line) const {
  if (write(input_, (line + "\n").data(), line.size() + 1) < 0)
    throw std::runtime_error(fmt::format("{} does not listen", name_));
}

std::string ChildProcess::line(seconds at_most) {
  std::size_t end = 0;
  const bool came = repeat(at_most, [&] {
    pollfd ready{output_, POLLIN, 0};
    if (poll(&ready, 1, 0) == 1) {
      std::array<char, 4096> buffer;
      const ssize_t got = read(output_, buffer.data(), buffer.size());
      if (got <= 0) fail("has closed its stdout");
      read_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return (end = read_.find('\n')) != std::string::npos;
  });
  if (!came) fail("says nothing");
  std::string first = read_.substr(0, end);
  read_.erase(0, end + 1);
  return first;
}

void ChildProcess::wait_for(const std::function<bool()>& ready, seconds at_most) {
  const bool came = repeat(at_most, [&] {
    if (!running()) fail("did not start");
    return ready();
  });
  if (!came) fail("does not come up");
}

void ChildProcess::wait_for_end(seconds at_most) {
  if (!repeat(at_most, [&] { return !running(); })) fail("does not end");
  if (!WIFEXITED(status_) || WEXITSTATUS(status_) != 0) fail("failed");
}

}  // namespace bench
