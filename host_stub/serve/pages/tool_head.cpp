// See tool_head.h.
#include "serve/pages/tool_head.h"

#include <fmt/format.h>

#include <array>

#include "commands.h"
#include "output.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

struct Part {
  const char* page;
  const char* path;
  const char* text;
};
constexpr std::array<Part, 6> kParts = {{{"overview", "", "Overview"},
                                         {"events", "/events", "Events"},
                                         {"settings", "/settings", "Settings"},
                                         {"policy", "/policy", "Policy"},
                                         {"replay", "/replay", "Replay"},
                                         {"pull", "/pull", "Pull queue"}}};

Json installed(const Serving& serving, const Call& call, const std::string& locator) {
  try {
    return asked(serving, call, [&](const GlobalOptions& options) { return tool_show(options, locator); });
  } catch (const NotFound&) {
    return nullptr;
  }
}

}  // namespace

ToolHere tool_here(const Serving& serving, const Call& call, const std::string& page) {
  ToolHere here;
  here.locator = tool_in(call);
  here.tool = installed(serving, call, here.locator);
  here.lanes = Json::array();
  const auto answer = reported(serving, {{"report", "lanes"}});
  for (const auto& lane : answer.at("lanes"))
    if (text_of(lane, "tool") == here.locator) here.lanes.push_back(lane);
  const bool is_installed = here.tool.is_object();
  if (!is_installed && here.lanes.empty())
    throw NotFound(fmt::format("There is no tool {}, and nothing waits for one of that name.", here.locator));
  const auto url = tool_url(here.locator);
  auto links = Json::array();
  for (const auto& part : kParts)
    links.push_back({{"url", url + part.path}, {"text", part.text}, {"is_current", page == part.page}});
  const auto name = is_installed ? text_of(here.tool, "name") : std::string();
  here.model = {{"tool", here.locator},
                {"url", url},
                {"name", name.empty() ? here.locator : name},
                {"is_installed", is_installed},
                {"state_badge", tool_badge(is_installed ? text_of(here.tool, "state") : "not_installed")},
                {"tool_links", links}};
  return here;
}

}  // namespace host
