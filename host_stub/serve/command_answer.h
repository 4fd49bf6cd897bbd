// Runs a command for somebody who is not at a terminal: what it would print as JSON is the answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "global_options.h"
#include "plugin.h"

namespace host {

using Command = std::function<int(const GlobalOptions&)>;

struct CommandAnswer {
  int status = 0;                  ///< exit status
  Json value;                      ///< null where it printed nothing
  std::vector<std::string> notes;  ///< what it said beside: warnings, or why it failed
};

/// Runs the command on this thread, with --json. Throws what the command throws.
CommandAnswer run_command(GlobalOptions options, const Command& command);

}  // namespace host
