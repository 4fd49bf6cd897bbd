// JSON of strangers. Values that nest without end would be copied and written out by recursion, which overflows the
// stack; so they are not read.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace host {

inline constexpr int kMostJsonDepth = 64;

/// `discarded` where the text is not JSON, or nests deeper than kMostJsonDepth.
inline nlohmann::ordered_json parse_bounded(std::string_view text) {
  using Value = nlohmann::ordered_json;
  bool too_deep = false;
  const auto keep = [&](int depth, Value::parse_event_t, Value&) {
    too_deep = too_deep || depth > kMostJsonDepth;
    return !too_deep;
  };
  auto parsed = Value::parse(text, keep, false);
  return too_deep ? Value(Value::value_t::discarded) : parsed;
}

}  // namespace host
