// See pages.h. All lanes, and holding and releasing them.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

constexpr std::size_t kMostRows = 500;

/// Where the form was: a page of this server that has the lane.
std::string place_of(const Call& call) { return call.value("tool").empty() ? "/lanes" : tool_url(call.value("tool")); }

Page lanes_page(const Serving& serving, const Call& call) {
  const auto now = now_ms();
  const auto lanes = reported(serving, {{"report", "lanes"}}).at("lanes");
  const auto tool = call.value("tool");
  const bool only_waiting = call.value("which") == "waiting";
  auto rows = Json::array();
  std::size_t left_out = 0;
  std::size_t held = 0;
  for (const auto& lane : lanes) {
    held += text_of(lane, "state") == "held" ? 1 : 0;
    if (!tool.empty() && text_of(lane, "tool") != tool) continue;
    if (only_waiting && lane.value("waiting", std::uint64_t{0}) == 0) continue;
    if (rows.size() < kMostRows)
      rows.push_back(lane_row(lane, now));
    else
      ++left_out;
  }
  Json model = {{"lanes", rows},
                {"has_lanes", !rows.empty()},
                {"left_out", left_out == 0 ? Json() : Json(with_commas(left_out))},
                {"held", held == 0 ? Json() : Json(with_commas(held))},
                {"only_waiting", only_waiting},
                {"of_tool", tool},
                {"of_tool_url", tool_url(tool)},
                {"shows_tool", true}};
  return html_page(serving, call, {"Lanes", "/lanes"}, "lanes", std::move(model));
}

Page order(const Serving& serving, const Call& call, const std::string& what) {
  const LaneWhich which{call.value("lane"), call.value("tool"), call.value("all") == "yes", call.value("reason")};
  const auto target = place_of(call);
  const Command command = [=](const GlobalOptions& options) { return lane_order(options, what, which); };
  // A release sends what waited.
  if (what == "release") return begun_page(serving, call, target, what, which.tool, command);
  return ordered_page(serving, call, target,
                      which.all ? "All lanes are held: nothing is sent until you release them."
                                : "The lane is held: what comes for it waits until you release it.",
                      command);
}

}  // namespace

void add_lane_pages(Router& router, Serving& serving) {
  router.get("/lanes", [&serving](const Call& call) { return lanes_page(serving, call); });
  for (const char* what : {"hold", "release"})
    router.change("POST", fmt::format("/lanes/{}", what),
                  [&serving, what = std::string(what)](const Call& call) { return order(serving, call, what); });
}

}  // namespace host
