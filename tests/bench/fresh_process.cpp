// See fresh_process.h.
#include "fresh_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>

namespace bench {

std::int64_t memory_kib(std::string_view which) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(which, 0) == 0) return std::stoll(line.substr(which.size() + 1));
  }
  throw std::runtime_error("/proc/self/status does not tell the memory");
}

FreshProcess::FreshProcess(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(pipe_ends[1], STDOUT_FILENO);
    std::vector<char*> words;
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    execv("/proc/self/exe", words.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  output_ = pipe_ends[0];
  if (process_ < 0) throw std::runtime_error("cannot fork");
}

FreshProcess::~FreshProcess() {
  close(output_);
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void FreshProcess::halt() { kill(process_, SIGSTOP); }
void FreshProcess::go_on() { kill(process_, SIGCONT); }

bool FreshProcess::has_ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

std::string FreshProcess::output() {
  std::string output;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = read(output_, buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("the walk in a fresh process failed");
  return output;
}

std::string output_of_fresh_process(const std::vector<std::string>& arguments) {
  return FreshProcess(arguments).output();
}

}  // namespace bench
