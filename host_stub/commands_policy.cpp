// Commands about delivery policies: list, check, show, set.
#include <fmt/format.h>

#include <map>

#include "commands.h"
#include "output.h"
#include "policy_overrides.h"
#include "text/utf8.h"
#include "tool_registration.h"

namespace host {

namespace {

/// A question that needs no events can be asked before there are any.
Session::Use use_for_asking(const GlobalOptions& global) {
  return has_store(global) ? Session::Use::look : Session::Use::note;
}

bool is_document(const std::string& policy) { return policy.starts_with('<'); }

/// The plugin's word on it, with the name of the file where it came from one.
Json checked(Session& session, const std::string& policy, const std::string& source) {
  const char* member = is_document(policy) ? "document" : "preset";
  try {
    return session.bridge().report({{"report", "policy"}, {member, policy}});
  } catch (const BridgeError& error) {
    refuse("{}: {}", source, error.what());
  }
}

}  // namespace

int policy_list(const GlobalOptions& global) {
  Session session(global, use_for_asking(global));
  const auto presets = session.bridge().report({{"report", "policies"}}).at("presets");
  std::map<std::string, std::string> used_by;
  for (const auto& tool : session.lms().tools()) {
    const auto locator = to_text(tool.locator);
    used_by[locator] = text_of(session.bridge().report({{"report", "policy"}, {"tool", locator}}), "policy");
  }
  if (global.json) {
    print_json({{"presets", presets}, {"tools", used_by}});
    return kExitDone;
  }
  Table table({"policy", "tools that have it"});
  std::map<std::string, std::string> tools;
  for (const auto& preset : presets) tools[preset.get<std::string>()];
  for (const auto& [tool, policy] : used_by) tools[policy] += (tools[policy].empty() ? "" : ", ") + tool;
  for (const auto& [policy, whose] : tools) table.add({policy, whose});
  table.print();
  return kExitDone;
}

int policy_check(const GlobalOptions& global, const std::string& name) {
  const auto policy = read_policy(name);
  Session session(global, use_for_asking(global));
  const auto answer = checked(session, policy, name);
  if (global.json)
    print_json(answer);
  else
    print_line(fmt::format("{} is a good policy, \"{}\"", name, text_of(answer, "policy")));
  print_next(global.json, fmt::format("`ptb-host policy set VENDOR/PROGRAM {}` puts it in force", name));
  return kExitDone;
}

int policy_show(const GlobalOptions& global, const std::string& name) {
  const bool of_tool = name.find('/') != std::string::npos;
  if (of_tool) locator_from(name);
  Session session(global, use_for_asking(global));
  const auto answer = session.bridge().report({{"report", "policy"}, {of_tool ? "tool" : "preset", name}});
  if (global.json)
    print_json(answer);
  else
    print_line(text_of(answer, "document"));  // as it is, so that it can be kept in a file and changed
  return kExitDone;
}

int policy_set(const GlobalOptions& global, const PolicySet& set) {
  const auto tool = to_text(locator_from(set.tool));
  auto policy = read_policy(set.policy);
  const auto overrides = set.with.empty() ? Overrides() : overrides_from(set.with);
  Session session(global, Session::Use::act);
  const auto source = is_document(set.policy) ? std::string("the document") : set.policy;
  auto good = checked(session, policy, source);
  if (!overrides.empty()) {
    policy = with_overrides(text_of(good, "document"), overrides);
    good = checked(session, policy, source + " --with " + set.with);
  }
  const auto answer = session.order({{"do", "policy"}, {"tool", tool}, {"policy", policy}});
  if (global.json)
    print_json(answer);
  else
    print_line(fmt::format("policy of {} is {}", tool, text_of(answer, "policy")));
  print_next(global.json, fmt::format("what waits follows it from now on: `ptb-host lanes`; `ptb-host policy show {}` "
                                      "prints it",
                                      tool));
  return kExitDone;
}

}  // namespace host
