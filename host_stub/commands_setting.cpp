// Commands about tool settings.
#include <fmt/format.h>

#include "commands.h"
#include "course_operations.h"
#include "output.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostValueBytes = 8192;

std::string owner_of(Lms& lms, const SettingSet& set, const Locator& tool) {
  if (set.scope == "system") {
    if (!set.id.empty()) wrong_usage("a setting of scope system has no --id: leave it out");
    return {};
  }
  if (set.id.empty())
    wrong_usage("scope {} wants the id of the {}: --id ID", set.scope,
                set.scope == "course" ? "course" : "content item");
  if (set.scope == "course") return need_course(lms, set.id).id;
  const auto item = need_item(lms, set.id);
  if (item.tool != tool) refuse("content item {} belongs to {}, not to {}", set.id, to_text(item.tool), to_text(tool));
  return item.id;
}

}  // namespace

int setting_set(const GlobalOptions& global, const SettingSet& set) {
  const auto tool = locator_from(set.tool);
  if (set.value.size() > kMostValueBytes)
    refuse("the value of {} has {} bytes: a setting holds at most {}", set.key, set.value.size(), kMostValueBytes);
  if (!is_utf8(set.value)) refuse("the value of {} is not UTF-8", set.key);
  Session session(global, Session::Use::note);
  auto& lms = session.lms();
  if (!lms.tool(tool) && !lms.has_items_of(tool)) session.need_tool(tool);
  const auto owner = owner_of(lms, set, tool);
  auto others = Json::array();
  for (const auto& other : lms.settings(tool)) others.push_back(other.key);
  const auto verdict = session.bridge().report({{"report", "setting_key"}, {"key", set.key}, {"others", others}});
  const auto problem = text_of(verdict, "problem");
  if (!problem.empty()) refuse("setting {}: {}", cut(set.key, 60), problem);
  lms.set_setting(tool, {set.scope, owner, set.key, set.value});
  const auto warning = text_of(verdict, "warning");
  if (!warning.empty()) print_aside("warning: " + warning);
  if (!set.value.empty()) session.bridge().value_known(tool, {set.scope, owner, set.key, set.value});
  if (global.json)
    print_json({{"tool", to_text(tool)}, {"scope", set.scope}, {"id", owner}, {"key", set.key}, {"value", set.value}});
  else
    print_line(
        fmt::format("set {} = {} ({}{}{})", set.key, cut(set.value, 200), set.scope, owner.empty() ? "" : " ", owner));
  print_next(global.json,
             fmt::format("what waits keeps what was set when it was captured: `ptb-host replay {} --dry-run` "
                         "shows the difference",
                         to_text(tool)));
  return kExitDone;
}

int setting_list(const GlobalOptions& global, const std::string& name) {
  const auto tool = locator_from(name);
  Session session(global, Session::Use::lms);
  auto& lms = session.lms();
  const auto settings = lms.settings(tool);
  if (settings.empty() && !lms.tool(tool) && !lms.has_items_of(tool)) session.need_tool(tool);
  if (global.json) {
    JsonList list;
    for (const auto& setting : settings)
      list.add({{"scope", setting.scope}, {"id", setting.owner}, {"key", setting.key}, {"value", setting.value}});
    list.end();
    return kExitDone;
  }
  Table table({"scope", "id", "key", "value"});
  for (const auto& setting : settings) table.add({setting.scope, setting.owner, setting.key, setting.value});
  if (table.empty()) print_line(fmt::format("no settings of {}", to_text(tool)));
  table.print();
  return kExitDone;
}

}  // namespace host
