// Is this text UTF-8? Shared by the parts of ptb-host that take text from strangers. Knows nothing of what the text
// means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace host {

/// True where `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). NUL is
/// allowed.
constexpr bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned char first = byte(at);
    if (first < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                               : (first & 0xF0) == 0xE0         ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 0;
    if (length == 0 || text.size() - at < length) return false;
    for (std::size_t next = at + 1; next < at + length; ++next)
      if ((byte(next) & 0xC0) != 0x80) return false;
    const unsigned char second = byte(at + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return false;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return false;
    at += length;
  }
  return true;
}

/// `text` for an error line: at most `limit` bytes of it, all but printable ASCII as '?'.
inline std::string shown(std::string_view text, std::size_t limit = 120) {
  std::string out;
  for (const char c : text.substr(0, limit)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > limit) out += "...";
  return out;
}

}  // namespace host
