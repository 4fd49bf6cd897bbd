// Reads Common Cartridges: all that is common to them and to Canvas exports, and the plain ones whole. Knows nothing of
// other packages.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "package/cartridge.h"
#include "package/cartridge_xml.h"

namespace host {

class WantedFiles;

/// A Common Cartridge of any version, thin or not. The error is one line without the name of the package.
tl::expected<Cartridge, std::string> read_common_cartridge(const std::string& path, std::string_view manifest_xml,
                                                           const CartridgeLimits& limits);

/// The manifest, with what is wrong with it said as of a part of the package.
tl::expected<Manifest, std::string> manifest_of(std::string_view xml);

/// Takes the files of links that are wanted in the order of `places`, and fills in what the manifest says of them.
class LinkFiles {
 public:
  LinkFiles(const std::vector<LinkPlace>& places, WantedFiles& wanted);

  /// Names the files of all links to `wanted`.
  tl::expected<void, std::string> want_all();
  /// True where the number that `wanted` gave is that of a link.
  [[nodiscard]] bool has(std::size_t number) const { return number < place_of_number_.size(); }
  tl::expected<void, std::string> take(const std::string& name, std::string_view content,
                                       const std::vector<std::size_t>& numbers);
  /// In the order of the places; to be called when all are read.
  std::vector<LinkFile> finish();

 private:
  const std::vector<LinkPlace>& places_;
  WantedFiles& wanted_;
  std::vector<std::size_t> place_of_number_;
  std::vector<LinkFile> files_;
};

/// How much is kept, for the limit on it. A property costs something even where it is empty.
std::size_t bytes_of(const CustomProperties& custom);
std::size_t bytes_of(const CartridgeLink& link);

/// Adds what can be launched to the cartridge and warns of the rest.
void keep_launchable(Cartridge& cartridge, std::vector<CartridgeLink> links);

}  // namespace host
