// Reads Blackboard's own course exports and archives, of which the content of tools and the groups matter here. Knows
// nothing of other packages.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// Content of a handler that is not Blackboard's own waits under the locator that its handle names by convention. The
/// error is one line without the name of the package.
tl::expected<Cartridge, std::string> read_blackboard(const std::string& path, std::string_view manifest_xml,
                                                     const CartridgeLimits& limits);

}  // namespace host
