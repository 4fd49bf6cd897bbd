// Reads course packages: Common Cartridges 1.0 to 1.3 and thin ones, Canvas exports, Moodle backups and Blackboard
// exports. Which of them a file is, its content says, never its name. What is read of each: docs/packages.md.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// What is in the file `path`. A link without anything that could launch it is no error: it is left out, counted and
/// warned of. The error is one line that names the package, what is wrong with it (not an archive, truncated,
/// encrypted, over a limit, a name that leads outside, nothing that says what it is, XML that is none, a missing file)
/// and what to do.
tl::expected<Cartridge, std::string> read_package(const std::string& path, const CartridgeLimits& limits = {});

}  // namespace host
