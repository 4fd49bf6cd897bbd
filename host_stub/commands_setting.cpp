// Commands about tool settings.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "tool_settings.h"

namespace host {

int setting_set(const GlobalOptions& global, const SettingSet& set) {
  const auto tool = locator_from(set.tool);
  check_value(set.key, set.value);
  Session session(global, Session::Use::note);
  auto& lms = session.lms();
  if (!lms.tool(tool) && !lms.has_items_of(tool)) session.need_tool(tool);
  const auto owner = setting_owner(lms, tool, set.scope, set.id);
  const auto warning = save_setting(session, tool, {set.scope, owner, set.key, set.value});
  if (!warning.empty()) print_aside("warning: " + warning);
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
