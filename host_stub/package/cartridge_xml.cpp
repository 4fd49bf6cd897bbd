#include "package/cartridge_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <unordered_map>

#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kLinkType = "imsbasiclti_xmlv1p";
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxHandleBytes = 180;

std::string_view local_name(pugi::xml_node node) {
  const std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

/// All text directly inside, also where comments or CDATA split it.
std::string whole_text(pugi::xml_node node) {
  std::string text;
  for (const auto child : node.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  return text;
}

pugi::xml_node child_named(pugi::xml_node node, std::string_view name) {
  return node.find_child([&](pugi::xml_node child) { return local_name(child) == name; });
}

/// Follows local names downwards.
template <typename... Names>
pugi::xml_node descend(pugi::xml_node node, Names... names) {
  ((node = child_named(node, names)), ...);
  return node;
}

tl::expected<void, std::string> load(pugi::xml_document& document, std::string_view xml) {
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (parsed) return {};
  return tl::make_unexpected(fmt::format("is not XML ({} at byte {})", parsed.description(), parsed.offset));
}

std::string base_of(pugi::xml_node node) { return trimmed(node.attribute("xml:base").value()); }

/// Gathers items and resources, wherever they are. The walk of pugixml does not recurse, so depth costs no stack.
class ManifestWalk : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    const auto name = local_name(node);
    if (name == "item") {
      if (const std::string_view target = node.attribute("identifierref").value(); !target.empty())
        item_titles.emplace(target, trimmed(whole_text(child_named(node, "title"))));
    } else if (name == "resource" && local_name(node.parent()) == "resources") {
      resources.push_back(node);
    }
    return true;
  }

  std::unordered_map<std::string, std::string> item_titles;
  std::vector<pugi::xml_node> resources;
};

/// An attribute of our own namespace, whatever prefix it is bound to.
std::string extension(pugi::xml_node root, pugi::xml_node node, std::string_view name) {
  for (const auto attribute : node.attributes()) {
    const std::string_view whole = attribute.name();
    const auto colon = whole.find(':');
    if (colon == std::string_view::npos || whole.substr(colon + 1) != name) continue;
    const auto bound = root.attribute(("xmlns:" + std::string(whole.substr(0, colon))).c_str());
    if (std::string_view(bound.value()) == kExtensionNamespace) return attribute.value();
  }
  return {};
}

std::vector<CartridgeGroup> groups_of(pugi::xml_node root) {
  std::vector<CartridgeGroup> groups;
  for (const auto child : root.children()) {
    if (local_name(child) != "groups" || std::string_view(child.attribute("xmlns").value()) != kExtensionNamespace)
      continue;
    for (const auto group : child.children())
      if (local_name(group) == "group") groups.push_back({group.attribute("id").value(), trimmed(whole_text(group))});
  }
  return groups;
}

/// The first resource/x-NAME in a text; '/' may be percent-encoded.
std::string handle_in(std::string_view text) {
  constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  for (const std::string_view start : {"resource/x-", "resource%2Fx-", "resource%2fx-"}) {
    for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
      if (at > 0 && kNames.find(text[at - 1]) != std::string_view::npos) continue;
      const auto rest = text.substr(at + start.size());
      const auto name = rest.substr(0, rest.find_first_not_of(kNames));
      if (!name.empty() && name.size() <= kMaxHandleBytes) return "resource/x-" + std::string(name);
    }
  }
  return {};
}

std::string href_of(pugi::xml_node root, pugi::xml_node resource) {
  auto href = trimmed(child_named(resource, "file").attribute("href").value());
  if (href.empty()) href = trimmed(resource.attribute("href").value());
  if (href.empty()) return href;
  return base_of(root) + base_of(resource.parent()) + base_of(resource) + href;
}

}  // namespace

tl::expected<Manifest, std::string> parse_manifest(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load(document, xml); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  const auto root = document.document_element();
  if (local_name(root) != "manifest")
    return tl::make_unexpected(fmt::format("is no manifest, its root element is '{}'", shown(root.name(), 60)));
  Manifest manifest;
  manifest.identifier = root.attribute("identifier").value();
  manifest.title = trimmed(whole_text(descend(root, "metadata", "lom", "general", "title", "string")));
  manifest.groups = groups_of(root);
  ManifestWalk walk;
  document.traverse(walk);
  bool is_text = is_utf8(manifest.identifier) && is_utf8(manifest.title);
  for (const auto& group : manifest.groups) is_text = is_text && is_utf8(group.id) && is_utf8(group.name);
  for (const auto resource : walk.resources) {
    const auto type = trimmed(resource.attribute("type").value());
    if (!type.starts_with(kLinkType)) {
      is_text = is_text && is_utf8(type);
      ++manifest.resources[type];
      continue;
    }
    LinkPlace link{resource.attribute("identifier").value(), href_of(root, resource), "",
                   handle_in(extension(root, resource, "handle")), extension(root, resource, "tool")};
    if (const auto item = walk.item_titles.find(link.identifier); item != walk.item_titles.end())
      link.item_title = item->second;
    is_text =
        is_text && is_utf8(link.identifier) && is_utf8(link.href) && is_utf8(link.item_title) && is_utf8(link.tool);
    manifest.links.push_back(std::move(link));
  }
  if (!is_text) return tl::make_unexpected(std::string("has text that is not UTF-8"));
  return manifest;
}

tl::expected<CartridgeLink, std::string> parse_link(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load(document, xml); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  const auto root = document.document_element();
  if (local_name(root) != "cartridge_basiclti_link")
    return tl::make_unexpected(fmt::format("is no LTI link, its root element is '{}'", shown(root.name(), 60)));
  CartridgeLink link;
  link.title = trimmed(whole_text(child_named(root, "title")));
  link.launch_url = trimmed(whole_text(child_named(root, "secure_launch_url")));
  if (link.launch_url.empty()) link.launch_url = trimmed(whole_text(child_named(root, "launch_url")));
  link.launch_host = host_of(link.launch_url).value_or("");
  bool is_text = is_utf8(link.title) && is_utf8(link.launch_url);
  for (const auto property : child_named(root, "custom").children()) {
    if (local_name(property) != "property") continue;
    link.custom.emplace_back(property.attribute("name").value(), whole_text(property));
    is_text = is_text && is_utf8(link.custom.back().first) && is_utf8(link.custom.back().second);
  }
  if (!is_text) return tl::make_unexpected(std::string("has text that is not UTF-8"));
  return link;
}

std::string handle_of(const CartridgeLink& link) {
  if (auto handle = handle_in(link.launch_url); !handle.empty()) return handle;
  for (const std::string_view name : {"content_handle", "handle"})
    for (const auto& [property, value] : link.custom)
      if (property == name)
        if (auto handle = handle_in(value); !handle.empty()) return handle;
  return {};
}

std::optional<std::string> host_of(std::string_view url) {
  std::string scheme(url.substr(0, url.find("://")));
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  if (scheme.size() == url.size() || (scheme != "http" && scheme != "https")) return std::nullopt;
  auto authority = url.substr(scheme.size() + 3);
  authority = authority.substr(0, authority.find_first_of("/?#\\"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  std::string host(authority.substr(0, authority.find(':', bracket)));
  std::transform(host.begin(), host.end(), host.begin(), lower);
  const auto is_odd = [](char c) { return c <= 0x20 || c == 0x7f; };
  const auto odd = std::find_if(host.begin(), host.end(), [&](char c) { return c >= 0 ? is_odd(c) : false; });
  if (host.empty() || host.size() > kMaxHostBytes || odd != host.end()) return std::nullopt;
  return host;
}

}  // namespace host
