// See tool_pages.h. What one tells a tool, and what takes it away.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"

namespace host {

namespace {

constexpr int kMostPulled = 100;

Page ping(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  return ordered_page(serving, call, tool_url(tool), fmt::format("{} answers: it is there.", tool),
                      [&](const GlobalOptions& options) { return tool_ping(options, tool); });
}

Page claim(const Serving& serving, const Call& call) {
  const auto from = tool_in(call);
  const auto to = call.value("to");
  if (to.empty()) return done_page(tool_url(from), Said::bad, "Choose the tool that is to have what waits.");
  const auto text =
      fmt::format("What waited for {} belongs to {} now. Save it as available, and it is sent.", from, to);
  // On success there may be nothing left to show of the old one.
  auto done = ordered_page(serving, call, tool_url(to), text,
                           [&](const GlobalOptions& options) { return tool_claim(options, from, to); });
  return done;
}

Page ask_reregister(const Serving& serving, const Call& call) {
  auto here = tool_here(serving, call, "");
  return html_page(serving, call, {here.locator + ": register again"}, "tool_reregister", std::move(here.model));
}

Page reregister(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  const auto password = call.value("password");
  return ordered_page(
      serving, call, tool_url(tool),
      fmt::format("{} has been asked to register again. It is unavailable until it is saved as available.", tool),
      [&](const GlobalOptions& options) { return tool_reregister(options, tool, password); });
}

Page ask_remove(const Serving& serving, const Call& call) {
  auto here = tool_here(serving, call, "");
  std::uint64_t waiting = 0;
  for (const auto& lane : here.lanes) waiting += lane.value("waiting", std::uint64_t{0});
  here.model["waiting"] = waiting == 0 ? Json() : Json(with_commas(waiting));
  return html_page(serving, call, {"Remove " + here.locator}, "tool_remove", std::move(here.model));
}

Page remove(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  return ordered_page(serving, call, "/",
                      fmt::format("{} is removed. What waits for it is kept until it is installed again.", tool),
                      [&](const GlobalOptions& options) { return tool_remove(options, tool); });
}

Page pull_page(const Serving& serving, const Call& call) {
  auto here = tool_here(serving, call, "pull");
  Json question = {{"report", "pull"}, {"tool", here.locator}, {"limit", kMostPulled}};
  if (const auto after = call.value("after"); !after.empty()) question["after"] = after;
  const auto answer = reported(serving, question);
  auto rows = Json::array();
  for (const auto& event : answer.at("events")) {
    auto row = event_row(event, now_ms());
    row["goes_to"] = cut(text_of(event, "url"), 200);
    rows.push_back(std::move(row));
  }
  here.model["has_events"] = !rows.empty();
  here.model["events"] = std::move(rows);
  const auto next = text_of(answer, "next");
  here.model["next"] = next.empty() ? Json() : Json(tool_url(here.locator) + "/pull?after=" + escaped_for_url(next));
  return html_page(serving, call, {here.locator + ": pull queue"}, "tool_pull", std::move(here.model));
}

Page redeliver(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  return begun_page(serving, call, tool_url(tool) + "/pull", "redeliver", tool,
                    [=](const GlobalOptions& options) { return pull_redeliver(options, tool, {}); });
}

}  // namespace

void add_tool_order_pages(Router& router, Serving& serving) {
  const std::string one = "/tools/{vendor}/{program}";
  const auto with = [&serving](auto run) { return [&serving, run](const Call& call) { return run(serving, call); }; };
  router.change("POST", one + "/ping", with(ping));
  router.change("POST", one + "/claim", with(claim));
  router.get(one + "/reregister", with(ask_reregister));
  router.change("POST", one + "/reregister", with(reregister));
  router.get(one + "/remove", with(ask_remove));
  router.change("POST", one + "/remove", with(remove));
  router.get(one + "/pull", with(pull_page));
  router.change("POST", one + "/redeliver", with(redeliver));
}

}  // namespace host
