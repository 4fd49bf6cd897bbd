// Reads Canvas exports: Common Cartridges whose tools and their places are in Canvas' own files. Knows nothing of other
// packages.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// The links are the module items and the assignments that launch a tool, and those tools and resource links of the
/// course that no such place uses. The error is one line without the name of the package.
tl::expected<Cartridge, std::string> read_canvas(const std::string& path, std::string_view manifest_xml,
                                                 const CartridgeLimits& limits);

}  // namespace host
