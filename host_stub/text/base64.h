// Base64 and its URL form (RFC 4648), for secrets, signatures and tokens. Knows nothing of what the bytes mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace host {

enum class Base64 { plain, url };  // url: '-' and '_', without padding

inline std::string base64_encode(std::string_view bytes, Base64 form) {
  const char* const last = form == Base64::url ? "-_" : "+/";
  const auto digit = [&](std::uint32_t value) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return value < 62 ? kDigits[value] : last[value - 62];
  };
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
      return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
    };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    const std::size_t digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
    for (std::size_t i = 0; i < digits; ++i) out += digit(group >> (18 - 6 * i) & 63U);
    if (form == Base64::plain) out.append(4 - digits, '=');
  }
  return out;
}

/// Strict: no white space, nothing behind the padding, no stray bits. Empty where the text is not of that form.
inline std::optional<std::string> base64_decode(std::string_view text, Base64 form) {
  if (form == Base64::plain) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  const auto value_of = [&](char c) -> int {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == (form == Base64::url ? '-' : '+')) return 62;
    return c == (form == Base64::url ? '_' : '/') ? 63 : -1;
  };
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 255U);
    bits &= (1U << held) - 1U;
  }
  if (bits != 0) return std::nullopt;
  return out;
}

}  // namespace host
