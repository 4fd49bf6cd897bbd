// See tool_pages.h. A tool's policy: which is in force, another preset, or a document of one's own.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"

namespace host {

namespace {

Page policy_page(const Serving& serving, const Call& call, const std::string& problem) {
  auto here = tool_here(serving, call, "policy");
  const auto in_force = reported(serving, {{"report", "policy"}, {"tool", here.locator}});
  auto presets = Json::array();
  const auto answer = reported(serving, {{"report", "policies"}});
  for (const auto& preset : answer.at("presets")) {
    const auto name = preset.get<std::string>();
    presets.push_back({{"value", name}, {"text", name}, {"is_chosen", name == text_of(in_force, "policy")}});
  }
  const auto typed = call.value("document");
  here.model.update(Json{{"policy", text_of(in_force, "policy")},
                         {"document", typed.empty() ? text_of(in_force, "document") : typed},
                         {"presets", {{"choices", presets}}},
                         {"with", call.value("with")},
                         {"problem", problem}});
  return html_page(serving, call, {here.locator + ": policy", "/", 0, problem.empty() ? 200U : 400U}, "tool_policy",
                   std::move(here.model));
}

/// Either a preset, perhaps with a few attributes changed, or a document.
Page set(const Serving& serving, const Call& call) {
  PolicySet wanted{tool_in(call), call.value("preset"), call.value("with")};
  try {
    if (const auto document = call.value("document"); !document.empty()) {
      wanted.policy = document.substr(std::min(document.find_first_not_of(" \t\r\n"), document.size()));
      wanted.with.clear();
      if (!wanted.policy.starts_with('<')) wrong_usage("a policy is XML: it begins with <delivery-policy");
    } else if (wanted.policy.find_first_of("/.") != std::string::npos) {
      wrong_usage("Preset: choose one of the list");
    }
    const auto answer = run_command(options_of(serving, call),
                                    [&](const GlobalOptions& options) { return policy_set(options, wanted); });
    serving.live.changed();
    return done_page(tool_url(wanted.tool) + "/policy", Said::good,
                     fmt::format("Policy {} is in force, also for what waits.", text_of(answer.value, "policy")));
  } catch (const Refusal& refusal) {
    return policy_page(serving, call, refusal.what());
  }
}

}  // namespace

void add_tool_policy_pages(Router& router, Serving& serving) {
  const std::string path = "/tools/{vendor}/{program}/policy";
  router.get(path, [&serving](const Call& call) { return policy_page(serving, call, ""); });
  router.change("POST", path, [&serving](const Call& call) { return set(serving, call); });
}

}  // namespace host
