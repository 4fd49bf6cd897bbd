#include "soap/multipart.h"

#include <algorithm>

#include "soap/fault.h"

namespace host::soap {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

/// The value of `name` in "type/kind; name=value; other=\"quoted\"".
std::string parameter(std::string_view content_type, std::string_view name) {
  const auto whole = lower(content_type);
  for (auto at = whole.find(';'); at != std::string::npos;) {
    const auto begin = whole.find_first_not_of(" \t", at + 1);
    if (begin == std::string::npos) return {};
    const auto equals = whole.find('=', begin);
    if (equals == std::string::npos) return {};
    const bool quoted = equals + 1 < whole.size() && whole[equals + 1] == '"';
    const auto from = equals + (quoted ? 2 : 1);
    const auto end = std::min(whole.find(quoted ? '"' : ';', from), whole.size());
    if (std::string_view(whole).substr(begin, equals - begin) == name)
      return std::string(content_type.substr(from, end - from));
    at = whole.find(';', end);
  }
  return {};
}

/// The lines before the first empty one, and what follows it.
bool split(std::string_view part, std::string_view& head, std::string_view& rest) {
  for (const std::string_view gap : {"\r\n\r\n", "\n\n"})
    if (const auto at = part.find(gap); at != std::string_view::npos) {
      head = part.substr(0, at);
      rest = part.substr(at + gap.size());
      return true;
    }
  return false;
}

}  // namespace

SoapBody soap_body(std::string_view content_type, std::string_view body) {
  SoapBody found{body, parameter(content_type, "action"), lower(parameter(content_type, "charset")) == "iso-8859-1"};
  if (!lower(content_type).starts_with("multipart/")) return found;
  const auto boundary = "--" + parameter(content_type, "boundary");
  const auto begin = boundary.size() > 2 ? body.find(boundary) : std::string_view::npos;
  const auto line_end = begin == std::string_view::npos ? begin : body.find('\n', begin);
  std::string_view head;
  std::string_view rest;
  if (line_end == std::string_view::npos || !split(body.substr(line_end + 1), head, rest))
    throw sender_fault("the parts of the multipart request cannot be found: send the envelope alone, without MTOM");
  const auto end = rest.find("\n" + boundary);
  found.xml = rest.substr(0, end);
  if (found.action.empty()) found.action = parameter(parameter(content_type, "start-info"), "action");
  return found;
}

}  // namespace host::soap
