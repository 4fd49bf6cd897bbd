// See pages.h. The presets, and a check of a document.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"

namespace host {

namespace {

/// What the comment in front of a document says of it; each preset has one.
std::string said_of(const std::string& document) {
  const auto begin = document.find("<!--");
  const auto end = document.find("-->");
  const auto root = document.find("<delivery-policy");
  if (begin == std::string::npos || end == std::string::npos || begin > end || begin > root) return {};
  std::string text;
  for (const char c : document.substr(begin + 4, end - begin - 4)) {
    const char shown = c == '\n' || c == '\t' || c == '\r' ? ' ' : c;
    if (shown != ' ' || (!text.empty() && text.back() != ' ')) text += shown;
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

Page policies_page(const Serving& serving, const Call& call) {
  const auto list = asked(serving, call, [](const GlobalOptions& options) { return policy_list(options); });
  auto rows = Json::array();
  for (const auto& preset : list.at("presets")) {
    const auto name = preset.get<std::string>();
    const auto document = text_of(reported(serving, {{"report", "policy"}, {"preset", name}}), "document");
    auto tools = Json::array();
    for (const auto& [tool, policy] : list.at("tools").items())
      if (policy == name) tools.push_back({{"tool", tool}, {"url", tool_url(tool)}});
    const bool is_used = !tools.empty();
    rows.push_back({{"name", name},
                    {"url", "/policies/" + escaped_for_url(name)},
                    {"said", said_of(document)},
                    {"tools", std::move(tools)},
                    {"is_used", is_used}});
  }
  return html_page(serving, call, {"Policies", "/policies"}, "policies", {{"policies", rows}});
}

Page policy_page(const Serving& serving, const Call& call) {
  const auto name = call.path.at(0);
  const auto document = text_of(reported(serving, {{"report", "policy"}, {"preset", name}}), "document");
  return html_page(serving, call, {"Policy " + name, "/policies"}, "policy",
                   {{"name", name}, {"said", said_of(document)}, {"document", document}});
}

/// Changes nothing, so anybody may.
Page check(const Serving& serving, const Call& call) {
  const auto document = call.value("document");
  Json model = {{"document", document}, {"problem", nullptr}, {"good", nullptr}};
  std::uint32_t status = 200;
  try {
    if (document.find_first_not_of(" \t\r\n") == std::string::npos) wrong_usage("there is no document yet");
    model["good"] = text_of(reported(serving, {{"report", "policy"}, {"document", document}}), "policy");
  } catch (const Refusal& refusal) {
    model["problem"] = refusal.what();
    status = 400;
  }
  return html_page(serving, call, {"Check a policy", "/policies", 0, status}, "policy_check", std::move(model));
}

Page check_form(const Serving& serving, const Call& call) {
  return html_page(serving, call, {"Check a policy", "/policies"}, "policy_check",
                   {{"document", call.value("document")}});
}

}  // namespace

void add_policy_pages(Router& router, Serving& serving) {
  router.get("/policies", [&serving](const Call& call) { return policies_page(serving, call); });
  // Before the presets, so that it is not taken for one.
  router.get("/policies/check", [&serving](const Call& call) { return check_form(serving, call); });
  router.open("POST", "/policies/check", [&serving](const Call& call) { return check(serving, call); });
  router.get("/policies/{preset}", [&serving](const Call& call) { return policy_page(serving, call); });
}

}  // namespace host
