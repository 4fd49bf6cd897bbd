#include "package/xml_reading.h"

#include <fmt/format.h>

#include "text/utf8.h"

namespace host {

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

std::string whole_text(pugi::xml_node node) {
  std::string text;
  for (const auto child : node.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  return text;
}

pugi::xml_node child_named(pugi::xml_node node, std::string_view name) {
  return node.find_child([&](pugi::xml_node child) { return local_name(child) == name; });
}

std::string text_of_child(pugi::xml_node node, std::string_view name) {
  return trimmed(whole_text(child_named(node, name)));
}

tl::expected<void, std::string> load_xml(pugi::xml_document& document, std::string_view xml) {
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (parsed) return {};
  return tl::make_unexpected(fmt::format("is not XML ({} at byte {})", parsed.description(), parsed.offset));
}

tl::expected<void, std::string> load_xml(pugi::xml_document& document, std::string_view xml, std::string_view root,
                                         std::string_view is_no) {
  if (auto loaded = load_xml(document, xml); !loaded) return loaded;
  const auto element = document.document_element();
  if (local_name(element) == root) return {};
  return tl::make_unexpected(fmt::format("is no {}, its root element is '{}'", is_no, shown(element.name(), 60)));
}

}  // namespace host
