// See handing.h.
#include "handover/handing.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "handover/line_message.h"
#include "refusal.h"
#include "session.h"

namespace host {

namespace {

constexpr int kSliceMs = 50;

/// A process that holds the directory but does not listen is left to StateDirectory, which names it.
Descriptor connect_to(const std::filesystem::path& state) {
  const Descriptor directory(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) return Descriptor();
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path(directory).c_str(), sizeof address.sun_path - 1);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Descriptor();
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && peer.uid != 0))
    refuse("the process that listens in {} belongs to another user: choose another --state", state.string());
  return socket;
}

/// "/dev/stdin" and "/dev/fd/63" (also after "--option=") name what this process has open; the other one finds it so.
std::string seen_from_outside(const std::string& word) {
  const auto own = fmt::format("/proc/{}/fd/", ::getpid());
  const std::pair<std::string_view, std::string> names[] = {
      {"/dev/stdin", own + "0"}, {"/dev/fd/", own}, {"/proc/self/fd/", own}};
  const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const auto at = equals == std::string::npos ? 0 : equals + 1;
  for (const auto& [name, outside] : names)
    if (std::string_view(word).substr(at).starts_with(name))
      return word.substr(0, at) + outside + word.substr(at + name.size());
  return word;
}

Descriptor copy_of(int number) { return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 3)); }

/// Passes each Ctrl-C on until there is something to read.
void pass_interrupts_on(int socket, const Interrupts& interrupts) {
  int passed = 0;
  for (pollfd wanted{socket, POLLIN, 0}; ::poll(&wanted, 1, kSliceMs) <= 0;)
    for (; passed < interrupts; ++passed) static_cast<void>(::send(socket, &kInterruptByte, 1, MSG_NOSIGNAL));
}

}  // namespace

std::optional<int> hand_over(const GlobalOptions& options, const std::vector<std::string>& words) {
  const auto socket = connect_to(state_path(options));
  if (socket.number() < 0) return std::nullopt;
  TypedLine line;
  for (const auto& word : words) line.words.push_back(seen_from_outside(word));
  line.by = options.by.empty() ? user_name() : options.by;
  line.directory = Descriptor(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  line.out = copy_of(STDOUT_FILENO);
  line.err = copy_of(STDERR_FILENO);
  std::int32_t status = 0;
  if (!send_line(socket.number(), line) || !receive_status(socket.number(), status)) return std::nullopt;
  catch_interrupts();
  pass_interrupts_on(socket.number(), *options.interrupts);
  if (!receive_status(socket.number(), status))
    refuse(
        "the process that works in {} ended before this command did; nothing that was accepted is lost: look with "
        "`ptb-host lanes` and `ptb-host events list`",
        state_path(options).string());
  return status;
}

}  // namespace host
