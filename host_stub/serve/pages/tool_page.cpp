// See pages.h. One tool: what waits, the walk, and the form that saves it.
#include <fmt/format.h>

#include <algorithm>

#include "commands.h"
#include "output.h"
#include "serve/pages/charts.h"
#include "serve/pages/job_view.h"
#include "serve/pages/moments.h"
#include "serve/pages/pages.h"
#include "serve/pages/pieces.h"
#include "serve/pages/sums.h"
#include "serve/pages/tool_form.h"
#include "serve/pages/tool_head.h"
#include "serve/pages/tool_pages.h"
#include "text/rfc3339.h"

namespace host {

namespace {

constexpr int kMostAges = 1000;
constexpr std::size_t kFirstEvents = 5;
constexpr std::size_t kFirstLanes = 10;
constexpr std::int64_t kFreshMs = 10 * 60'000;  // so long the last job is worth a place

/// The one that the address names, else one under way, else the last one if that is not long ago.
std::optional<JobView> job_of(const Serving& serving, const Call& call, const std::string& tool, std::int64_t now) {
  const auto named = call.value("job");
  std::optional<JobView> last;
  for (auto& job : serving.jobs.list()) {
    if (job.tool != tool) continue;
    if (job.ended_at_ms == 0 || std::to_string(job.number) == named) return std::move(job);
    if (!last && now - job.ended_at_ms < kFreshMs) last = std::move(job);
  }
  return last;
}

/// The first that wait, and a chart of how old what waits is.
void add_waiting(Json& model, const Serving& serving, const std::string& tool, std::int64_t now) {
  const auto waiting =
      reported(serving, {{"report", "events"}, {"tool", tool}, {"state", "pending"}, {"limit", kMostAges}});
  std::vector<std::int64_t> ages;
  auto rows = Json::array();
  for (const auto& event : waiting.at("events")) {
    if (rows.size() < kFirstEvents) rows.push_back(event_row(event, now));
    ages.push_back(moment_from(text_of(event, "captured_at")).value_or(now));
  }
  const auto which = waiting.at("next").is_null() ? std::string("what waits")
                                                  : fmt::format("the first {} that wait", with_commas(kMostAges));
  model["events"] = rows;
  model["has_events"] = !rows.empty();
  model["charts"] =
      line_chart("chart-waiting", "Waiting over time", serving.samples.of(tool), now) +
      bar_chart("chart-answers", "Answers since this server began", answer_bars(serving.live.outcomes(), tool)) +
      bar_chart("chart-ages", "Age of " + which, age_bars(ages, now));
}

/// Those in which something waits before the others; under some policies each event has one of its own.
void add_lanes(Json& model, const Json& lanes, std::int64_t now) {
  std::vector<const Json*> sorted;
  for (const auto& lane : lanes) sorted.push_back(&lane);
  const auto waiting = [](const Json* lane) { return lane->value("waiting", std::uint64_t{0}) > 0; };
  std::stable_partition(sorted.begin(), sorted.end(), waiting);
  auto rows = Json::array();
  for (const auto* lane : sorted)
    if (rows.size() < kFirstLanes) rows.push_back(lane_row(*lane, now));
  model["has_lanes"] = !rows.empty();
  model["more_lanes"] = sorted.size() > rows.size() ? Json(with_commas(sorted.size() - rows.size())) : Json();
  model["lanes"] = std::move(rows);
}

void add_save_form(Json& model, const Serving& serving, const Call& call, const ToolHere& here,
                   const std::string& problem) {
  const auto presets = reported(serving, {{"report", "policies"}}).at("presets");
  const auto policy = reported(serving, {{"report", "policy"}, {"tool", here.locator}});
  model.update(tool_fields(here.tool, text_of(policy, "policy"), presets, call.form));
  model["problem"] = problem;
  model["is_new"] = false;
  const auto state = call.value("state");
  model["states"] = choices({{"available", "available: it hears everything, and what waits is sent now"},
                             {"inactive", "inactive: nobody uses it, events wait"},
                             {"unavailable", "unavailable: events wait"}},
                            state.empty() ? "available" : state);
}

/// Everybody who could take over what waits for a tool that is not installed.
Json takers(const Serving& serving, const Call& call) {
  auto list = Json::array();
  for (const auto& tool : asked(serving, call, [](const GlobalOptions& options) { return tool_list(options); }))
    list.push_back({{"value", text_of(tool, "tool")}, {"text", text_of(tool, "tool")}, {"is_chosen", false}});
  return {{"choices", list}, {"is_empty", list.empty()}};
}

Page tool_page(const Serving& serving, const Call& call, const std::string& problem) {
  const auto now = now_ms();
  auto here = tool_here(serving, call, "overview");
  auto& model = here.model;
  const auto sums = sums_of(here.lanes);
  const auto sum = sums.find(here.locator);
  const auto total = sum == sums.end() ? LaneSum{} : sum->second;
  const auto job = job_of(serving, call, here.locator, now);
  model["waiting"] = with_commas(total.waiting);
  model["oldest"] = moment_of(total.oldest_at, now);
  add_lanes(model, here.lanes, now);
  const auto walks = under_their_tools(serving.live.walks(), here.lanes);
  model["job"] = job ? job_view(to_json(*job), walks, now) : Json();
  // A walk that nobody ordered here: a contact, a time that came.
  const bool is_other = (!job || job->ended_at_ms != 0) && is_walking(here.lanes, here.locator);
  model["other_walk"] = is_other ? walk_view(here.locator, walks) : Json();
  add_waiting(model, serving, here.locator, now);
  if (here.tool.is_object()) {
    add_save_form(model, serving, call, here, problem);
    model["guid"] = text_of(here.tool, "guid");
    model["urls"] = here.tool.at("base_urls");
    model["descriptor"] = text_of(here.tool, "descriptor");
  } else {
    model["takers"] = takers(serving, call);
  }
  PageHead head{here.locator};
  head.refresh_s = job && job->ended_at_ms == 0 ? 2 : 0;
  head.status = problem.empty() ? 200 : 400;
  return html_page(serving, call, head, here.tool.is_object() ? "tool" : "tool_not_installed", std::move(model));
}

Page save(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  const auto state = call.value("state");
  ToolOptions options;
  try {
    if (state != "available" && state != "inactive" && state != "unavailable")
      wrong_usage("State: choose available, inactive or unavailable");
    options = options_in_form(call.form);
  } catch (const Refusal& refusal) {
    return tool_page(serving, call, refusal.what());
  }
  return begun_page(serving, call, tool_url(tool), "save", tool,
                    [=](const GlobalOptions& global) { return tool_save(global, tool, state, options); });
}

}  // namespace

void add_tool_pages(Router& router, Serving& serving) {
  const std::string one = "/tools/{vendor}/{program}";
  router.get(one, [&serving](const Call& call) { return tool_page(serving, call, ""); });
  router.change("POST", one + "/save", [&serving](const Call& call) { return save(serving, call); });
  add_tool_order_pages(router, serving);
  add_tool_event_pages(router, serving);
  add_tool_setting_pages(router, serving);
  add_tool_policy_pages(router, serving);
  add_tool_replay_pages(router, serving);
}

}  // namespace host
