#include "transport/curl_process.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <openssl/crypto.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <vector>

namespace ptb {

namespace {

/// A name look-up that was given up goes on in its thread, inside libcurl, until the resolver answers. libcurl must
/// stay mapped for it even when this library is unloaded meanwhile.
void keep_libcurl_mapped() {
  Dl_info curl{};
  Dl_info ours{};
  if (dladdr(reinterpret_cast<void*>(&curl_multi_init), &curl) == 0 || curl.dli_fname == nullptr) return;
  if (dladdr(reinterpret_cast<void*>(&keep_libcurl_mapped), &ours) != 0 && ours.dli_fbase == curl.dli_fbase) return;
  dlopen(curl.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

bool inherits_on_exec(int fd) {
  struct stat kind {};
  const int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0 && fstat(fd, &kind) == 0 &&
         (S_ISSOCK(kind.st_mode) || S_ISFIFO(kind.st_mode));
}

/// One byte is under way through this end of a pair, in either direction.
bool carries_something(int fd) {
  int incoming = 0;
  int outgoing = 0;
  return (ioctl(fd, FIONREAD, &incoming) == 0 && incoming > 0) || (ioctl(fd, SIOCOUTQ, &outgoing) == 0 && outgoing > 0);
}

std::vector<int> inherited_descriptors() {
  std::vector<int> found;
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return found;
  while (const dirent* entry = readdir(folder)) {
    char* end = nullptr;
    const long fd = std::strtol(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0' && inherits_on_exec(static_cast<int>(fd)))
      found.push_back(static_cast<int>(fd));
  }
  closedir(folder);
  return found;
}

const sigset_t& asynchronous_signals() {
  static const sigset_t kSignals = [] {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
    return all;
  }();
  return kSignals;
}

bool is_pipe_pending() {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

Result<void> prepare_curl() {
  static std::once_flag once;
  static CURLcode outcome = CURLE_FAILED_INIT;
  std::call_once(once, [] {
    // Before libcurl does it: without it OpenSSL would register an exit handler in the host's process.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    outcome = curl_global_init(CURL_GLOBAL_DEFAULT);
    keep_libcurl_mapped();
  });
  if (outcome != CURLE_OK)
    return fail(Status::internal, std::string("libcurl cannot be initialised: ") + curl_easy_strerror(outcome));
  return {};
}

void close_wake_sockets_on_exec(CURLM* multi) {
  // Found by what they do: the ends through which a wake travels, and then no longer does. Anything else is a
  // stranger's.
  std::vector<int> ends = inherited_descriptors();
  const auto keep = [&](bool wanted) { std::erase_if(ends, [&](int fd) { return carries_something(fd) != wanted; }); };
  keep(false);
  if (curl_multi_wakeup(multi) != CURLM_OK) return;
  keep(true);
  curl_multi_poll(multi, nullptr, 0, 0, nullptr);
  keep(false);
  for (const int fd : ends) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

SignalsBlocked::SignalsBlocked() {
  sigemptyset(&before_);
  pthread_sigmask(SIG_BLOCK, &asynchronous_signals(), &before_);
  pipe_was_blocked_ = sigismember(&before_, SIGPIPE) == 1;
}

SignalsBlocked::~SignalsBlocked() {
  // Where it was not blocked it cannot have been pending before.
  if (!pipe_was_blocked_ && is_pipe_pending()) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const timespec now{};
    sigtimedwait(&pipe, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace ptb
