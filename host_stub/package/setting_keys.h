// How custom properties of an LTI link become settings of a tool. Pure; which names are reserved it is told.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace host {

struct SettingsFromCustom {
  std::vector<std::pair<std::string, std::string>>
      settings;                       // key [a-z0-9_]{1,200} and value, in the order of the link
  std::vector<std::string> warnings;  // one line each: what was left out, and why
};

/// The key of a custom parameter: ASCII letters in lower case, every other character that is no digit as '_'
/// (proxy-tool-protocol §2). "Due-Date" is due_date.
std::string setting_key_of(std::string_view custom_name);

/// Custom properties as settings. Where two give one key the first is kept; those without a name, with a key of over
/// 200 characters, or with one that `is_reserved`, are left out. Each is warned of, with `where` (the link, say) in
/// front.
SettingsFromCustom settings_from_custom(const std::vector<std::pair<std::string, std::string>>& custom,
                                        const std::function<bool(std::string_view)>& is_reserved,
                                        std::string_view where);

}  // namespace host
