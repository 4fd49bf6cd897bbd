// What libcurl and OpenSSL need once in a process, done so that a host which uses them too notices nothing, and what
// libcurl leaves open that must not reach the host's other threads and children.
#pragma once

#include <curl/curl.h>

#include <csignal>

#include "core/result.h"

namespace ptb {

/// Initialises libcurl and OpenSSL, once. Nothing of it is undone later: the host may have come to rely on libcurl
/// being initialised. Errors: Status::internal.
Result<void> prepare_curl();

/// Marks the two sockets by which libcurl wakes this handle as close-on-exec. Best effort: libcurl does not tell which
/// ones they are.
void close_wake_sockets_on_exec(CURLM* multi);

/// While it lives this thread takes no signal but those that its own faults raise, and a SIGPIPE of ours is swallowed;
/// where the caller had SIGPIPE blocked already, one that is pending afterwards is left to the caller. Threads started
/// meanwhile (libcurl's name look-ups) keep that for good.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
  bool pipe_was_blocked_ = false;
};

}  // namespace ptb
