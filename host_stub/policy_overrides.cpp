// See policy_overrides.h.
#include "policy_overrides.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <sstream>

#include "output.h"
#include "refusal.h"

namespace host {

namespace {

constexpr std::array<std::string_view, 5> kAttributes = {"name", "order", "restart", "settle", "settings"};
constexpr std::string_view kMark = "-changed";

}  // namespace

Overrides overrides_from(std::string_view text) {
  Overrides overrides;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const auto one = text.substr(at, end - at);
    const auto equals = one.find('=');
    const std::string name(one.substr(0, std::min(equals, one.size())));
    if (equals == std::string_view::npos ||
        std::find(kAttributes.begin(), kAttributes.end(), name) == kAttributes.end())
      wrong_usage(
          "--with {}: write NAME=VALUE with one of name, order, restart, settle, settings, more of them after a "
          "comma; what is inside the policy is changed in its file",
          cut(one.empty() ? text : one, 60));
    for (const auto& [known, value] : overrides)
      if (known == name) wrong_usage("--with says {} twice: leave one", name);
    overrides.emplace_back(name, one.substr(equals + 1));
    at = end + 1;
  }
  return overrides;
}

std::string with_overrides(std::string_view document, const Overrides& overrides) {
  pugi::xml_document xml;
  const auto read = xml.load_buffer(document.data(), document.size(), pugi::parse_full | pugi::parse_ws_pcdata);
  if (!read) refuse("the policy is no XML: {} at byte {}", read.description(), read.offset);
  auto root = xml.document_element();
  bool named = false;
  for (const auto& [name, value] : overrides) {
    named = named || name == "name";
    root.remove_attribute(name.c_str());
    if (!value.empty()) root.append_attribute(name.c_str()) = value.c_str();
  }
  std::string_view before = root.attribute("name").value();
  if (!named && !overrides.empty() && !before.ends_with(kMark))
    root.attribute("name") = (std::string(before) + std::string(kMark)).c_str();
  std::ostringstream text;
  xml.save(text, "", pugi::format_raw);
  return text.str();
}

}  // namespace host
