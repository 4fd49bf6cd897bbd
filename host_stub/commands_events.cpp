// Commands about events and lanes: what waits, why, and what a person orders.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr int kPage = 500;

std::vector<std::string> row_of(const Json& event) {
  auto wait = text_of(event, "state");
  if (const auto deferral = text_of(event, "deferral"); wait == "pending" && !deferral.empty()) wait += ", " + deferral;
  return {text_of(event, "id"),        text_of(event, "lane"),
          text_of(event, "sequence"),  text_of(event, "kind"),
          text_of(event, "course_id"), wait,
          text_of(event, "attempts"),  cut(text_of(event, "last_error"), 60)};
}

void print_event(const Json& event) {
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty()) print_line(fmt::format("{:<12} {}", name, cut(value, 400)));
  };
  for (const char* name : {"id", "kind", "tool", "lane", "sequence", "state", "deferral", "course_id", "captured_at",
                           "operation", "attempts", "walks", "answer", "last_error"})
    line(name, text_of(event, name));
  for (const char* group : {"arguments", "context"}) {
    if (!event.contains(group) || !event.at(group).is_object()) continue;
    for (const auto& [name, value] : event.at(group).items())
      line(group, fmt::format("{} = {}", name, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  if (event.contains("settings"))
    for (const auto& setting : event.at("settings"))
      line("setting",
           fmt::format("{} {} = {}", text_of(setting, "scope"), text_of(setting, "key"), text_of(setting, "value")));
}

void need_bridge(Session& session, const std::string& id) {
  if (!session.has_bridge()) refuse("there is no event {}: nothing has been captured yet", cut(id, 60));
}

Json event_of(Session& session, const std::string& id) {
  return session.bridge().report({{"report", "event"}, {"id", id}});
}

}  // namespace

int events_list(const GlobalOptions& global, const EventsList& list) {
  Json question = {{"report", "events"}, {"limit", kPage}};
  if (!list.tool.empty()) question["tool"] = to_text(locator_from(list.tool));
  if (!list.state.empty()) question["state"] = list.state;
  Session session(global, Session::Use::look);
  JsonList json;
  Table table({"id", "lane", ">seq", "kind", "course", "state", ">attempts", "last error"});
  std::uint64_t shown = 0;
  bool more = session.has_bridge();
  while (more) {
    const auto page = session.bridge().report(question);
    for (const auto& event : page.at("events")) {
      if (list.limit != 0 && shown == list.limit) break;
      ++shown;
      if (global.json)
        json.add(event);
      else
        table.add(row_of(event));
    }
    table.print();
    more = page.contains("next") && !page.at("next").is_null() && (list.limit == 0 || shown < list.limit);
    if (more) question["after"] = page.at("next");
  }
  if (global.json)
    json.end();
  else if (shown == 0)
    print_line("no events");
  return kExitDone;
}

int events_show(const GlobalOptions& global, const std::string& id) {
  Session session(global, Session::Use::look);
  need_bridge(session, id);
  const auto event = event_of(session, id);
  if (global.json)
    print_json(event);
  else
    print_event(event);
  return kExitDone;
}

int events_explain(const GlobalOptions& global, const std::string& id) {
  Session session(global, Session::Use::look);
  need_bridge(session, id);
  const auto answer = session.bridge().report({{"report", "explain"}, {"id", id}});
  if (global.json)
    print_json(answer);
  else
    print_line(text_of(answer, "text"));
  return kExitDone;
}

int events_order(const GlobalOptions& global, const std::string& order, const std::string& id) {
  Session session(global, order == "park" ? Session::Use::note : Session::Use::act);
  std::uint64_t handle = 0;
  const auto answer = session.bridge().administer({{"do", order}, {"id", id}}, &handle);
  const auto result = session.wait(handle);
  const auto event = event_of(session, id);
  const auto tool = locator_from(text_of(event, "tool"));
  const auto installed = session.lms().tool(tool);
  if (handle != 0) {
    const int status = show_walk(global, tool, installed ? installed->state : "not installed", result);
    if (!global.json) print_line(fmt::format("event {} is {}", id, text_of(event, "state")));
    return status;
  }
  if (global.json) {
    print_json(event);
  } else {
    print_line(fmt::format("event {} is {}", id, text_of(event, "state")));
    if (const auto text = text_of(answer, "text"); !text.empty()) print_line(text);
  }
  return kExitDone;
}

int events_discard(const GlobalOptions& global, const std::string& id, const std::string& reason) {
  if (reason.empty()) wrong_usage("events discard wants a reason that others will read: --reason TEXT");
  Session session(global, Session::Use::note);
  std::uint64_t handle = 0;
  session.bridge().administer({{"do", "discard"}, {"id", id}, {"reason", reason}}, &handle);
  session.wait(handle);
  const auto event = event_of(session, id);
  if (global.json)
    print_json(event);
  else
    print_line(fmt::format("event {} is {}: {}", id, text_of(event, "state"), cut(reason, 200)));
  return kExitDone;
}

int lanes(const GlobalOptions& global) {
  Session session(global, Session::Use::look);
  const auto answer =
      session.has_bridge() ? session.bridge().report({{"report", "lanes"}}) : Json{{"lanes", Json::array()}};
  const auto& list = answer.at("lanes");
  if (global.json) {
    print_json(list);
    return kExitDone;
  }
  Table table({"lane", "tool", "state", ">waiting", "oldest", "next", "stopped by", "last error"});
  for (const auto& lane : list)
    table.add({text_of(lane, "lane"), text_of(lane, "tool"), text_of(lane, "state"),
               with_commas(lane.value("waiting", std::uint64_t{0})), text_of(lane, "oldest_at"),
               text_of(lane, "next_at"), text_of(lane, "stopped_by"), cut(text_of(lane, "last_error"), 60)});
  if (table.empty()) print_line("no lanes: nothing has been captured yet");
  table.print();
  return kExitDone;
}

int lane_order(const GlobalOptions& global, const std::string& order, const std::string& lane) {
  Session session(global, order == "hold" ? Session::Use::note : Session::Use::act);
  std::uint64_t handle = 0;
  const auto answer = session.bridge().administer({{"do", order}, {"lane", lane}}, &handle);
  const auto result = session.wait(handle);
  if (global.json)
    print_json({{"lane", lane}, {"order", order}});
  else
    print_line(fmt::format("lane {} is {}", lane, order == "hold" ? "held" : "released"));
  if (result.status == PTB_OK) return kExitDone;
  refuse("{}", result.text);
}

}  // namespace host
