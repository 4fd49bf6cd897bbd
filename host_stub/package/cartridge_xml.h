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
  std::string handle;      // of our own extension; may be empty
  std::string tool;        // likewise
};

/// What our own packages say beside the standard: <groups><group id= >NAME</group></groups> in the manifest, and the
/// attributes `handle` and `tool` of a link's resource.
inline constexpr const char* kExtensionNamespace = "urn:ptbridge:cartridge:1";

struct Manifest {
  std::string identifier;
  std::string title;
  std::vector<LinkPlace> links;
  std::vector<CartridgeGroup> groups;
  std::map<std::string, std::uint64_t> resources;  // how many of each other type
};

/// The error is one line without the name of the package.
tl::expected<Manifest, std::string> parse_manifest(std::string_view xml);

/// A link as its own file describes it: without identifier, launch_url and launch_host empty where there is none. The
/// error is one line without the name of the file.
tl::expected<CartridgeLink, std::string> parse_link(std::string_view xml);

/// The handle of a content handler (resource/x-…) that a launch URL has as a part of its path or of its query, or that
/// a custom property content_handle or handle has as its value; empty: neither says.
std::string handle_of(const CartridgeLink& link);

/// The host of an http or https URL, in lower case, without user and port; none where there is none.
std::optional<std::string> host_of(std::string_view url);

}  // namespace host
