// Result<T>: a value, or why there is none. For failures of the environment and bad input; what a tool answered is an
// Outcome. Knows nothing of the C boundary but its status numbers.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace ptb {

/// Values equal the PTB_E_ statuses of ptbridge.h; abi/ asserts that.
enum class Status : std::int32_t {
  argument = 1,
  abi = 2,
  state = 3,
  store = 4,
  locked = 5,
  newer = 6,
  damaged = 7,
  host = 8,
  not_found = 9,
  timeout = 10,
  refused = 11,
  internal = 12,
};

/// One line for a person: what was wrong, where, and what to do.
struct Error {
  Status status = Status::internal;
  std::string text;
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Status status, std::string text) {
  return tl::unexpected<Error>(Error{status, std::move(text)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace ptb
