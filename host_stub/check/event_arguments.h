// The events of the protocol and their arguments, on courses and items that nobody has heard of. Knows no tool.
#pragma once

#include <string>
#include <vector>

#include "receive/form.h"

namespace host {

/// The kinds of events in the order of docs/protocol.md.
const std::vector<std::string>& event_kinds();

/// What docs/protocol.md, "What is sent", says of an action of that type; new ids at every call. Empty where it says
/// nothing.
Params arguments_of(const std::string& type);

}  // namespace host
