// See state_directory.h.
#include "state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

namespace host {

namespace {

constexpr int kPatienceMs = 2'000;
constexpr int kLookEveryMs = 20;

}  // namespace

StateDirectory::StateDirectory(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code none;
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), none);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
    refuse("cannot create the state directory {}: {}; choose another one with --state", path_.string(),
           std::strerror(errno));
  check();
  lock();
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

void StateDirectory::check() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0)
    refuse("cannot look at the state directory {}: {}", path_.string(), std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) refuse("{} is not a directory: choose another one with --state", path_.string());
  if (status.st_uid != ::geteuid() && ::geteuid() != 0)
    refuse("the state directory {} belongs to another user: choose another one with --state", path_.string());
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    refuse("others can write to the state directory {}: close it with chmod 700 {}", path_.string(), path_.string());
  if (::access(path_.c_str(), W_OK | X_OK) != 0)
    refuse("the state directory {} is not writable ({}): make it so, or choose another one with --state",
           path_.string(), std::strerror(errno));
}

void StateDirectory::lock() {
  const auto file = path_ / "lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) refuse("cannot write to the state directory {}: {}", path_.string(), std::strerror(errno));
  bool held = ::flock(lock_, LOCK_EX | LOCK_NB) != 0;
  // Most commands are over in a moment.
  for (int waited_ms = 0; held && waited_ms < kPatienceMs; waited_ms += kLookEveryMs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookEveryMs));
    held = ::flock(lock_, LOCK_EX | LOCK_NB) != 0;
  }
  if (!held) {
    const auto pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0)
      refuse("cannot write to the state directory {}: {}", path_.string(), std::strerror(errno));
    return;
  }
  std::array<char, 32> holder{};
  const auto got = ::pread(lock_, holder.data(), holder.size() - 1, 0);
  std::string pid(holder.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  pid.erase(pid.find_last_not_of('\n') + 1);
  ::close(lock_);
  lock_ = -1;
  throw StateHeld(
      fmt::format("another ptb-host (process {}) works in {}: wait until it has ended, or choose another --state",
                  pid.empty() ? "unknown" : pid, path_.string()));
}

}  // namespace host
