#include "receive/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "text/utf8.h"

namespace host {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

tl::expected<std::string, std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '+') {
      out += ' ';
    } else if (c == '%') {
      const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0)
        return tl::make_unexpected(fmt::format("wrong percent escape '{}'", shown(text.substr(at, 3))));
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else if (c <= 0x20 || c >= 0x7f || c == '=') {
      return tl::make_unexpected(
          fmt::format("byte 0x{:02x} is not percent-encoded", static_cast<unsigned>(static_cast<unsigned char>(c))));
    } else {
      out += c;
    }
  }
  if (!is_utf8(out)) return tl::make_unexpected(std::string("text is not UTF-8"));
  return out;
}

void encode(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("*-._").find(c) != std::string_view::npos)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
}

}  // namespace

const std::string* find_param(const Params& params, std::string_view name) {
  const auto found = std::find_if(params.begin(), params.end(), [&](const auto& param) { return param.first == name; });
  return found == params.end() ? nullptr : &found->second;
}

tl::expected<Params, std::string> parse_form(std::string_view body) {
  Params params;
  if (body.empty()) return params;
  const auto piece_count = static_cast<std::size_t>(std::count(body.begin(), body.end(), '&')) + 1;
  params.reserve(piece_count);  // keeps the names that `seen` refers to where they are
  std::unordered_set<std::string_view> seen;
  for (std::size_t ordinal = 1; ordinal <= piece_count; ++ordinal) {
    const auto piece = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), piece.size() + 1));
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return tl::make_unexpected(fmt::format("parameter {} of the form has no name or no '='", ordinal));
    auto name = decode(piece.substr(0, equals));
    auto value = decode(piece.substr(equals + 1));
    if (!name || !value)
      return tl::make_unexpected(fmt::format("parameter {} ('{}') of the form: {}", ordinal,
                                             shown(piece.substr(0, equals), 60), !name ? name.error() : value.error()));
    params.emplace_back(std::move(*name), std::move(*value));
    if (!seen.insert(params.back().first).second)
      return tl::make_unexpected(fmt::format("parameter '{}' comes twice", shown(params.back().first, 60)));
  }
  return params;
}

std::string write_form(const Params& params) {
  std::string body;
  for (const auto& [name, value] : params) {
    if (!body.empty()) body += '&';
    encode(body, name);
    body += '=';
    encode(body, value);
  }
  return body;
}

}  // namespace host
