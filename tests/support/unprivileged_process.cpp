#include "support/unprivileged_process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace ptb::test {

namespace {

struct User {
  uid_t user = 0;
  gid_t group = 0;
};

/// Nobody special; the user itself where the test does not run as root.
User unprivileged() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  for (const char* name : {"nobody", "postgres"})
    if (const passwd* const found = getpwnam(name)) return {found->pw_uid, found->pw_gid};
  throw std::runtime_error("there is no user nobody to run a server as");
}

}  // namespace

void UnprivilegedProcess::start(const std::vector<std::string>& command, const std::string& log, int dying_signal) {
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const User user = unprivileged();
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out, 1);
    dup2(out, 2);
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(user.group) != 0 || setuid(user.user) != 0)) _exit(126);
    if (chdir("/") != 0) _exit(126);
    prctl(PR_SET_PDEATHSIG, dying_signal);
    if (getppid() != parent) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out);
}

int UnprivilegedProcess::wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void UnprivilegedProcess::end(int signal) {
  if (pid_ <= 0) return;
  kill(pid_, signal);
  wait();
}

bool UnprivilegedProcess::is_running() {
  if (pid_ <= 0) return false;
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

void give_away(const std::string& path) {
  if (geteuid() != 0) return;
  const User user = unprivileged();
  if (chown(path.c_str(), user.user, user.group) != 0) throw std::runtime_error("chown failed for " + path);
}

}  // namespace ptb::test
