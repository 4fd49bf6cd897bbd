// Reads course packages: IMS Common Cartridges 1.0 to 1.3 (.imscc), of which the LTI links matter here. Knows nothing
// of tools, of the small LMS or of the bridge.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace host {

/// A resource of type imsbasiclti_xmlv1p0 (or a later one of that family).
struct CartridgeLink {
  std::string identifier;                                   // of the resource in the manifest
  std::string title;                                        // the link's own, else that of the item which shows it
  std::string launch_url;                                   // the secure one where there is one
  std::string launch_host;                                  // of launch_url: lower case, no port
  std::vector<std::pair<std::string, std::string>> custom;  // custom properties in their order, names as written
  std::string handle;  // of the content handler, such as resource/x-acme-quiz, where the package says; else empty
  std::string tool;    // VENDOR/PROGRAM, where the package says (only those that ptb-host writes do)
};

/// A group of the course. Only packages that ptb-host writes have them.
struct CartridgeGroup {
  std::string id;
  std::string name;
};

struct Cartridge {
  std::string identifier;
  std::string title;                 // empty: the manifest gives none
  std::vector<CartridgeLink> links;  // in the order of the manifest's resources
  std::vector<CartridgeGroup> groups;
  std::map<std::string, std::uint64_t> resources;  // how many of each other type
  std::vector<std::string> warnings;               // one line each: what was left out, and why
  std::uint64_t skipped_links = 0;                 // of the warnings: links that cannot be launched
};

/// What a package may cost. Nothing is unpacked but the manifest and the files of links, one at a time.
struct CartridgeLimits {
  std::uint64_t entries = 100'000;
  std::uint64_t groups = 1'000;
  std::uint64_t total_bytes = 1ULL << 30;       // of all entries, unpacked
  std::uint64_t xml_bytes = 8ULL << 20;         // of the manifest and of each link file, unpacked
  std::uint64_t link_text_bytes = 64ULL << 20;  // of all text that is kept from link files
  std::uint64_t ratio = 200;                    // unpacked to packed, for packages that unpack to more than:
  std::uint64_t ratio_from_bytes = 64ULL << 20;
};

/// The cartridge in the file `path`. A link without a launch URL is no error: it is left out, counted and warned of.
/// The error is one line that names the package, what is wrong with it (not an archive, truncated, over a limit, a name
/// that leads outside, no manifest, XML that is none, a missing link file) and what to do.
tl::expected<Cartridge, std::string> read_cartridge(const std::string& path, const CartridgeLimits& limits = {});

}  // namespace host
