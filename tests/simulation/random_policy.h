// A delivery policy by chance: a preset, or a document put together from valid parts.
#pragma once

#include <string>

#include "chance.h"

namespace ptb::test {

/// A preset's name or a document.
std::string random_policy(Chance& chance);

}  // namespace ptb::test
