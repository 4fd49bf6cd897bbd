// See fault_switches.h.
#include "fault_switches.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "refusal.h"

namespace host {

namespace {

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

struct KillAt {
  std::string name;
  long left = 1;
};

KillAt read_kill_at() {
  const char* value = environment("PTB_HOST_KILL_AT");
  if (value == nullptr) return {};
  const std::string_view text(value);
  const auto colon = text.rfind(':');
  KillAt kill_at{std::string(text.substr(0, colon)), 1};
  if (colon != std::string_view::npos) std::from_chars(value + colon + 1, value + text.size(), kill_at.left);
  return kill_at;
}

void note_seen(const char* name) {
  static const char* const file = environment("PTB_POINTS_SEEN");
  static std::set<std::string> seen;
  if (file == nullptr || !seen.insert(name).second) return;
  const int out = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const auto line = std::string(name) + "\n";
  const bool written = out >= 0 && ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (out >= 0) ::close(out);
  if (!written) refuse("PTB_POINTS_SEEN: cannot write {}", file);
}

/// The connection to the witness, made at its first use.
class Witness {
 public:
  explicit Witness(const char* path) : path_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) refuse("PTB_WITNESS: {} is too long for a socket", path_);
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      refuse("PTB_WITNESS: cannot connect to {}: {}", path_, std::strerror(errno));
  }
  ~Witness() { ::close(socket_); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  void say(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) refuse("PTB_WITNESS: {} hung up", path_);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void hear_ok() {
    constexpr std::string_view kOk = "ok\n";
    for (std::size_t at = 0; at < kOk.size();) {
      char byte = 0;
      const auto got = ::recv(socket_, &byte, 1, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got != 1 || byte != kOk[at++]) refuse("PTB_WITNESS: {} did not say ok", path_);
    }
  }

 private:
  std::string path_;
  int socket_ = -1;
};

}  // namespace

void pass_point(const char* name) {
  static std::mutex passing;
  const std::lock_guard lock(passing);
  note_seen(name);
  static KillAt kill_at = read_kill_at();
  if (kill_at.name == name && --kill_at.left == 0) std::raise(SIGKILL);
}

bool has_witness() { return environment("PTB_WITNESS") != nullptr; }

void tell_witness(const std::vector<std::string>& lines) {
  const char* path = environment("PTB_WITNESS");
  if (path == nullptr || lines.empty()) return;
  static Witness witness(path);
  for (const auto& line : lines) {
    witness.say(line + "\n");
    witness.hear_ok();
  }
}

bool settings_must_fail() {
  const char* value = environment("PTB_HOST_FAIL_SETTINGS");
  return value != nullptr && (*value != '@' || ::access(value + 1, F_OK) == 0);
}

}  // namespace host
