// What a course package comes down to, whatever program wrote it: LTI links with their settings, groups, and how much
// else there is. Values only. Knows nothing of archives and XML, of tools, of the small LMS or of the bridge.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace host {

using CustomProperties = std::vector<std::pair<std::string, std::string>>;  // in their order, names as written

/// A place in the course that launches a tool.
struct CartridgeLink {
  std::string identifier;   // in the package
  std::string title;        // the link's own, else that of the item which shows it
  std::string launch_url;   // the secure one where there is one; may be empty where handle or waits_as is not
  std::string launch_host;  // of launch_url: lower case, no port
  CustomProperties custom;
  std::string handle;   // of the content handler, such as resource/x-acme-quiz, where the package says; else empty
  std::string tool;     // VENDOR/PROGRAM, where the package says (only those that ptb-host writes do)
  std::string vendor;   // code of the tool's vendor, where the package says; else empty
  std::string product;  // code of the vendor's product, likewise
  std::string waits_as = {};  // VENDOR/PROGRAM to wait under while no tool is known; empty: LAUNCH_HOST/lti
};

/// A group of the course: its id in the package, and its name.
struct CartridgeGroup {
  std::string id;
  std::string name;
};

struct Cartridge {
  std::string format;  // such as "Common Cartridge 1.3", "Canvas export", "Moodle backup"
  std::string identifier;
  std::string title;                 // empty: the package gives none
  std::vector<CartridgeLink> links;  // in the order of the package
  std::vector<CartridgeGroup> groups;
  std::map<std::string, std::uint64_t> resources;  // how many there are of each type that is not taken over
  std::vector<std::string> warnings;               // one line each: what was left out, and why
  std::uint64_t skipped_links = 0;                 // of the warnings: links that cannot be launched
};

/// What a package may cost. Nothing is unpacked but the files that say what links there are, one at a time.
struct CartridgeLimits {
  std::uint64_t entries = 100'000;
  std::uint64_t groups = 1'000;
  std::uint64_t total_bytes = 1ULL << 30;       // of all entries, unpacked
  std::uint64_t xml_bytes = 8ULL << 20;         // of each file that is read, unpacked
  std::uint64_t link_text_bytes = 64ULL << 20;  // of all text that is kept from them
  std::uint64_t ratio = 200;                    // unpacked to packed, for packages that unpack to more than:
  std::uint64_t ratio_from_bytes = 64ULL << 20;
};

}  // namespace host
