// What the reference tool does with each request: a script of faults. Knows nothing of sockets; it only says which step
// is next.
//
//   script    := line { (";" | newline) line }          "#" starts a comment that ends with its line
//   line      := [ "when" condition ":" ] steps         without "when": more steps of the main sequence
//   condition := NAME "=" VALUE                         a parameter of the request has exactly this value
//              | "/PATH"                                the request goes to this path (without its query)
//   steps     := step { "," step }
//   step      := act [ "*" [COUNT] ]                    act*3: three times; act*: for ever
//   act       := "ok"            <result>SUCCESS<result>
//              | "error"         <result>ERROR<result>
//              | "drop"          closes the connection without an answer
//              | "reset"         resets the connection (RST)
//              | "slow MS"       SUCCESS after MS milliseconds, 0 to 3600000
//              | "garbage"       status 200 with a body that means nothing
//              | "huge"          status 200 with a body that never ends
//              | "status N"      status N, 200 to 599, with an empty body
//              | "die before"    exits with status 42 without an answer
//              | "die after"     SUCCESS, then exits with status 42
//
// Each sequence (the main one and that of each "when") counts its own requests; its last step repeats for ever. The
// first "when" that fits takes the request, else the main sequence does; an empty main sequence is "ok*". Example: the
// tool accepts every state-change, answers one event and dies with the second:
//   when action=state-change: ok; ok, die before
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "receive/form.h"

namespace host {

enum class Act { ok, error, drop, reset, slow, garbage, huge, status, die_before, die_after };

struct Step {
  Act act = Act::ok;
  std::uint32_t number = 0;  // slow: milliseconds; status: the status
};

/// How the log names it: "ok", "error", "drop", "reset", "slow", "garbage", "huge", "status 503", "die" (before
/// answering), "die after".
std::string word_of(const Step& step);

class FaultScript {
 public:
  /// The error is one line that names the piece that is wrong.
  static tl::expected<FaultScript, std::string> parse(std::string_view text);

  /// `spec` is a script, or "@FILE" to read one from a file.
  static tl::expected<FaultScript, std::string> load(const std::string& spec);

  /// As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The step for this request; moves the sequence that it belongs to.
  Step next(std::string_view path, const Params& params);

 private:
  struct Repeated {
    Step step;
    std::uint32_t count = 1;
  };
  struct Sequence {
    std::string param;  // empty: `value` is a path
    std::string value;
    std::vector<Repeated> steps;
    std::size_t at = 0;
    std::uint32_t done = 0;  // of steps[at]
  };

  static tl::expected<std::vector<Repeated>, std::string> parse_steps(std::string_view text);
  static tl::expected<Repeated, std::string> parse_step(std::string_view text);
  static Step advance(Sequence& sequence);
  tl::expected<void, std::string> add_line(std::string_view line);

  std::string text_;
  std::vector<Sequence> rules_;
  Sequence main_;
};

}  // namespace host
