// The recorder's pages as HTML, made from templates. Knows what a request looks like; knows no sockets and changes
// nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "receive/recorder.h"

namespace host {

/// What the pages say besides the requests.
struct RecorderView {
  std::string wire;
  std::string script;
  bool has_secret = false;
  bool has_log = false;
};

/// A script that was typed wrong.
struct ScriptProblem {
  std::string typed;
  std::string text;
};

/// The page at /: counts, faults, the latest requests with numbers below `before` (none: live).
Page requests_page(const Recorder& recorder, const RecorderView& view, std::optional<std::uint64_t> before,
                   const std::optional<ScriptProblem>& problem = {});

/// Rows of that page with numbers above `after`: what its script puts in.
Page rows_page(const Recorder& recorder, std::uint64_t after);

Page request_page(const Recorded& recorded, const RecorderView& view, bool has_older, bool has_newer);

/// A line that says why there is no such page.
Page no_page(std::uint32_t status, const std::string& text, const RecorderView& view);

Page recorder_script();

}  // namespace host
