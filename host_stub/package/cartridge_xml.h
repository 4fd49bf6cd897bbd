// The XML of Common Cartridges that matters: their manifest, and the file of an LTI link. Canvas exports are such
// cartridges too. Pure: bytes in, values out; knows no archives.
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

enum class ManifestKind { common_cartridge, blackboard };

/// By the namespace that Blackboard's own attributes have. The error is one line without the name of the file.
tl::expected<ManifestKind, std::string> kind_of_manifest(std::string_view xml);

/// What a link's file says beside the link. Canvas uses them to tie its own files to it.
struct LinkFile {
  CartridgeLink link;
  std::string lookup_uuid;
};

/// Where the manifest says that a link is.
struct LinkPlace {
  std::string identifier;
  std::string href;                      // as written, after the bases around it
  std::string item_title;                // of the first item that refers to it; may be empty
  std::string handle;                    // of our own extension; may be empty
  std::string tool;                      // likewise
  std::optional<LinkFile> inlined = {};  // version 1.3 may write a link into the manifest itself
};

/// A resource that is no link.
struct OtherResource {
  std::string identifier;
  std::string type;
  std::vector<std::string> files;
};

/// What our own packages say beside the standard: <groups><group id= >NAME</group></groups> in the manifest, and the
/// attributes `handle` and `tool` of a link's resource.
inline constexpr const char* kExtensionNamespace = "urn:ptbridge:cartridge:1";

struct Manifest {
  std::string format;  // "Common Cartridge 1.2", "Thin Common Cartridge 1.3"
  std::string identifier;
  std::string title;
  std::vector<LinkPlace> links;
  std::vector<CartridgeGroup> groups;
  std::vector<OtherResource> others;
};

/// The error is one line without the name of the package.
tl::expected<Manifest, std::string> parse_manifest(std::string_view xml);

/// A link as its own file describes it: without identifier, launch_url and launch_host empty where there is none. The
/// error is one line without the name of the file.
tl::expected<LinkFile, std::string> parse_link(std::string_view xml);

}  // namespace host
