#include "package/cartridge_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "package/launch_target.h"
#include "package/xml_reading.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kLinkType = "imsbasiclti_xmlv1p";
constexpr std::string_view kBlackboardNamespace = "http://www.blackboard.com/content-packaging/";

std::string base_of(pugi::xml_node node) { return trimmed(node.attribute("xml:base").value()); }

/// Gathers items and resources, wherever they are. The walk of pugixml does not recurse, so depth costs no stack.
class ManifestWalk : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    const auto name = local_name(node);
    if (name == "item") {
      if (const std::string_view target = node.attribute("identifierref").value(); !target.empty())
        item_titles.emplace(target, text_of_child(node, "title"));
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

std::vector<std::string> files_of(pugi::xml_node root, pugi::xml_node resource) {
  const auto base = base_of(root) + base_of(resource.parent()) + base_of(resource);
  std::vector<std::string> files;
  for (const auto child : resource.children())
    if (local_name(child) == "file")
      if (auto href = trimmed(child.attribute("href").value()); !href.empty()) files.push_back(base + href);
  if (!files.empty()) return files;
  if (auto href = trimmed(resource.attribute("href").value()); !href.empty()) files.push_back(base + href);
  return files;
}

/// "1.3" of "1.3.0"; the manifest's namespace says it too where the metadata do not.
std::string version_of(pugi::xml_node root, pugi::xml_node metadata) {
  const auto said = text_of_child(metadata, "schemaversion");
  if (!said.empty()) return shown(said.substr(0, said.find('.', said.find('.') + 1)), 8);
  const std::string_view space = root.attribute("xmlns").value();
  const auto at = space.find("imsccv1p");
  return at == std::string_view::npos ? std::string() : "1." + shown(space.substr(at + 8, 1));
}

std::string format_of(pugi::xml_node root) {
  const auto metadata = child_named(root, "metadata");
  const bool is_thin = text_of_child(metadata, "schema").find("Thin") != std::string::npos;
  const auto version = version_of(root, metadata);
  return (is_thin ? "Thin Common Cartridge" : "Common Cartridge") + (version.empty() ? "" : " " + version);
}

LinkFile link_from(pugi::xml_node root) {
  LinkFile file;
  auto& link = file.link;
  link.title = text_of_child(root, "title");
  link.launch_url = text_of_child(root, "secure_launch_url");
  if (link.launch_url.empty()) link.launch_url = text_of_child(root, "launch_url");
  link.vendor = trimmed(whole_text(descend(root, "vendor", "code")));
  std::string url_of_extension;
  for (const auto child : root.children()) {
    if (local_name(child) != "custom" && local_name(child) != "extensions") continue;
    for (const auto property : child.children()) {
      if (local_name(property) != "property") continue;
      const std::string_view name = property.attribute("name").value();
      if (local_name(child) == "custom")
        link.custom.emplace_back(name, whole_text(property));
      else if (name == "lookup_uuid")
        file.lookup_uuid = trimmed(whole_text(property));
      else if (name == "resource_link_url")
        url_of_extension = trimmed(whole_text(property));
    }
  }
  // Canvas: the launch URL then only says which tool it is.
  if (!url_of_extension.empty()) link.launch_url = url_of_extension;
  link.launch_host = host_of(link.launch_url).value_or("");
  return file;
}

bool is_text(const LinkFile& file) {
  const auto& link = file.link;
  return is_utf8(link.title) && is_utf8(link.launch_url) && is_utf8(link.vendor) && is_utf8(file.lookup_uuid) &&
         std::all_of(link.custom.begin(), link.custom.end(),
                     [](const auto& one) { return is_utf8(one.first) && is_utf8(one.second); });
}

bool is_text(const LinkPlace& place) {
  return is_utf8(place.identifier) && is_utf8(place.href) && is_utf8(place.item_title) && is_utf8(place.tool) &&
         (!place.inlined || is_text(*place.inlined));
}

}  // namespace

tl::expected<ManifestKind, std::string> kind_of_manifest(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "manifest", "manifest"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  for (const auto attribute : document.document_element().attributes())
    if (std::string_view(attribute.name()).starts_with("xmlns") && attribute.value() == kBlackboardNamespace)
      return ManifestKind::blackboard;
  return ManifestKind::common_cartridge;
}

tl::expected<Manifest, std::string> parse_manifest(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "manifest", "manifest"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  const auto root = document.document_element();
  Manifest manifest;
  manifest.format = format_of(root);
  manifest.identifier = root.attribute("identifier").value();
  manifest.title = trimmed(whole_text(descend(root, "metadata", "lom", "general", "title", "string")));
  manifest.groups = groups_of(root);
  ManifestWalk walk;
  document.traverse(walk);
  bool all_text = is_utf8(manifest.identifier) && is_utf8(manifest.title);
  for (const auto& group : manifest.groups) all_text = all_text && is_utf8(group.id) && is_utf8(group.name);
  for (const auto resource : walk.resources) {
    auto type = trimmed(resource.attribute("type").value());
    auto files = files_of(root, resource);
    if (!type.starts_with(kLinkType)) {
      all_text = all_text && is_utf8(type);
      manifest.others.push_back({resource.attribute("identifier").value(), std::move(type), std::move(files)});
      continue;
    }
    LinkPlace link{resource.attribute("identifier").value(), files.empty() ? "" : std::move(files.front()), "",
                   handle_in(extension(root, resource, "handle")), extension(root, resource, "tool")};
    if (const auto item = walk.item_titles.find(link.identifier); item != walk.item_titles.end())
      link.item_title = item->second;
    if (const auto here = child_named(resource, "cartridge_basiclti_link"); here && link.href.empty())
      link.inlined = link_from(here);
    all_text = all_text && is_text(link);
    manifest.links.push_back(std::move(link));
  }
  if (!all_text) return tl::make_unexpected(std::string("has text that is not UTF-8"));
  return manifest;
}

tl::expected<LinkFile, std::string> parse_link(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "cartridge_basiclti_link", "LTI link"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  auto file = link_from(document.document_element());
  if (!is_text(file)) return tl::make_unexpected(std::string("has text that is not UTF-8"));
  return file;
}

}  // namespace host
