// Reads a log of the reference tool back, for whoever wants to prove something from it. Knows nothing of the server.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "receive/log_line.h"

namespace host {

/// Hands each line of the log to `take`, in order, holding one at a time. A last line without its newline is no line
/// yet: the tool has died, or is still writing it, and has not answered. The error names file and line number.
tl::expected<void, std::string> for_each_log_line(const std::string& path, const std::function<void(LogLine&&)>& take);

/// The whole log. A file that does not exist is an error.
tl::expected<std::vector<LogLine>, std::string> read_log(const std::string& path);

}  // namespace host
