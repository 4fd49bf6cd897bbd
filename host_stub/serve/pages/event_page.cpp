// See pages.h. One event: what it says, what became of it and why, and what a person can do about it.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/event_view.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

Json pairs_of(const Json& object) {
  auto pairs = Json::array();
  for (const auto& [name, value] : object.items())
    pairs.push_back({{"name", name}, {"value", text_of(object, name.c_str())}});
  return pairs;
}

/// What of its settings has changed since; null where nobody can say (the event would not be replayed).
Json changes_of(const Serving& serving, const Json& event) {
  try {
    const auto answer = reported(
        serving, {{"report", "replay"}, {"tool", event.at("tool")}, {"from_event", event.at("id")}, {"limit", 1}});
    for (const auto& one : answer.at("events"))
      if (one.at("id") == event.at("id")) return one.value("settings_changed", Json());
  } catch (const Refusal&) {
    // It cannot be replayed: a parked one, or one of a tool that is not installed.
  }
  return nullptr;
}

Page event_page(const Serving& serving, const Call& call) {
  const auto now = now_ms();
  const auto id = call.path.at(0);
  const auto event = reported(serving, {{"report", "event"}, {"id", id}});
  const auto why = reported(serving, {{"report", "explain"}, {"id", id}});
  const auto changes = changes_of(serving, event);
  const auto tool = text_of(event, "tool");
  const auto kind = kind_text(text_of(event, "kind"));
  auto model = event_row(event, now);
  const auto settings = settings_then_and_now(event.at("settings"), changes);
  model.update(Json{{"tool", tool},
                    {"tool_url", tool_url(tool)},
                    {"lane", text_of(event, "lane")},
                    {"attempts", count_of(event, "attempts")},
                    {"operation", text_of(event, "operation")},
                    {"explained", in_short(event, why)},
                    {"timeline", timeline_of(event, why, now)},
                    {"suggestions", suggestions_of(event, why)},
                    {"arguments", pairs_of(event.at("arguments"))},
                    {"context", pairs_of(event.at("context"))},
                    {"has_context", !event.at("context").empty()},
                    {"settings", settings},
                    {"has_settings", !settings.empty()},
                    {"knows_now", changes.is_array()}});
  model.update(orders_of(event));
  return html_page(serving, call, {fmt::format("{} {}", kind, id)}, "event", std::move(model));
}

Page order(const Serving& serving, const Call& call, const std::string& what) {
  const auto id = call.path.at(0);
  const auto target = "/events/" + escaped_for_url(id);
  const auto reason = call.value("reason");
  if (what == "discard" && reason.find_first_not_of(' ') == std::string::npos)
    return done_page(target, Said::bad, "Say why: a discarded event is never sent, and somebody will ask.");
  const Command command = [=](const GlobalOptions& options) {
    return what == "discard" ? events_discard(options, id, reason) : events_order(options, what, id, reason);
  };
  if (what == "retry" || what == "unpark") return begun_page(serving, call, target, what, "", command);
  return ordered_page(serving, call, target,
                      what == "park" ? "It is parked: what is behind it can go on." : "It is discarded.", command);
}

}  // namespace

void add_event_pages(Router& router, Serving& serving) {
  router.get("/events/{id}", [&serving](const Call& call) { return event_page(serving, call); });
  for (const char* what : {"retry", "park", "unpark", "discard"})
    router.change("POST", fmt::format("/events/{{id}}/{}", what),
                  [&serving, what = std::string(what)](const Call& call) { return order(serving, call, what); });
}

}  // namespace host
