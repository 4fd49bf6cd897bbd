// See tool_pages.h. Sending again: what waits, or from an event, a time or a backup on; first a look at what that is.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"

namespace host {

namespace {

constexpr int kPreview = 50;

/// What the form says, under one of the names that orders and reports know.
struct Start {
  std::string which;  ///< waiting, from_event, from_time, from_backup
  std::string value;
};

Start start_in(const Call& call) {
  Start start{call.value("from"), {}};
  if (start.which.empty()) start.which = call.value("from_event").empty() ? "waiting" : "from_event";
  if (start.which == "waiting") return start;
  if (start.which != "from_event" && start.which != "from_time" && start.which != "from_backup")
    wrong_usage("Begin: choose one of the four");
  start.value = call.value(start.which);
  if (start.value.empty()) wrong_usage("Begin: write the {} from which on it is to be sent", start.which.substr(5));
  return start;
}

/// "2026-11-23T08:00", as a browser's own field has it, is meant in UTC.
std::string whole_time(const std::string& time) {
  if (time.size() == 16) return time + ":00Z";
  return time.size() == 19 ? time + "Z" : time;
}

Json changes_of(const Json& event) {
  auto changes = Json::array();
  const auto found = event.find("settings_changed");
  if (found == event.end() || !found->is_array()) return changes;
  for (const auto& one : *found)
    changes.push_back({{"scope", text_of(one, "scope")},
                       {"key", text_of(one, "key")},
                       {"was", one.at("was").is_null() ? std::string("not set") : text_of(one, "was")},
                       {"now", one.at("now").is_null() ? std::string("not set") : text_of(one, "now")}});
  return changes;
}

Json preview(const Serving& serving, const std::string& tool, const Start& start, const std::string& after) {
  Json question = {{"report", "replay"}, {"tool", tool}, {"limit", kPreview}};
  if (start.which == "from_time")
    question["from_time"] = time_text(moment_option("time", whole_time(start.value)));
  else if (start.which != "waiting")
    question[start.which] = start.value;
  if (!after.empty()) question["after"] = after;
  const auto answer = reported(serving, question);
  auto rows = Json::array();
  for (const auto& event : answer.at("events")) {
    auto row = event_row(event, now_ms());
    row["changes"] = changes_of(event);
    row["has_changes"] = !row["changes"].empty();
    rows.push_back(std::move(row));
  }
  const bool is_empty = rows.empty();
  const auto next = text_of(answer, "next");
  return {{"events", std::move(rows)},
          {"is_empty", is_empty},
          {"next", next.empty()
                       ? Json()
                       : Json(fmt::format("{}/replay?preview=1&from={}&{}={}&after={}", tool_url(tool), start.which,
                                          start.which, escaped_for_url(start.value), escaped_for_url(next)))}};
}

Page replay_page(const Serving& serving, const Call& call, std::string problem) {
  auto here = tool_here(serving, call, "replay");
  Start start{"waiting", {}};
  Json shown;
  try {
    start = start_in(call);
    if (problem.empty() && !call.value("preview").empty())
      shown = preview(serving, here.locator, start, call.value("after"));
  } catch (const Refusal& refusal) {
    if (problem.empty()) problem = refusal.what();
    start.which = call.value("from");
  }
  const auto is = [&](const char* which) { return start.which == which; };
  here.model.update(Json{{"is_waiting", is("waiting")},
                         {"is_event", is("from_event")},
                         {"is_time", is("from_time")},
                         {"is_backup", is("from_backup")},
                         {"from_event", call.value("from_event")},
                         {"from_time", call.value("from_time")},
                         {"from_backup", call.value("from_backup")},
                         {"preview", shown},
                         {"is_available", here.tool.is_object() && text_of(here.tool, "state") == "available"},
                         {"problem", problem}});
  return html_page(serving, call, {here.locator + ": replay", "/", 0, problem.empty() ? 200U : 400U}, "tool_replay",
                   std::move(here.model));
}

Page begin(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  ReplayFrom from;
  try {
    const auto start = start_in(call);
    if (start.which == "from_event") from.event = start.value;
    if (start.which == "from_time") from.time = whole_time(start.value);
    if (start.which == "from_backup") from.backup = start.value;
    if (!from.time.empty()) moment_option("time", from.time);
  } catch (const Refusal& refusal) {
    return replay_page(serving, call, refusal.what());
  }
  return begun_page(serving, call, tool_url(tool) + "/replay", "replay", tool,
                    [=](const GlobalOptions& options) { return replay(options, tool, from); });
}

}  // namespace

void add_tool_replay_pages(Router& router, Serving& serving) {
  const std::string path = "/tools/{vendor}/{program}/replay";
  router.get(path, [&serving](const Call& call) { return replay_page(serving, call, ""); });
  router.change("POST", path, [&serving](const Call& call) { return begin(serving, call); });
}

}  // namespace host
