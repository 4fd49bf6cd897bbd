#include "package/custom_text.h"

#include <algorithm>
#include <unordered_set>

#include "package/setting_keys.h"
#include "package/xml_reading.h"

namespace host {

CustomProperties custom_from_lines(std::string_view text) {
  CustomProperties custom;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find_first_of("\r\n"));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    if (auto name = trimmed(line.substr(0, equals)); !name.empty())
      custom.emplace_back(std::move(name), trimmed(line.substr(equals + 1)));
  }
  return custom;
}

CustomProperties with_defaults(CustomProperties custom, const CustomProperties& defaults) {
  std::unordered_set<std::string> keys;
  for (const auto& [name, value] : custom) keys.insert(setting_key_of(name));
  for (const auto& property : defaults)
    if (!keys.contains(setting_key_of(property.first))) custom.push_back(property);
  return custom;
}

}  // namespace host
