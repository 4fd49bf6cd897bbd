#include "package/setting_keys.h"

#include <fmt/format.h>

#include <unordered_map>

#include "text/utf8.h"

namespace host {

namespace {
constexpr std::size_t kMaxKeyBytes = 200;
}

std::string setting_key_of(std::string_view custom_name) {
  std::string key;
  for (const char c : custom_name) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // the rest of a character that has its '_' already
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    key += is_kept ? c : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : '_';
  }
  return key;
}

SettingsFromCustom settings_from_custom(const std::vector<std::pair<std::string, std::string>>& custom,
                                        const std::function<bool(std::string_view)>& is_reserved,
                                        std::string_view where) {
  SettingsFromCustom result;
  std::unordered_map<std::string, std::string> name_of_key;
  const auto warn = [&](const std::string& text) { result.warnings.push_back(fmt::format("{}: {}", where, text)); };
  for (const auto& [name, value] : custom) {
    const auto key = setting_key_of(name);
    if (key.empty()) {
      warn("a custom parameter has no name and is left out");
    } else if (key.size() > kMaxKeyBytes) {
      warn(fmt::format("custom parameter '{}' has {} characters, {} are allowed; it is left out", shown(name, 60),
                       key.size(), kMaxKeyBytes));
    } else if (is_reserved(key)) {
      warn(fmt::format("custom parameter '{}' would be the key '{}', which the protocol uses itself; it is left out",
                       shown(name, 60), key));
    } else if (const auto [first, is_new] = name_of_key.emplace(key, name); !is_new) {
      warn(fmt::format("custom parameters '{}' and '{}' would both be the key '{}'; the first is kept",
                       shown(first->second, 60), shown(name, 60), shown(key, 60)));
    } else {
      result.settings.emplace_back(key, value);
    }
  }
  return result;
}

}  // namespace host
