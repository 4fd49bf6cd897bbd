// Judges a story by what was seen from outside ptb-host. Pure: knows promises P1 to P5, no process and no file.
#pragma once

#include <string>
#include <vector>

#include "crash/chronicle.h"

namespace ptb::test {

/// Every promise that the story has broken, one line each; empty: all was kept.
std::vector<std::string> broken_promises(const Chronicle& chronicle);

}  // namespace ptb::test
