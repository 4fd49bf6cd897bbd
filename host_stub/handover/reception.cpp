// See reception.h.
#include "handover/reception.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "handover/outlet.h"
#include "house.h"
#include "output.h"
#include "refusal.h"

namespace host {

namespace {

constexpr int kPauseMs = 50;
constexpr std::size_t kMostGuests = 64;
constexpr timeval kLineTimeout{5, 0};  // for the whole command line to come

}  // namespace

Reception::Reception(const GlobalOptions& options, RunLine run_line)
    : options_(options), run_line_(std::move(run_line)), woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  listen();
  thread_ = std::thread([this] { run(); });
}

Reception::~Reception() {
  close();
  thread_.join();
}

void Reception::close() {
  closing_ = true;
  wake();
}

void Reception::interrupt(int times) {
  for (int had = wanted_interrupts_; had < times && !wanted_interrupts_.compare_exchange_weak(had, times);) {
  }
  close();
}

void Reception::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(::write(woken_.number(), &one, sizeof one));
}

void Reception::listen() {
  const auto& state = options_.house->directory();
  directory_ = Descriptor(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  listening_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto path = socket_path(directory_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ::unlink(path.c_str());  // of a process that was killed: the directory's lock is ours
  // The directory is closed to others, and so is the socket from the moment when it can be connected to.
  if (::bind(listening_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listening_.number(), SOMAXCONN) != 0)
    refuse("cannot listen in {}: {}", state.string(), std::strerror(errno));
}

void Reception::run() {
  while (!closing_ || !guests_.empty()) {
    if (closing_ && listening_.number() >= 0) {
      // Whoever has connected by now and was not taken carries its command out itself.
      ::unlink(socket_path(directory_).c_str());
      listening_ = Descriptor();
    }
    pass_interrupts_on();
    std::vector<pollfd> wanted{{listening_.number(), POLLIN, 0}, {woken_.number(), POLLIN, 0}};
    for (const auto& guest : guests_) wanted.push_back({guest->listens ? guest->socket.number() : -1, POLLIN, 0});
    if (::poll(wanted.data(), wanted.size(), -1) > 0) {
      std::uint64_t times = 0;
      static_cast<void>(::read(woken_.number(), &times, sizeof times));
      std::size_t at = 2;
      for (const auto& guest : guests_)
        if (wanted[at++].revents != 0) hear(*guest);
      if (wanted[0].revents != 0 && !closing_) welcome();
    }
    guests_.remove_if([](const auto& guest) { return guest->done.load(); });
  }
  if (listening_.number() >= 0) ::unlink(socket_path(directory_).c_str());
  listening_ = Descriptor();
}

/// A Ctrl-C, or the end of the process that sent the command, which is another way to press it.
void Reception::hear(Guest& guest) const {
  char byte = 0;
  const auto got = ::recv(guest.socket.number(), &byte, 1, MSG_DONTWAIT);
  if (got == 1 && byte == kInterruptByte) ++guest.interrupts;
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  if (guest.interrupts == 0) guest.interrupts = 1;
  guest.gone = true;
  guest.listens = false;
}

void Reception::pass_interrupts_on() {
  for (const auto& guest : guests_)
    if (guest->interrupts < wanted_interrupts_) guest->interrupts = wanted_interrupts_.load();
}

void Reception::welcome() {
  Descriptor socket(::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.number() < 0) {
    ::poll(nullptr, 0, kPauseMs);  // out of descriptors: others have to end first
    return;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && peer.uid != 0))
    return;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &kLineTimeout, sizeof kLineTimeout);
  auto guest = std::make_unique<Guest>();
  guest->socket = std::move(socket);
  guest->one_too_many = guests_.size() >= kMostGuests;
  auto& made = *guest;
  guests_.push_back(std::move(guest));
  made.thread = std::jthread([this, &made] {
    serve(made);
    made.done = true;
    wake();
  });
}

void Reception::serve(Guest& guest) {
  try {
    auto line = receive_line(guest.socket.number());
    if (!send_status(guest.socket.number(), kTaken)) return;
    guest.listens = true;
    wake();  // so that a Ctrl-C is waited for
    // Whoever stops reading is waited for, but not by one that is to end, nor after a second Ctrl-C.
    const auto gives_up = [&] { return guest.gone || guest.interrupts >= 2 || wanted_interrupts_ > 0; };
    const Outlet out(std::move(line.out), gives_up);
    const Outlet err(std::move(line.err), gives_up);
    if (out.stream() == nullptr || err.stream() == nullptr) return;
    const Console terminal{out.stream(), err.stream(), out.number(), err.number()};
    const ConsoleScope here(terminal);
    int status = kExitRefused;
    // Files are named as they are seen from where the command was typed; the directory is this thread's alone.
    if (::unshare(CLONE_FS) != 0 || ::fchdir(line.directory.number()) != 0) {
      print_aside(fmt::format("cannot work where the command was typed: {}", std::strerror(errno)));
    } else if (guest.one_too_many) {
      print_aside(fmt::format("{} commands work in this state directory already: try again later", kMostGuests));
    } else {
      GlobalOptions options = options_;
      options.by = line.by;
      options.interrupts = &guest.interrupts;
      status = run_line_(line.words, options);
    }
    std::fflush(out.stream());
    std::fflush(err.stream());
    send_status(guest.socket.number(), status);
  } catch (const std::exception&) {
    // Nobody is there who could be told: without a status the other side says that this one has ended.
  }
}

}  // namespace host
