// Writes Common Cartridges of LTI links: for exports, for the demo, and for tests that need one of their own.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// Writes `cartridge` to the file `path`, replacing it: the same cartridge gives the same bytes. launch_host, warnings
/// and skipped_links are not written; of `resources` there is a small file each. The error is one line; no file is left
/// then.
tl::expected<void, std::string> write_cartridge(const std::string& path, const Cartridge& cartridge);

}  // namespace host
