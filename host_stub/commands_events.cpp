// Commands about events: which there are, why they wait, and what a person orders.
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
  if (!session.has_bridge()) not_found("there is no event {}: nothing has been captured yet", cut(id, 60));
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
  if (global.json) {
    print_json(answer);
    return kExitDone;
  }
  print_line(text_of(answer, "text"));
  for (const auto& attempt : answer.value("attempts", Json::array()))
    print_line(fmt::format("attempt {} at {}: {}", text_of(attempt, "number"), text_of(attempt, "at"),
                           cut(text_of(attempt, "text"), 300)));
  for (const auto& sentence : answer.value("next", Json::array())) print_next(false, sentence.get<std::string>());
  return kExitDone;
}

namespace {

/// What a person would want next of an event in that state.
std::string next_of(const Json& event) {
  const auto id = text_of(event, "id");
  const auto state = text_of(event, "state");
  if (state == "pending") return fmt::format("`ptb-host events explain {}` says why it waits", id);
  if (state == "parked")
    return fmt::format("`ptb-host events unpark {}` sends it, `ptb-host events discard {} --reason TEXT` gives it up",
                       id, id);
  if (state == "refused")
    return fmt::format(
        "`ptb-host events show {}` shows the tool's answer; once it is mended, `ptb-host events retry {}`", id, id);
  if (state == "discarded")
    return fmt::format("`ptb-host events show {}` keeps the reason; `ptb-host audit` says who", id);
  return fmt::format("`ptb-host events show {}`", id);
}

}  // namespace

int events_order(const GlobalOptions& global, const std::string& order, const std::string& id,
                 const std::string& reason) {
  Session session(global, order == "park" ? Session::Use::note : Session::Use::act);
  std::uint64_t handle = 0;
  Json what = {{"do", order}, {"id", id}};
  if (!reason.empty()) what["reason"] = reason;
  const auto answer = session.order(what, &handle);
  const auto result = session.wait(handle);
  const auto event = event_of(session, id);
  const auto tool = locator_from(text_of(event, "tool"));
  const auto installed = session.lms().tool(tool);
  int status = kExitDone;
  if (handle != 0)
    status = show_walk(global, tool, installed ? installed->state : "not installed", result);
  else if (global.json)
    print_json(event);
  if (global.json) return status;
  print_line(fmt::format("event {} is {}", id, text_of(event, "state")));
  if (const auto text = text_of(answer, "text"); handle == 0 && !text.empty()) print_line(text);
  print_next(false, next_of(event));
  return status;
}

int events_discard(const GlobalOptions& global, const std::string& id, const std::string& reason) {
  if (reason.empty()) wrong_usage("events discard wants a reason that others will read: --reason TEXT");
  Session session(global, Session::Use::note);
  std::uint64_t handle = 0;
  session.order({{"do", "discard"}, {"id", id}, {"reason", reason}}, &handle);
  session.wait(handle);
  const auto event = event_of(session, id);
  if (global.json)
    print_json(event);
  else
    print_line(fmt::format("event {} is {}: {}", id, text_of(event, "state"), cut(reason, 200)));
  print_next(global.json, next_of(event));
  return kExitDone;
}

}  // namespace host
