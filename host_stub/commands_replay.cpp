// The command that sends again, what waits or from an event, a time or a backup on, or shows beforehand what it would;
// and what any walk has come to.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "text/rfc3339.h"

namespace host {

namespace {

constexpr int kPage = 500;

/// Adds from where; nothing where only what waits is meant.
void add_start(Json& order, const ReplayFrom& from) {
  const int given = (from.event.empty() ? 0 : 1) + (from.time.empty() ? 0 : 1) + (from.backup.empty() ? 0 : 1);
  if (given > 1) wrong_usage("replay wants one of --from-event, --from-time and --from-backup");
  if (!from.event.empty()) order["from_event"] = from.event;
  if (!from.backup.empty()) order["from_backup"] = from.backup;
  if (!from.time.empty()) order["from_time"] = time_text(moment_option("--from-time", from.time));
}

/// "course level: 1 → 2", one after the other; "-" is a setting that is not set.
std::string changes_text(const Json& event) {
  std::string text;
  const auto found = event.find("settings_changed");
  if (found == event.end() || !found->is_array()) return text;
  const auto shown = [](const Json& change, const char* member) {
    return change.at(member).is_null() ? std::string("-") : cut(text_of(change, member), 40);
  };
  for (const auto& change : *found)
    text += fmt::format("{}{} {}: {} → {}", text.empty() ? "" : "; ", text_of(change, "scope"), text_of(change, "key"),
                        shown(change, "was"), shown(change, "now"));
  return text;
}

int dry_run(const GlobalOptions& global, const Locator& tool, const ReplayFrom& from) {
  Json question = {{"report", "replay"}, {"tool", to_text(tool)}, {"limit", kPage}};
  add_start(question, from);
  if (!has_store(global)) refuse("there is nothing to send to {}: nothing has been captured yet", to_text(tool));
  Session session(global, Session::Use::look);
  JsonList json;
  Table table({"id", ">seq", "kind", "course", "state", "settings then → now"});
  std::uint64_t count = 0;
  std::uint64_t changed = 0;
  for (bool more = true; more;) {
    const auto page = session.bridge().report(question);
    for (const auto& event : page.at("events")) {
      ++count;
      const auto changes = changes_text(event);
      changed += changes.empty() ? 0 : 1;
      if (global.json)
        json.add(event);
      else
        table.add({text_of(event, "id"), text_of(event, "sequence"), text_of(event, "kind"),
                   text_of(event, "course_id"), text_of(event, "state"), changes.empty() ? "the same" : changes});
    }
    table.print();
    more = page.contains("next") && !page.at("next").is_null();
    if (more) question["after"] = page.at("next");
  }
  if (global.json) {
    json.end();
    return kExitDone;
  }
  print_line(fmt::format("{} {} would be sent, {} with settings that have changed since; nothing was sent",
                         with_commas(count), count == 1 ? "event" : "events", with_commas(changed)));
  print_next(false,
             "the same without --dry-run; settings go out as they were, unless the tool's policy says "
             "settings=\"current\"");
  return kExitDone;
}

}  // namespace

namespace {

/// What a person would want next after a walk that no event stopped.
std::string next_of(const std::string& tool, const std::string& state, const OperationResult& result) {
  if (result.status != PTB_OK)
    return fmt::format("once the tool answers, `ptb-host tool save {} --state available`", tool);
  if (result.refused > 0)
    return fmt::format(
        "`ptb-host events list {} --state refused` shows what it refused, `ptb-host events retry ID` sends "
        "one again",
        tool);
  if (state != "available")
    return fmt::format("what comes waits until `ptb-host tool save {} --state available`", tool);
  if (result.left > 0) return fmt::format("`ptb-host events list {} --state pending` shows what still waits", tool);
  return fmt::format("`ptb-host replay {} --dry-run --from-time TIME` shows what could be sent again", tool);
}

}  // namespace

int show_walk(const GlobalOptions& global, const Locator& tool, const std::string& state,
              const OperationResult& result) {
  const bool stopped = result.status != PTB_OK;
  if (global.json) {
    print_json({{"tool", to_text(tool)},
                {"state", state},
                {"sent", result.sent},
                {"acknowledged", result.acknowledged},
                {"refused", result.refused},
                {"failed", result.failed},
                {"left", result.left},
                {"repeated", result.repeated},
                {"stopped_by", result.stopped_by.empty() ? Json() : Json(result.stopped_by)},
                {"ms", result.duration_ms}});
  } else {
    Table table({"tool", "state", ">sent", ">acknowledged", ">refused", ">failed", ">left", ">repeated", ">ms"});
    table.add({to_text(tool), state, with_commas(result.sent), with_commas(result.acknowledged),
               with_commas(result.refused), with_commas(result.failed), with_commas(result.left),
               with_commas(result.repeated), with_commas(result.duration_ms)});
    table.print();
    if (result.discarded > 0)
      print_line(fmt::format("discarded: {}; `ptb-host events list {} --state discarded` shows them",
                             with_commas(result.discarded), to_text(tool)));
    if (!result.stopped_by.empty())
      print_line(
          fmt::format("stopped by event {}\nwhat to do: `ptb-host events explain {}` says why; once the tool is "
                      "well, `ptb-host tool save {} --state available` starts again; `ptb-host events park {}` sets "
                      "aside an event that it fails on",
                      result.stopped_by, result.stopped_by, to_text(tool), result.stopped_by));
    else
      print_next(false, next_of(to_text(tool), state, result));
  }
  if (!stopped) {
    if (!global.json && !result.text.empty()) print_line(result.text);
    return kExitDone;
  }
  print_aside(result.text.empty() ? "the walk stopped" : result.text);
  return kExitRefused;
}

int replay(const GlobalOptions& global, const std::string& name, const ReplayFrom& from) {
  const auto locator = locator_from(name);
  if (from.dry_run) return dry_run(global, locator, from);
  Json order = {{"do", "replay"}, {"tool", to_text(locator)}};
  add_start(order, from);
  Session session(global, Session::Use::act);
  const auto tool = session.need_tool(locator);
  if (tool.state != "available")
    refuse("nothing is sent to {}, which is {}: `ptb-host tool save {} --state available` sends what waits",
           to_text(locator), tool.state, to_text(locator));
  std::uint64_t handle = 0;
  session.order(order, &handle);
  return show_walk(global, locator, tool.state, session.wait(handle, locator));
}

}  // namespace host
