// See render.h.
#include "serve/pages/render.h"

#include <kainjow/mustache.hpp>

#include "pages/pages_texts.h"

namespace host {

namespace mustache = kainjow::mustache;

namespace {

mustache::data view_of(const Json& value) {
  if (value.is_object() && !value.empty()) {
    mustache::data object(mustache::data::type::object);
    for (const auto& [name, member] : value.items()) object.set(name, view_of(member));
    return object;
  }
  if (value.is_array()) {
    mustache::data list(mustache::data::type::list);
    for (const auto& one : value) list.push_back(view_of(one));
    return list;
  }
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return {value.get<std::string>()};
  if (value.is_number()) return {value.dump()};
  return {value.is_boolean() && value.get<bool>()};
}

/// The template with those that it names in their places.
std::string whole_text(std::string_view name) {
  constexpr std::string_view kOpen = "{{>";
  constexpr std::string_view kClose = "}}";
  std::string text(page_text(std::string(name) + ".mustache"));
  for (auto at = text.find(kOpen); at != std::string::npos; at = text.find(kOpen, at)) {
    const auto end = text.find(kClose, at);
    auto part = whole_text(text.substr(at + kOpen.size(), end - at - kOpen.size()));
    if (part.ends_with('\n')) part.pop_back();
    text.replace(at, end + kClose.size() - at, part);
    at += part.size();
  }
  return text;
}

}  // namespace

std::string rendered(std::string_view name, const Json& model) {
  mustache::mustache whole(whole_text(name));
  return whole.render(view_of(model));
}

}  // namespace host
