#include "wire/base_url.h"

#include <algorithm>
#include <charconv>

namespace ptb {

namespace {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

struct Parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  ///< with query and fragment
};

Parts split(std::string_view url) {
  Parts parts;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return parts;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const auto end = std::min(url.find_first_of("/?#\\"), url.size());
  parts.authority = url.substr(0, end);
  parts.path = url.substr(end);
  return parts;
}

bool is_http(std::string_view scheme) {
  return same_ignoring_case(scheme, "http") || same_ignoring_case(scheme, "https");
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_host_and_port(std::string_view authority) {
  std::string_view host = authority;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    host = authority.substr(1, close - 1);
    const auto rest = authority.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
      return is_digit(c) || c == ':' || c == '.' || (lower(c) >= 'a' && lower(c) <= 'f');
    });
  }
  if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    if (!is_port(authority.substr(colon + 1))) return false;
  }
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool has_dot_segment(std::string_view path) {
  for (const auto dots : {"/../", "/./", "/%2e", "/.%2"})
    if (path.find(dots) != std::string_view::npos) return true;
  return path.ends_with("/..") || path.ends_with("/.") || path.find("/%2E") != std::string_view::npos;
}

}  // namespace

std::string base_url_problem(std::string_view url) {
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return "holds spaces, control characters or letters beyond ASCII: percent-encode them";
  const Parts parts = split(url);
  if (!is_http(parts.scheme)) return "is not http://host or https://host";
  if (parts.authority.find('@') != std::string_view::npos) return "holds a user name: leave it out";
  if (!is_host_and_port(parts.authority)) return "has no valid host and port";
  if (parts.path.find_first_of("?#\\") != std::string_view::npos)
    return "has a query or a fragment: a base URL ends with its path";
  return {};
}

bool is_https(std::string_view url) { return same_ignoring_case(split(url).scheme, "https"); }

bool is_absolute_url(std::string_view text) {
  const auto end = std::find_if_not(
      text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return end != text.begin() && end != text.end() && *end == ':' && is_letter(text.front());
}

bool is_under(std::string_view url, std::string_view base) {
  const Parts ours = split(url);
  const Parts theirs = split(base);
  if (ours.scheme.empty() || !same_ignoring_case(ours.scheme, theirs.scheme)) return false;
  if (!same_ignoring_case(ours.authority, theirs.authority) || has_dot_segment(ours.path)) return false;
  std::string_view folder = theirs.path;
  while (folder.ends_with('/')) folder.remove_suffix(1);
  if (!ours.path.starts_with(folder)) return false;
  const auto rest = ours.path.substr(folder.size());
  return rest.empty() || rest.front() == '/' || rest.front() == '?';
}

std::string join_url(std::string_view base, std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string url;
  url.reserve(base.size() + path.size() + 16);
  if (!path.empty() && !base.empty()) {
    while (base.ends_with('/')) base.remove_suffix(1);
    while (path.starts_with('/')) path.remove_prefix(1);
    url.append(base);
    url.push_back('/');
  } else {
    url.append(base);
  }
  for (const char c : path) {
    if (c > ' ' && c <= '~') {
      url.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url.push_back('%');
    url.push_back(kHex[byte >> 4]);
    url.push_back(kHex[byte & 15]);
  }
  return url;
}

}  // namespace ptb
