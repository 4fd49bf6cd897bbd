// The tool settings of the moment of capture, as a value: what was set at which scope, and what of it is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/pairs.h"

namespace ptb {

enum class Scope : std::uint8_t { system = 0, course = 1, content = 2 };
std::string_view to_text(Scope scope);

struct Setting {
  Scope scope{};
  std::string key;
  std::string value;
  friend bool operator==(const Setting&, const Setting&) = default;
  friend auto operator<=>(const Setting&, const Setting&) = default;
};
using Settings = std::vector<Setting>;

/// A setting whose texts are somewhere else.
struct SettingView {
  Scope scope{};
  std::string_view key;
  std::string_view value;
  friend bool operator==(const SettingView&, const SettingView&) = default;
  friend auto operator<=>(const SettingView&, const SettingView&) = default;
};
using SettingViews = std::vector<SettingView>;

/// The one stored form, sorted, so that equal settings have equal bytes. Of each setting: a letter for its scope (s, c,
/// i: system, course, item), how many characters its key has in common with the one before ('0' and up), and in
/// netstrings the rest of the key and the value. Keys begin alike, and an event holds many: that saves a third of a
/// row.
std::string encode_views(SettingViews settings);
std::string encode_settings(const Settings& settings);

/// Reads the form of schemas up to 4 too: netstrings scope, key, value. Errors: Status::damaged.
Result<Settings> decode_settings(std::string_view encoded);

/// What is sent of stored settings, and the keys that the stored form shortens.
struct EffectiveSettings {
  PairViews pairs;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> keys;
};

/// One value per key, the narrowest scope wins (proxy-tool-protocol §2), sorted by key. Points into `encoded`. Errors:
/// Status::damaged.
Result<EffectiveSettings> effective_settings(std::string_view encoded);

/// Empty where the key may be used, else why not: [a-z0-9_]{1,200}, and none of the names the protocol or the bridge
/// uses itself (proxy-tool-protocol §2, §4).
std::string setting_key_problem(std::string_view key);

/// True for every parameter name that the protocol or the bridge gives a meaning of its own.
bool is_reserved_name(std::string_view name);

}  // namespace ptb
