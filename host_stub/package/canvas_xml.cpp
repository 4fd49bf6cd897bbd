#include "package/canvas_xml.h"

#include "package/xml_reading.h"

namespace host {

namespace {

void add_properties(pugi::xml_node of, CustomProperties& custom) {
  for (const auto property : of.children())
    if (local_name(property) == "property")
      custom.emplace_back(property.attribute("name").value(), whole_text(property));
}

/// Of Canvas' own <assignment>.
std::optional<CanvasPlacement> placement_of(pugi::xml_node assignment) {
  CanvasPlacement placement;
  placement.url = text_of_child(assignment, "external_tool_url");
  const bool launches = text_of_child(assignment, "submission_types").find("external_tool") != std::string::npos;
  if (!launches && placement.url.empty()) return std::nullopt;
  placement.title = text_of_child(assignment, "title");
  placement.tool_ref = text_of_child(assignment, "external_tool_identifierref");
  placement.link_uuid = text_of_child(assignment, "resource_link_lookup_uuid");
  const auto setting = child_named(assignment, "tool_setting");
  add_properties(child_named(setting, "custom_parameters"), placement.custom);
  add_properties(child_named(setting, "custom"), placement.custom);
  const auto proxy = child_named(setting, "tool_proxy");
  placement.vendor = trimmed(proxy.attribute("vendor_code").value());
  placement.product = trimmed(proxy.attribute("product_code").value());
  return placement;
}

}  // namespace

tl::expected<std::vector<CanvasPlacement>, std::string> parse_canvas_modules(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "modules", "list of modules"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  std::vector<CanvasPlacement> placements;
  for (const auto module : document.document_element().children())
    for (const auto item : child_named(module, "items").children()) {
      if (text_of_child(item, "content_type") != "ContextExternalTool") continue;
      CanvasPlacement placement;
      placement.identifier = item.attribute("identifier").value();
      placement.title = text_of_child(item, "title");
      placement.url = text_of_child(item, "url");
      placement.tool_ref = text_of_child(item, "identifierref");
      placement.link_uuid = text_of_child(item, "lti_resource_link_lookup_uuid");
      placements.push_back(std::move(placement));
    }
  return placements;
}

tl::expected<std::optional<CanvasPlacement>, std::string> parse_canvas_assignment(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "assignment", "assignment"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  const auto root = document.document_element();
  auto placement = placement_of(root);
  for (const auto child : root.children()) {
    if (placement) break;
    if (local_name(child) == "extensions") placement = placement_of(child_named(child, "assignment"));
  }
  if (!placement) return placement;
  placement->identifier = root.attribute("identifier").value();
  if (placement->title.empty()) placement->title = text_of_child(root, "title");
  return placement;
}

}  // namespace host
