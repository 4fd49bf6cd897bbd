// What a tool has answered to one call of the vendor check, read twice: generously, as what it means, and strictly, as
// what the bridge would take. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/http_client.h"

namespace host {

enum class Said { success, error, unclear };

struct ToolAnswer {
  bool came = false;  ///< an HTTP answer, whatever it says
  HttpFault fault;    ///< where none came
  HttpAnswer http;
  Said said = Said::unclear;  ///< 2xx, and which of the two words is in it, however it is dressed
  bool legal = false;         ///< 2xx, and one of the two bodies of the protocol
  std::string sent;           ///< the call, for a person

  [[nodiscard]] bool success() const { return said == Said::success; }
  [[nodiscard]] bool timed_out() const { return !came && fault.kind == HttpFault::Kind::timed_out; }
  /// One line: "HTTP 200 after 12 ms: <result>ERROR<result>", "no answer: …".
  [[nodiscard]] std::string text() const;
};

/// True for <result>SUCCESS<result> or <result>ERROR<result>, closed or not, with white space, a byte order mark and an
/// XML declaration around (proxy-tool-protocol §1).
bool is_legal_body(std::string_view body);

/// The word in it: SUCCESS or ERROR, in any case, but not both.
Said word_in(std::string_view body);

/// `http` and what it says.
ToolAnswer read_answer(HttpAnswer http);

/// For a report: what is no printable character is made visible (line ends too, unless `keep_lines`), and what is
/// longer than `limit` bytes is cut.
std::string printable_text(std::string_view text, std::size_t limit, bool keep_lines = false);

}  // namespace host
