// Only in ptbridge_crash.so, which the crash tests load: PTB_KILL_AT=NAME:N kills the process, as kill -9 does, when it
// comes to the fault point NAME for the N-th time; PTB_POINTS_SEEN=FILE appends every name once.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>

#include "core/fault_point.h"

namespace {

struct KillAt {
  std::string name;
  std::atomic<long> left = 0;
};

KillAt& kill_at() {
  static KillAt* const wanted = [] {
    auto* made = new KillAt;
    if (const char* const text = std::getenv("PTB_KILL_AT"); text != nullptr) {
      const char* const colon = std::strrchr(text, ':');
      made->name.assign(text, colon == nullptr ? std::strlen(text) : static_cast<std::size_t>(colon - text));
      made->left = colon == nullptr ? 1 : std::atol(colon + 1);
    }
    return made;
  }();
  return *wanted;
}

void note_seen(const char* name) {
  static const char* const file = std::getenv("PTB_POINTS_SEEN");
  if (file == nullptr) return;
  static std::mutex mutex;
  static std::set<std::string>& seen = *new std::set<std::string>;
  const std::lock_guard lock(mutex);
  if (!seen.insert(name).second) return;
  const int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const std::string line = std::string(name) + "\n";
  if (write(fd, line.data(), line.size()) < 0) abort();
  close(fd);
}

void at_point(const char* name) {
  note_seen(name);
  KillAt& wanted = kill_at();
  if (wanted.name == name && --wanted.left == 0) kill(getpid(), SIGKILL);
}

[[gnu::constructor]] void install() { ptb::fault_point_hook = at_point; }

}  // namespace
