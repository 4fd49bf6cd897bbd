#include "http/browser_guard.h"

#include <algorithm>

namespace host {

namespace {

std::string lower_header(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  std::string value = found == request.headers.end() ? std::string() : found->second;
  for (auto& c : value)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return value;
}

bool is_four_numbers(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

bool is_for_loopback(const Request& request) {
  const auto host = lower_header(request, "host");
  const auto name = host.starts_with('[') ? host.substr(0, host.find(']') + 1)
                                          : host.substr(0, std::min(host.find(':'), host.size()));
  return name == "localhost" || name.ends_with(".localhost") || name == "[::1]" ||
         (name.starts_with("127.") && is_four_numbers(name));
}

bool is_cross_site(const Request& request) {
  const auto site = lower_header(request, "sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const auto origin = lower_header(request, "origin");
  const auto host = lower_header(request, "host");
  return !origin.empty() && origin != "http://" + host && origin != "https://" + host;
}

}  // namespace host
