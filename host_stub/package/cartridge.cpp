#include "package/cartridge.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "package/cartridge_xml.h"
#include "package/zip_scan.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kManifestName = "imsmanifest.xml";

template <typename... Values>
tl::unexpected<std::string> wrong(fmt::format_string<Values...> format, Values&&... values) {
  return tl::make_unexpected(fmt::format(format, std::forward<Values>(values)...));
}

/// hrefs are URLs: "a%20b.xml" may stand for the entry "a b.xml".
std::string percent_decoded(std::string_view href) {
  const auto digit = [](char c) -> int {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at = kDigits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
  };
  std::string out;
  for (std::size_t at = 0; at < href.size(); ++at) {
    const int high = href[at] == '%' && at + 2 < href.size() ? digit(href[at + 1]) : -1;
    const int low = high >= 0 ? digit(href[at + 2]) : -1;
    out += low < 0 ? href[at] : static_cast<char>(high * 16 + low);
    if (low >= 0) at += 2;
  }
  return out;
}

tl::expected<Manifest, std::string> read_manifest(const std::string& path, const CartridgeLimits& limits) {
  Manifest manifest;
  bool found = false;
  std::string elsewhere;
  const auto want = [&](const std::string& name) {
    if (elsewhere.empty() && name.ends_with("/imsmanifest.xml")) elsewhere = name;
    return name == kManifestName;
  };
  const auto take = [&](const std::string&, std::string_view content) -> tl::expected<void, std::string> {
    auto parsed = parse_manifest(content);
    if (!parsed) return wrong("its imsmanifest.xml {}: export it again", parsed.error());
    manifest = std::move(*parsed);
    found = true;
    return {};
  };
  if (auto scanned = scan_zip(path, limits, want, take); !scanned) return tl::make_unexpected(scanned.error());
  if (found) return manifest;
  if (!elsewhere.empty())
    return wrong("it has its manifest at '{}': pack the files anew so that imsmanifest.xml is at the top",
                 shown(elsewhere));
  return wrong("it has no imsmanifest.xml: name a Common Cartridge");
}

/// Reads the files of the links that the manifest names, one at a time, in the order of the archive.
class LinkReader {
 public:
  LinkReader(const std::vector<LinkPlace>& places, const CartridgeLimits& limits)
      : places_(places), limits_(limits), links_(places.size()), read_from_(places.size()) {}

  tl::expected<void, std::string> index() {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto& place = places_[i];
      if (place.href.empty()) return wrong("its link '{}' names no file: export it again", shown(place.identifier));
      for (const auto& href : {place.href, percent_decoded(place.href)}) {
        auto name = safe_name(href);
        if (!name)
          return wrong("its manifest names the file '{}', which {}: do not trust it", shown(href), name.error());
        auto& wanting = wanted_by_[*name];
        if (wanting.empty() || wanting.back() != i) wanting.push_back(i);
      }
    }
    return {};
  }

  tl::expected<void, std::string> read(const std::string& path) {
    const auto want = [&](const std::string& name) { return wanted_by_.contains(name); };
    const auto take = [&](const std::string& name, std::string_view content) { return take_file(name, content); };
    if (auto scanned = scan_zip(path, limits_, want, take); !scanned) return scanned;
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (read_from_[i].empty())
        return wrong("the file '{}' of its link '{}' is missing: export it again", shown(places_[i].href),
                     shown(places_[i].identifier));
    return {};
  }

  std::vector<CartridgeLink>& links() { return links_; }

 private:
  tl::expected<void, std::string> take_file(const std::string& name, std::string_view content) {
    auto link = parse_link(content);
    if (!link) return wrong("its link file '{}' {}: export it again", shown(name), link.error());
    for (const auto i : wanted_by_.at(name)) {
      const bool is_exact = safe_name(places_[i].href) == name;
      if (!read_from_[i].empty() && !is_exact) continue;
      kept_bytes_ += link->title.size() + link->launch_url.size();
      for (const auto& [key, value] : link->custom) kept_bytes_ += key.size() + value.size();
      if (kept_bytes_ > limits_.link_text_bytes)
        return wrong("its links hold more than {} bytes of text, which is the limit: split the package",
                     limits_.link_text_bytes);
      links_[i] = *link;
      read_from_[i] = name;
    }
    return {};
  }

  const std::vector<LinkPlace>& places_;
  const CartridgeLimits& limits_;
  std::unordered_map<std::string, std::vector<std::size_t>> wanted_by_;
  std::vector<CartridgeLink> links_;
  std::vector<std::string> read_from_;
  std::uint64_t kept_bytes_ = 0;
};

/// Moves what can be launched into the cartridge and warns of the rest.
void keep_launchable(Cartridge& cartridge, const std::vector<LinkPlace>& places, std::vector<CartridgeLink>& links) {
  std::unordered_set<std::string_view> identifiers;
  for (std::size_t i = 0; i < links.size(); ++i) {
    auto& link = links[i];
    link.identifier = places[i].identifier;
    if (link.title.empty()) link.title = places[i].item_title;
    link.handle = places[i].handle.empty() ? handle_of(link) : places[i].handle;
    link.tool = places[i].tool;
    if (!identifiers.insert(places[i].identifier).second)
      cartridge.warnings.push_back(fmt::format("two links have the identifier '{}'", shown(link.identifier)));
    if (!link.launch_host.empty()) {
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

tl::expected<Cartridge, std::string> read_unnamed(const std::string& path, const CartridgeLimits& limits) {
  auto manifest = read_manifest(path, limits);
  if (!manifest) return tl::make_unexpected(std::move(manifest.error()));
  Cartridge cartridge;
  cartridge.identifier = std::move(manifest->identifier);
  cartridge.title = std::move(manifest->title);
  cartridge.resources = std::move(manifest->resources);
  if (manifest->groups.size() > limits.groups)
    return wrong("it has more than {} groups, which is the limit: split the package", limits.groups);
  cartridge.groups = std::move(manifest->groups);
  LinkReader reader(manifest->links, limits);
  if (auto indexed = reader.index(); !indexed) return tl::make_unexpected(std::move(indexed.error()));
  if (!manifest->links.empty())
    if (auto read = reader.read(path); !read) return tl::make_unexpected(std::move(read.error()));
  keep_launchable(cartridge, manifest->links, reader.links());
  return cartridge;
}

}  // namespace

tl::expected<Cartridge, std::string> read_cartridge(const std::string& path, const CartridgeLimits& limits) {
  auto cartridge = read_unnamed(path, limits);
  if (!cartridge) return wrong("package '{}': {}", path, cartridge.error());
  return cartridge;
}

}  // namespace host
