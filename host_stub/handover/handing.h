// The side that hands a command over to the process which holds its state directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "global_options.h"

namespace host {

/// The exit status of the command, carried out by the process that listens in the state directory; empty where none
/// does, so that it is this process' to carry out. `words`: after the program's name. Throws Refusal where the other
/// process ends, or belongs to somebody else.
std::optional<int> hand_over(const GlobalOptions& options, const std::vector<std::string>& words);

}  // namespace host
