// The HTTP servers of ptb-host: connections on 127.0.0.1, and what a fault script does to them. Does not judge calls;
// the desk it is given does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "http/message.h"
#include "receive/fault_script.h"
#include "receive/log_line.h"

namespace host {

/// What is to be done with it.
struct Reply {
  Step step;
  std::optional<Page> page;  // answered instead of what `step` says
  std::string end;           // not empty: end the server with this error, without an answer
};

/// Judges a request; whatever it wants to remember or log is done when it returns.
using Desk = std::function<Reply(const Request&)>;

/// Serves on 127.0.0.1:`port` (0: a free one) until SIGINT or SIGTERM, on this thread. `ready` gets the port once
/// connections are accepted. A larger body than `max_body_bytes` is answered 413. The error is one line.
tl::expected<void, std::string> serve(std::uint16_t port, const Desk& desk,
                                      const std::function<tl::expected<void, std::string>(std::uint16_t)>& ready,
                                      std::uint64_t max_body_bytes = 1'048'576);

}  // namespace host
