// Reads Moodle backups (.mbz), of which the LTI activities and the groups matter here. Knows nothing of other packages.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// `overview_xml`: the backup's moodle_backup.xml. An activity whose tool the backup does not describe waits under
/// SITE/site-tool-NAME. The error is one line without the name of the package.
tl::expected<Cartridge, std::string> read_moodle(const std::string& path, std::string_view overview_xml,
                                                 const CartridgeLimits& limits);

}  // namespace host
