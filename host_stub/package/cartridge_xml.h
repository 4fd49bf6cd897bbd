// The two kinds of XML in a cartridge that matter: its manifest, and the file of an LTI link. Elements are known by
// their local names, so that the namespaces of all versions do. Pure: bytes in, values out; knows no archives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "package/cartridge.h"

namespace host {

/// Where the manifest says that a link is.
struct LinkPlace {
  std::string identifier;
  std::string href;        // as written, after the bases around it
  std::string item_title;  // of the first item that refers to it; may be empty
};

struct Manifest {
  std::string identifier;
  std::string title;
  std::vector<LinkPlace> links;
  std::map<std::string, std::uint64_t> resources;  // how many of each other type
};

/// The error is one line without the name of the package.
tl::expected<Manifest, std::string> parse_manifest(std::string_view xml);

/// A link as its own file describes it: without identifier, launch_url and launch_host empty where there is none. The
/// error is one line without the name of the file.
tl::expected<CartridgeLink, std::string> parse_link(std::string_view xml);

/// The host of an http or https URL, in lower case, without user and port; none where there is none.
std::optional<std::string> host_of(std::string_view url);

}  // namespace host
