#include "package/blackboard_xml.h"

#include <unordered_map>

#include "package/xml_reading.h"

namespace host {

namespace {

/// <TITLE value="…"/>, or <TITLE>…</TITLE>.
std::string value_of(pugi::xml_node node, std::string_view name) {
  const auto child = child_named(node, name);
  const auto attribute = child.attribute("value");
  return trimmed(attribute ? std::string(attribute.value()) : whole_text(child));
}

/// An attribute by its local name: Blackboard's own have a prefix.
std::string attribute_named(pugi::xml_node node, std::string_view name) {
  for (const auto attribute : node.attributes()) {
    const std::string_view whole = attribute.name();
    const auto colon = whole.rfind(':');
    if ((colon == std::string_view::npos ? whole : whole.substr(colon + 1)) == name) return trimmed(attribute.value());
  }
  return {};
}

class Titles : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    if (local_name(node) == "item")
      if (const std::string_view target = node.attribute("identifierref").value(); !target.empty())
        of.emplace(target, text_of_child(node, "title"));
    return true;
  }
  std::unordered_map<std::string, std::string> of;
};

class Groups : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    if (local_name(node) == "GROUP" && node.attribute("id"))
      found.push_back({node.attribute("id").value(), value_of(node, "TITLE")});
    return true;
  }
  std::vector<CartridgeGroup> found;
};

}  // namespace

tl::expected<BlackboardManifest, std::string> parse_blackboard_manifest(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "manifest", "manifest"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  Titles titles;
  document.traverse(titles);
  BlackboardManifest manifest;
  manifest.identifier = document.document_element().attribute("identifier").value();
  for (const auto node : child_named(document.document_element(), "resources").children()) {
    if (local_name(node) != "resource") continue;
    BlackboardResource resource{node.attribute("identifier").value(), trimmed(node.attribute("type").value()),
                                attribute_named(node, "file"), attribute_named(node, "title")};
    if (const auto title = titles.of.find(resource.identifier); title != titles.of.end() && !title->second.empty())
      resource.title = title->second;
    manifest.resources.push_back(std::move(resource));
  }
  return manifest;
}

tl::expected<BlackboardContent, std::string> parse_blackboard_content(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  BlackboardContent content;
  const auto root = document.document_element();
  if (local_name(root) != "CONTENT") return content;
  content.title = value_of(root, "TITLE");
  content.handler = value_of(root, "CONTENTHANDLER");
  content.url = value_of(root, "URL");
  for (const auto entry : child_named(root, "EXTENDEDDATA").children())
    if (local_name(entry) == "ENTRY") content.extended.emplace_back(entry.attribute("key").value(), whole_text(entry));
  return content;
}

tl::expected<std::string, std::string> parse_blackboard_course(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  return value_of(document.document_element(), "TITLE");
}

tl::expected<std::vector<CartridgeGroup>, std::string> parse_blackboard_groups(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  Groups groups;
  document.traverse(groups);
  return std::move(groups.found);
}

}  // namespace host
