#include "http/media_type.h"

#include <algorithm>

namespace host {

namespace {

constexpr std::string_view kSpace = " \t";

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string media_type(std::string_view header) { return lower(trimmed(header.substr(0, header.find(';')))); }

std::optional<std::string> media_parameter(std::string_view header, std::string_view name) {
  for (auto at = header.find(';'); at != std::string_view::npos;) {
    const auto equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const bool quoted = header.substr(equals + 1).starts_with('"');
    const auto from = equals + (quoted ? 2 : 1);
    const auto end = std::min(header.find(quoted ? '"' : ';', from), header.size());
    const auto value = header.substr(from, end - from);
    if (lower(trimmed(header.substr(at + 1, equals - at - 1))) == name)
      return std::string(quoted ? value : trimmed(value));
    at = header.find(';', end);
  }
  return std::nullopt;
}

}  // namespace host
