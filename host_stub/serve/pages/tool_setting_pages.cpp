// See tool_pages.h. A tool's settings, and changing one.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"

namespace host {

namespace {

Json rows_of(const Json& settings, const std::string& url) {
  auto rows = Json::array();
  for (const auto& one : settings) {
    const auto scope = text_of(one, "scope");
    const auto id = text_of(one, "id");
    const auto key = text_of(one, "key");
    rows.push_back({{"scope", scope},
                    {"id", id},
                    {"key", key},
                    {"value", text_of(one, "value")},
                    {"edit", fmt::format("{}/settings?scope={}&id={}&key={}#change", url, escaped_for_url(scope),
                                         escaped_for_url(id), escaped_for_url(key))}});
  }
  return rows;
}

std::string value_of(const Json& settings, const std::string& scope, const std::string& id, const std::string& key) {
  for (const auto& one : settings)
    if (text_of(one, "scope") == scope && text_of(one, "id") == id && text_of(one, "key") == key)
      return text_of(one, "value");
  return {};
}

/// `problem`: why the form was refused, which is shown as it was typed.
Page settings_page(const Serving& serving, const Call& call, const std::string& problem) {
  auto here = tool_here(serving, call, "settings");
  const auto settings =
      asked(serving, call, [&](const GlobalOptions& options) { return setting_list(options, here.locator); });
  const auto scope = call.value("scope");
  const auto id = call.value("id");
  const auto key = call.value("key");
  const auto rows = rows_of(settings, tool_url(here.locator));
  here.model.update(Json{{"settings", rows},
                         {"has_settings", !rows.empty()},
                         {"scopes",
                          {{"choices", choices({{"system", "system: the whole LMS"},
                                                {"course", "course: one course"},
                                                {"content", "content: one content item"}},
                                               scope)}}},
                         {"id", id},
                         {"key", key},
                         {"value", problem.empty() ? value_of(settings, scope, id, key) : call.value("value")},
                         {"is_edit", !key.empty() && problem.empty()},
                         {"problem", problem}});
  return html_page(serving, call, {here.locator + ": settings", "/", 0, problem.empty() ? 200U : 400U}, "tool_settings",
                   std::move(here.model));
}

Page set(const Serving& serving, const Call& call) {
  const SettingSet wanted{tool_in(call), call.value("scope"), call.value("id"), call.value("key"), call.value("value")};
  try {
    if (wanted.scope != "system" && wanted.scope != "course" && wanted.scope != "content")
      wrong_usage("Scope: choose system, course or content");
    const auto answer = run_command(options_of(serving, call),
                                    [&](const GlobalOptions& options) { return setting_set(options, wanted); });
    serving.live.changed();
    const auto text = fmt::format("{} is set. What waits keeps what was set when it was captured.", wanted.key);
    const auto target = tool_url(wanted.tool) + "/settings";
    if (answer.notes.empty()) return done_page(target, Said::good, text);
    return done_page(target, Said::warn, text + " " + answer.notes.back());
  } catch (const Refusal& refusal) {
    return settings_page(serving, call, refusal.what());
  }
}

}  // namespace

void add_tool_setting_pages(Router& router, Serving& serving) {
  const std::string path = "/tools/{vendor}/{program}/settings";
  router.get(path, [&serving](const Call& call) { return settings_page(serving, call, ""); });
  router.change("POST", path, [&serving](const Call& call) { return set(serving, call); });
}

}  // namespace host
