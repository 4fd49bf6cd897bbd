// Small steps through XML that all readers of packages take. Elements are known by their local names, so that the
// namespaces of all versions do. Knows nothing of what the elements mean.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace host {

std::string_view local_name(pugi::xml_node node);

/// Without white space around it.
std::string trimmed(std::string_view text);

/// All text directly inside, also where comments or CDATA split it.
std::string whole_text(pugi::xml_node node);

/// The first child with this local name; else an empty node.
pugi::xml_node child_named(pugi::xml_node node, std::string_view name);

/// Follows local names downwards.
template <typename... Names>
pugi::xml_node descend(pugi::xml_node node, Names... names) {
  ((node = child_named(node, names)), ...);
  return node;
}

/// The trimmed text of the child with this local name.
std::string text_of_child(pugi::xml_node node, std::string_view name);

/// The error is one line without the name of the file.
tl::expected<void, std::string> load_xml(pugi::xml_document& document, std::string_view xml);

/// Loads, and wants this root element.
tl::expected<void, std::string> load_xml(pugi::xml_document& document, std::string_view xml, std::string_view root,
                                         std::string_view is_no);

}  // namespace host
