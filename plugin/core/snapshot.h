// The tool settings of the moment of capture, as a value: what was set at which scope, and what of it is sent.
#pragma once

#include <cstdint>
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

/// The one stored form: netstrings scope, key, value, sorted, so that equal settings have equal bytes.
std::string encode_settings(Settings settings);

/// Errors: Status::damaged.
Result<Settings> decode_settings(std::string_view encoded);

/// What is sent of stored settings: one value per key, the narrowest scope wins (proxy-tool-protocol §2), sorted by
/// key. Points into `encoded`. Errors: Status::damaged.
Result<PairViews> effective_settings(std::string_view encoded);

/// Empty where the key may be used, else why not: [a-z0-9_]{1,200}, and none of the names the protocol or the bridge
/// uses itself (proxy-tool-protocol §2, §4).
std::string setting_key_problem(std::string_view key);

/// True for every parameter name that the protocol or the bridge gives a meaning of its own.
bool is_reserved_name(std::string_view name);

}  // namespace ptb
