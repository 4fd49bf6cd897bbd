// See tool_pages.h. A tool's events, those that wait and those that are past, and all of them as a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "output.h"
#include "serve/pages/event_scan.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"

namespace host {

namespace {

constexpr int kPage = 50;
constexpr std::uint64_t kMostLookedAt = 5000;  // by one request
constexpr int kExportPage = 500;
constexpr std::size_t kMostExportBytes = 64ULL * 1024 * 1024;

constexpr std::array<const char*, 14> kKinds = {
    "course-imported", "course-copied",    "course-exported", "course-deleted", "content-imported",
    "content-copied",  "content-exported", "content-deleted", "group-imported", "group-copied",
    "group-exported",  "state-change",     "remove",          "reregister"};

constexpr std::array<std::pair<const char*, const char*>, 6> kStates = {{{"", "all"},
                                                                         {"pending", "that wait"},
                                                                         {"delivered", "delivered"},
                                                                         {"refused", "refused"},
                                                                         {"parked", "parked"},
                                                                         {"discarded", "discarded"}}};

std::string state_in(const Call& call) {
  const auto state = call.value("state");
  const bool known = std::any_of(kStates.begin(), kStates.end(), [&](const auto& one) { return state == one.first; });
  if (!known) wrong_usage("there is no state '{}': choose one of the list", cut(state, 40));
  return state;
}

/// The address of this page with another cursor.
std::string address(const std::string& tool, const std::string& state, const EventWish& wish,
                    const std::string& after) {
  auto url = fmt::format("{}/events?state={}", tool_url(tool), state);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) url += fmt::format("&{}={}", name, escaped_for_url(value));
  };
  add("kind", wish.kind);
  add("course", wish.course);
  add("text", wish.text);
  add("after", after);
  return url;
}

Page events_page(const Serving& serving, const Call& call) {
  auto here = tool_here(serving, call, "events");
  const auto state = state_in(call);
  const EventWish wish{call.value("kind"), call.value("course"), call.value("text")};
  const bool is_filtered = !wish.kind.empty() || !wish.course.empty() || !wish.text.empty();
  const auto found = scan_events(
      [&](const std::string& after) {
        Json question = {{"report", "events"}, {"tool", here.locator}, {"limit", is_filtered ? kExportPage : kPage}};
        if (!state.empty()) question["state"] = state;
        if (!after.empty()) question["after"] = after;
        return reported(serving, question);
      },
      call.value("after"), wish, kPage, kMostLookedAt);
  auto rows = Json::array();
  for (const auto& event : found.events) rows.push_back(event_row(event, now_ms()));
  auto states = Json::array();
  for (const auto& [value, text] : kStates)
    states.push_back({{"value", value}, {"text", text}, {"is_chosen", state == value}});
  auto kinds = Json::array();
  for (const char* kind : kKinds)
    kinds.push_back({{"value", kind}, {"text", kind_text(kind)}, {"is_chosen", wish.kind == kind}});
  here.model.update(Json{{"events", rows},
                         {"has_events", !rows.empty()},
                         {"states", {{"choices", states}}},
                         {"kinds", {{"choices", kinds}}},
                         {"course", wish.course},
                         {"text", wish.text},
                         {"is_filtered", is_filtered},
                         {"looked_at", is_filtered ? Json(amount(found.looked_at, "event")) : Json()},
                         {"is_first", call.value("after").empty()},
                         {"first", address(here.locator, state, wish, "")},
                         {"next", found.next.empty() ? Json() : Json(address(here.locator, state, wish, found.next))},
                         {"export", fmt::format("{}/export?state={}", tool_url(here.locator), state)}});
  return html_page(serving, call, {here.locator + ": events"}, "tool_events", std::move(here.model));
}

/// JSON lines, as `events export` writes them and `events import` reads them.
Page export_file(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  const auto state = state_in(call);
  Json question = {{"report", "export"}, {"tool", tool}, {"limit", kExportPage}};
  if (!state.empty()) question["state"] = state;
  std::string lines;
  for (bool more = true; more;) {
    const auto page = reported(serving, question);
    for (const auto& line : page.at("events"))
      lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (lines.size() > kMostExportBytes)
      refuse("That is more than a browser should be handed at once: use `ptb-host events export {} --file FILE`.",
             tool);
    more = !page.at("next").is_null();
    if (more) question["after"] = page.at("next");
  }
  auto name = tool;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::string_view("/\\\"\r\n").find(c) != std::string_view::npos; },
      '-');
  return {200,
          "application/x-ndjson",
          lines,
          {{"Content-Disposition", fmt::format("attachment; filename=\"events-{}.jsonl\"", escaped_for_url(name))},
           {"Cache-Control", "no-store"}}};
}

}  // namespace

void add_tool_event_pages(Router& router, Serving& serving) {
  router.get("/tools/{vendor}/{program}/events", [&serving](const Call& call) { return events_page(serving, call); });
  router.get("/tools/{vendor}/{program}/export", [&serving](const Call& call) { return export_file(serving, call); });
}

}  // namespace host
