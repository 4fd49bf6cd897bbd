// Manners with OpenSSL inside a stranger's process: how it is begun, how its objects are freed, how its queue of errors
// is left as it was. Knows no algorithm.
#pragma once

#include <openssl/err.h>

#include <memory>

namespace ptb {

/// To be called before anything else of OpenSSL: without it OpenSSL would register an exit handler in the host's
/// process. Callable again, from any thread.
void start_openssl();

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
/// An object of OpenSSL's that is freed by that function.
template <typename T, auto Free>
using OpensslPtr = std::unique_ptr<T, FreeWith<Free>>;

/// What fails while this lives leaves no errors in the queue that the host may be reading.
class KeepErrorQueue {
 public:
  KeepErrorQueue() { ERR_set_mark(); }
  ~KeepErrorQueue() { ERR_pop_to_mark(); }
  KeepErrorQueue(const KeepErrorQueue&) = delete;
  KeepErrorQueue& operator=(const KeepErrorQueue&) = delete;
};

}  // namespace ptb
