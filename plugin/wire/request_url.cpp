#include "wire/request_url.h"

#include <fmt/format.h>

#include <array>

#include "wire/base_url.h"

namespace ptb {

std::string action_url(const ToolAtSend& tool, const Action& action, int fallback) {
  const auto& bases = tool.descriptor.base_urls;
  const auto base_of = [&](const char* type) {
    const auto at = bases.find(type);
    return at == bases.end() ? std::string_view() : std::string_view(at->second);
  };
  const std::array<std::string_view, 3> in_order = {base_of("server-to-server"), base_of("https"), base_of("http")};
  if (is_absolute_url(action.path)) {
    for (const auto base : in_order)
      if (!base.empty() && fallback == 0 && is_under(action.path, base)) return join_url({}, action.path);
    return {};
  }
  const ToolOptions& options = tool.tool.options;
  int tries_before = 0;
  std::string_view last;
  for (const auto base : in_order) {
    const bool downgrade = is_https(last) && !is_https(base);
    if (base.empty() || base == last || (downgrade && !(options.allow_downgrade && options.allow_http))) continue;
    if (tries_before++ == fallback) return join_url(base, action.path);
    last = base;
  }
  return {};
}

std::string endpoint_or_action_url(const ToolAtSend& tool, const Action& action, int fallback) {
  const std::string& endpoint = tool.tool.options.endpoint;
  if (endpoint.empty()) return action_url(tool, action, fallback);
  return fallback == 0 ? join_url({}, endpoint) : std::string();
}

Result<void> check_endpoint(const Tool& tool) {
  const std::string_view endpoint = tool.options.endpoint;
  if (endpoint.empty()) return {};
  // Only a query may stand behind what a base URL may be.
  const auto query = std::min(endpoint.find('?'), endpoint.size());
  std::string problem = base_url_problem(endpoint.substr(0, query));
  for (const char c : endpoint.substr(query))
    if (c <= ' ' || c > '~' || c == '#' || c == '\\') problem = "has a query with characters that must be encoded";
  if (problem.empty() && !is_https(endpoint) && !tool.options.allow_http)
    problem = "is plain http: use https, or allow http for this tool";
  if (problem.empty()) return {};
  return fail(Status::argument,
              fmt::format("the endpoint '{}' of tool {} {}", printable(endpoint, 200), to_text(tool.locator), problem));
}

}  // namespace ptb
