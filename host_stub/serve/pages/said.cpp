// See said.h.
#include "serve/pages/said.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "receive/form.h"

namespace host {

namespace {

constexpr std::string_view kCookie = "ptb_said=";
constexpr std::size_t kMostColumns = 600;  // a cookie holds 4 KiB, escapes and all
constexpr const char* kAttributes = "; Path=/; HttpOnly; SameSite=Strict; Max-Age=";
constexpr std::string_view kLooks = "gwb";

}  // namespace

Json to_json(const SaidText& said) {
  constexpr const char* kNames[] = {"good", "warn", "bad"};
  const auto look = static_cast<std::size_t>(said.how);
  return {{"look", kNames[look]}, {"is_bad", said.how == Said::bad}, {"text", said.text}};
}

std::string keep_said(const SaidText& said) {
  return fmt::format("{}{}{}{}60", kCookie, kLooks.at(static_cast<std::size_t>(said.how)),
                     escaped_for_url(cut(said.text, kMostColumns)), kAttributes);
}

std::string forget_said() { return fmt::format("{}{}0", kCookie, kAttributes); }

std::optional<SaidText> said_in(const std::string& cookies) {
  auto at = cookies.find(kCookie);
  while (at != std::string::npos && at != 0 && cookies[at - 1] != ' ' && cookies[at - 1] != ';')
    at = cookies.find(kCookie, at + 1);
  if (at == std::string::npos) return std::nullopt;
  at += kCookie.size();
  const auto value = cookies.substr(at, cookies.find(';', at) - at);
  const auto how = value.empty() ? std::string_view::npos : kLooks.find(value.front());
  if (how == std::string_view::npos) return std::nullopt;
  const auto text = parse_form("t=" + value.substr(1));
  if (!text || text->front().second.empty()) return std::nullopt;
  return SaidText{static_cast<Said>(how), text->front().second};
}

}  // namespace host
