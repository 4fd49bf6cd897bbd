// Only in ptbridge_crash.so, which the crash tests load: PTB_KILL_AT=NAME:N kills the process, as kill -9 does, when it
// comes to the fault point NAME for the N-th time; PTB_POINTS_SEEN=FILE appends every name once.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>

#include "core/fault_point.h"

namespace {

/// No destructor: the process may exit while the bridge's thread comes to a point.
struct KillAt {
  std::array<char, 100> name{};
  std::atomic<long> left = 0;
};

KillAt& kill_at() {
  static KillAt wanted;
  static const bool read = [] {
    const char* const text = std::getenv("PTB_KILL_AT");
    if (text == nullptr) return false;
    const char* const colon = std::strrchr(text, ':');
    const auto size = colon == nullptr ? std::strlen(text) : static_cast<std::size_t>(colon - text);
    if (size >= wanted.name.size()) abort();
    std::memcpy(wanted.name.data(), text, size);
    wanted.left = colon == nullptr ? 1 : std::atol(colon + 1);
    return true;
  }();
  static_cast<void>(read);
  return wanted;
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
  if (std::strcmp(wanted.name.data(), name) == 0 && --wanted.left == 0) kill(getpid(), SIGKILL);
}

[[gnu::constructor]] void install() { ptb::fault_point_hook = at_point; }

}  // namespace
