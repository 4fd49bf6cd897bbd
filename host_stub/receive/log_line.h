// One line of the reference tool's log: what came, what was found, what was answered. Knows its JSON; knows no files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "receive/form.h"

namespace host {

struct LogLine {
  std::int64_t at_ms = 0;  // when the request had been read, milliseconds since the epoch
  std::string method;
  std::string path;                            // as it came, with its query
  Params params;                               // in their order; empty where the form was refused
  std::map<std::string, std::string> headers;  // names in lower case; several of one name are joined with ", "
  std::uint64_t body_bytes = 0;
  std::optional<bool> mac_ok;  // none: not checked
  bool repeat = false;         // its event_id had been received before
  std::string answer;   // a word of fault_script.h; "page" for a GET; "status N" also where HTTP itself was wrong
  std::string problem;  // why the tool refused it; empty: it did not

  /// The value of a parameter, or the empty text.
  std::string_view param(std::string_view name) const;
};

/// True where the tool took the request in, whatever it then did to the answer: a POST, nothing wrong with it, and the
/// tool did not die before.
bool was_received(const LogLine& line);

/// True where the sender could read SUCCESS: answers "ok", "slow" and "die after".
bool said_success(const LogLine& line);

/// One line of JSON, without the newline. What is not UTF-8 in path or headers is replaced.
std::string to_json_line(const LogLine& line);

/// The error is one line that says what is wrong.
tl::expected<LogLine, std::string> parse_json_line(std::string_view text);

}  // namespace host
