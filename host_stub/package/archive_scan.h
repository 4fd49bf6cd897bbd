// Goes through a zip or tar.gz file without keeping what nobody asked for, and refuses what an honest package does not
// hold. Knows nothing of what packages are.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "package/cartridge.h"

namespace host {

/// `name` as entries are looked up: '/' between parts, no "." parts. The error says why the name is not safe: it is
/// absolute, has a ".." part, or is empty.
tl::expected<std::string, std::string> safe_name(std::string_view name);

/// Called with each entry's safe name; true: its content is wanted.
using WantEntry = std::function<bool(const std::string& name)>;
/// Called with the content of a wanted file, which is valid during the call only. An error ends the scan.
using TakeFile = std::function<tl::expected<void, std::string>(const std::string& name, std::string_view content)>;

/// Scans the file `path` once: a zip file, or a tar file packed with gzip, whichever its first bytes say. Every entry
/// counts against the limits; a wanted one must be a plain file, not encrypted, come once, and have at most
/// limits.xml_bytes. The error is one line without the name of the file.
tl::expected<void, std::string> scan_archive(const std::string& path, const CartridgeLimits& limits,
                                             const WantEntry& want, const TakeFile& take);

}  // namespace host
