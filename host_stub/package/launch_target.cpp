#include "package/launch_target.h"

#include <algorithm>

namespace host {

namespace {
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxHandleBytes = 180;
}  // namespace

std::string handle_in(std::string_view text) {
  constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  for (const std::string_view start : {"resource/x-", "resource%2Fx-", "resource%2fx-"}) {
    for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
      if (at > 0 && kNames.find(text[at - 1]) != std::string_view::npos) continue;
      const auto rest = text.substr(at + start.size());
      const auto name = rest.substr(0, rest.find_first_not_of(kNames));
      if (!name.empty() && name.size() <= kMaxHandleBytes) return "resource/x-" + std::string(name);
    }
  }
  return {};
}

std::string handle_of(const CartridgeLink& link) {
  if (auto handle = handle_in(link.launch_url); !handle.empty()) return handle;
  for (const std::string_view name : {"content_handle", "handle"})
    for (const auto& [property, value] : link.custom)
      if (property == name)
        if (auto handle = handle_in(value); !handle.empty()) return handle;
  return {};
}

std::optional<std::string> host_of(std::string_view url) {
  std::string scheme(url.substr(0, url.find("://")));
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  if (scheme.size() == url.size() || (scheme != "http" && scheme != "https")) return std::nullopt;
  auto authority = url.substr(scheme.size() + 3);
  authority = authority.substr(0, authority.find_first_of("/?#\\"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  std::string host(authority.substr(0, authority.find(':', bracket)));
  std::transform(host.begin(), host.end(), host.begin(), lower);
  const auto is_odd = [](char c) { return c <= 0x20 || c == 0x7f; };
  const auto odd = std::find_if(host.begin(), host.end(), [&](char c) { return c >= 0 ? is_odd(c) : false; });
  if (host.empty() || host.size() > kMaxHostBytes || odd != host.end()) return std::nullopt;
  return host;
}

std::string code_from(std::string_view text, std::size_t most) {
  std::string code;
  for (const char c : text) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || (c & 0x80) != 0;
    if (c >= 'A' && c <= 'Z')
      code += static_cast<char>(c - 'A' + 'a');
    else if (is_kept)
      code += c;
    else if (!code.empty() && code.back() != '-')
      code += '-';
  }
  if (code.size() > most) {
    auto end = most;
    while (end > 0 && (code[end] & 0xC0) == 0x80) --end;  // not in the middle of a character
    code.resize(end);
  }
  while (!code.empty() && code.back() == '-') code.pop_back();
  return code;
}

std::string locator_of_handle(std::string_view handle) {
  constexpr std::string_view kStart = "resource/x-";
  if (!handle.starts_with(kStart)) return {};
  const auto name = handle.substr(kStart.size());
  const auto dash = std::min(name.find('-'), name.size());
  const auto vendor = code_from(name.substr(0, dash));
  const auto program = dash == name.size() ? std::string() : code_from(name.substr(dash + 1));
  if (vendor.empty()) return {};
  return vendor + "/" + (program.empty() ? "content" : program);
}

}  // namespace host
