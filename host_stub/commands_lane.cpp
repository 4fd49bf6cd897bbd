// Commands about lanes: what waits where, once or watched, and holding and releasing them; and what people ordered.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr int kPage = 500;

/// "retrying" and the like; a lane that waits for another says for which.
std::string state_text(const Json& lane) {
  const auto behind = text_of(lane, "behind");
  return behind.empty() ? text_of(lane, "state") : fmt::format("behind {}", behind);
}

void show_lanes(const GlobalOptions& global) {
  Session session(global, Session::Use::look);
  const auto answer =
      session.has_bridge() ? session.bridge().report({{"report", "lanes"}}) : Json{{"lanes", Json::array()}};
  const auto& list = answer.at("lanes");
  if (global.json) {
    print_json(list);
    return;
  }
  Table table({"lane", "tool", "state", ">waiting", "oldest", "next", "stopped by", "last error"});
  for (const auto& lane : list)
    table.add({text_of(lane, "lane"), text_of(lane, "tool"), state_text(lane),
               with_commas(lane.value("waiting", std::uint64_t{0})), text_of(lane, "oldest_at"),
               text_of(lane, "next_at"), text_of(lane, "stopped_by"), cut(text_of(lane, "last_error"), 60)});
  if (table.empty()) print_line("no lanes: nothing has been captured yet");
  table.print();
}

/// The directory is ours only while we look, so that other commands can work between two looks.
void look_once(const GlobalOptions& global, bool terminal) {
  try {
    if (terminal) fmt::print(console().out, "\x1b[H\x1b[2J");
    if (!global.json) print_line(time_text(now_ms()));
    show_lanes(global);
  } catch (const StateHeld& held) {
    print_aside(held.what());
  }
  flush_output();
}

}  // namespace

int lanes(const GlobalOptions& global, const LanesWatch& watch) {
  if (!watch.on) {
    show_lanes(global);
    return kExitDone;
  }
  catch_interrupts();
  const bool terminal = !global.json && is_terminal();
  for (std::uint64_t looks = 0; *global.interrupts == 0;) {
    look_once(global, terminal);
    if (++looks == watch.count) break;
    for (int tenth = 0; tenth < 10 && *global.interrupts == 0; ++tenth) {
      const timespec pause{0, 100'000'000};
      ::nanosleep(&pause, nullptr);  // Ctrl-C ends it early
    }
  }
  return kExitDone;
}

int lane_order(const GlobalOptions& global, const std::string& order, const LaneWhich& which) {
  const int given = (which.lane.empty() ? 0 : 1) + (which.tool.empty() ? 0 : 1) + (which.all ? 1 : 0);
  if (given != 1) wrong_usage("lane {} wants one of LANE, --tool VENDOR/PROGRAM and --all", order);
  Json what = {{"do", order}};
  if (!which.lane.empty()) what["lane"] = which.lane;
  if (!which.tool.empty()) what["tool"] = to_text(locator_from(which.tool));
  if (which.all) what["all"] = true;
  if (!which.reason.empty()) what["reason"] = which.reason;
  const bool hold = order == "hold";
  Session session(global, hold ? Session::Use::note : Session::Use::act);
  std::uint64_t handle = 0;
  const auto answer = session.order(what, &handle);
  const auto result = session.wait(handle);
  auto keys = answer.value("lanes", Json::array());
  if (keys.empty() && !which.lane.empty()) keys.push_back(which.lane);
  if (global.json) {
    print_json({{"lanes", keys}, {"order", order}});
  } else {
    for (const auto& key : keys)
      print_line(fmt::format("lane {} is {}", key.get<std::string>(), hold ? "held" : "released"));
    if (keys.empty()) print_line("there is no such lane");
  }
  print_next(global.json, hold ? "what comes for it waits until `ptb-host lane release` of the same"
                               : "`ptb-host lanes` shows what still waits, `ptb-host events explain ID` why");
  if (result.status == PTB_OK) return kExitDone;
  refuse("{}", result.text);
}

int audit(const GlobalOptions& global, std::uint64_t limit) {
  Session session(global, Session::Use::look);
  Json question = {{"report", "audit"}, {"limit", kPage}};
  JsonList json;
  Table table({">", "at", "who", "did", "to", "detail"});
  std::uint64_t shown = 0;
  for (bool more = session.has_bridge(); more;) {
    const auto page = session.bridge().report(question);
    for (const auto& entry : page.at("entries")) {
      if (limit != 0 && shown == limit) break;
      ++shown;
      if (global.json)
        json.add(entry);
      else
        table.add({text_of(entry, "number"), text_of(entry, "at"), cut(text_of(entry, "who"), 40),
                   text_of(entry, "what"), text_of(entry, "target"), cut(text_of(entry, "detail"), 100)});
    }
    table.print();
    more = page.contains("next") && !page.at("next").is_null() && (limit == 0 || shown < limit);
    if (more) question["after"] = page.at("next");
  }
  if (global.json)
    json.end();
  else if (shown == 0)
    print_line("nobody has ordered anything yet");
  return kExitDone;
}

}  // namespace host
