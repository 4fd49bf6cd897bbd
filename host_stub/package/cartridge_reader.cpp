#include "package/cartridge_reader.h"

#include <fmt/format.h>

#include <unordered_set>

#include "package/launch_target.h"
#include "package/wanted_files.h"
#include "text/utf8.h"

namespace host {

std::size_t bytes_of(const CustomProperties& custom) {
  std::size_t bytes = custom.size() * sizeof(CustomProperties::value_type);
  for (const auto& [name, value] : custom) bytes += name.size() + value.size();
  return bytes;
}

std::size_t bytes_of(const CartridgeLink& link) {
  return link.title.size() + link.launch_url.size() + link.handle.size() + bytes_of(link.custom);
}

tl::expected<Manifest, std::string> manifest_of(std::string_view xml) {
  auto manifest = parse_manifest(xml);
  if (!manifest) return tl::make_unexpected(fmt::format("its imsmanifest.xml {}: export it again", manifest.error()));
  return manifest;
}

LinkFiles::LinkFiles(const std::vector<LinkPlace>& places, WantedFiles& wanted)
    : places_(places), wanted_(wanted), files_(places.size()) {}

tl::expected<void, std::string> LinkFiles::want_all() {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto& place = places_[i];
    if (place.inlined) {
      files_[i] = *place.inlined;
      continue;
    }
    if (place.href.empty())
      return tl::make_unexpected(fmt::format("its link '{}' names no file: export it again", shown(place.identifier)));
    place_of_number_.push_back(i);
    if (auto added = wanted_.add(place.href, fmt::format("link '{}'", shown(place.identifier))); !added) return added;
  }
  return {};
}

tl::expected<void, std::string> LinkFiles::take(const std::string& name, std::string_view content,
                                                const std::vector<std::size_t>& numbers) {
  const auto link = parse_link(content);
  if (!link)
    return tl::make_unexpected(fmt::format("its link file '{}' {}: export it again", shown(name), link.error()));
  for (const auto number : numbers) {
    if (!has(number)) continue;
    if (auto kept = wanted_.keep(bytes_of(link->link)); !kept) return kept;
    files_[place_of_number_[number]] = *link;
  }
  return {};
}

std::vector<LinkFile> LinkFiles::finish() {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    auto& link = files_[i].link;
    const auto& place = places_[i];
    link.identifier = place.identifier;
    if (link.title.empty()) link.title = place.item_title;
    link.handle = place.handle.empty() ? handle_of(link) : place.handle;
    link.tool = place.tool;
  }
  return std::move(files_);
}

void keep_launchable(Cartridge& cartridge, std::vector<CartridgeLink> links) {
  std::unordered_set<std::string> identifiers;
  for (auto& link : links) {
    if (!identifiers.insert(link.identifier).second)
      cartridge.warnings.push_back(fmt::format("two links have the identifier '{}'", shown(link.identifier)));
    if (!link.launch_host.empty() || !link.waits_as.empty()) {
      cartridge.links.push_back(std::move(link));
      continue;
    }
    ++cartridge.skipped_links;
    cartridge.warnings.push_back(
        link.launch_url.empty()
            ? fmt::format("link '{}' has no launch URL and is left out", shown(link.identifier))
            : fmt::format(
                  "link '{}' has the launch URL '{}', which is no http or https URL with a host, and is left out",
                  shown(link.identifier), shown(link.launch_url)));
  }
}

tl::expected<Cartridge, std::string> read_common_cartridge(const std::string& path, std::string_view manifest_xml,
                                                           const CartridgeLimits& limits) {
  auto manifest = manifest_of(manifest_xml);
  if (!manifest) return tl::make_unexpected(std::move(manifest.error()));
  Cartridge cartridge;
  cartridge.format = std::move(manifest->format);
  cartridge.identifier = std::move(manifest->identifier);
  cartridge.title = std::move(manifest->title);
  cartridge.groups = std::move(manifest->groups);
  for (auto& other : manifest->others) ++cartridge.resources[other.type];
  WantedFiles wanted(limits, "its manifest");
  LinkFiles files(manifest->links, wanted);
  if (auto named = files.want_all(); !named) return tl::make_unexpected(std::move(named.error()));
  const auto take = [&](const std::string& name, std::string_view content, const std::vector<std::size_t>& numbers) {
    return files.take(name, content, numbers);
  };
  if (auto read = wanted.read(path, take); !read) return tl::make_unexpected(std::move(read.error()));
  std::vector<CartridgeLink> links;
  for (auto& file : files.finish()) links.push_back(std::move(file.link));
  keep_launchable(cartridge, std::move(links));
  return cartridge;
}

}  // namespace host
