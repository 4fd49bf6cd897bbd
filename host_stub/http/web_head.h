// The first lines of an answer, as bytes. Knows no sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "http/message.h"

namespace host {

enum class AfterAnswer { close, keep_alive, keep_alive_of_http_1_0 };

/// Status line and headers with the empty line at their end. `length` none: the body ends with the connection. A header
/// of the page that would break out of its line is left away.
std::string head_of(const Page& page, std::optional<std::uint64_t> length, AfterAnswer after,
                    std::chrono::system_clock::time_point now);

/// The interim answer to Expect: 100-continue.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace host
