// See pages.h. The first page: every tool, what waits for it, and the form that adds one.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "commands.h"
#include "output.h"
#include "serve/pages/charts.h"
#include "serve/pages/job_view.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "serve/pages/pieces.h"
#include "serve/pages/sums.h"
#include "serve/pages/tool_form.h"
#include "text/rfc3339.h"

namespace host {

namespace {

constexpr int kMostAges = 1000;

/// What a tool's row has of its lanes, its walk and its last answer.
Json tool_row(Json row, const Serving& serving, const LaneSums& sums, const std::map<std::string, LastOutcome>& last,
              const std::vector<WalkView>& walks, std::int64_t now) {
  const auto tool = row.at("tool").get<std::string>();
  const auto sum = sums.find(tool);
  const auto outcome = last.find(tool);
  row["url"] = tool_url(tool);
  row["waiting"] = sum == sums.end() ? "0" : with_commas(sum->second.waiting);
  row["oldest"] = sum == sums.end() ? Json() : moment_of(sum->second.oldest_at, now);
  row["is_held"] = sum != sums.end() && sum->second.held > 0;
  row["error"] = sum == sums.end() ? std::string() : cut(sum->second.error, 160);
  row["last"] = nullptr;
  if (outcome != last.end())
    row["last"] = {{"badge", event_badge({{"state", outcome->second.state}})},
                   {"text", cut(outcome->second.text, 160)},
                   {"url", "/events/" + escaped_for_url(outcome->second.event_id)},
                   {"when", moment_of(time_text(outcome->second.at_ms), now)}};
  row["spark"] = sparkline(fmt::format("Waiting for {} over time", tool), serving.samples.of(tool));
  row["walk"] = walk_view(tool, walks);
  return row;
}

/// The installed ones, then those that nobody has installed and that events wait for.
Json tool_rows(const Serving& serving, const Call& call, const Json& lanes, std::int64_t now) {
  const auto sums = sums_of(lanes);
  const auto last = serving.live.last_outcomes();
  auto walks = under_their_tools(serving.live.walks(), lanes);
  const auto jobs = serving.jobs.list();
  std::erase_if(walks, [&](const WalkView& walk) {
    const auto goes_on = [&](const JobView& job) { return job.ended_at_ms == 0 && job.tool == walk.tool; };
    return !is_walking(lanes, walk.tool) && std::none_of(jobs.begin(), jobs.end(), goes_on);
  });
  auto rows = Json::array();
  std::set<std::string> installed;
  for (const auto& tool : asked(serving, call, [](const GlobalOptions& options) { return tool_list(options); })) {
    const auto locator = text_of(tool, "tool");
    installed.insert(locator);
    rows.push_back(
        tool_row({{"tool", locator}, {"name", text_of(tool, "name")}, {"badge", tool_badge(text_of(tool, "state"))}},
                 serving, sums, last, walks, now));
  }
  for (const auto& [locator, sum] : sums)
    if (!installed.contains(locator) && sum.waiting > 0)
      rows.push_back(tool_row({{"tool", locator}, {"name", nullptr}, {"badge", tool_badge("not_installed")}}, serving,
                              sums, last, walks, now));
  return rows;
}

Json jobs_under_way(const Serving& serving) {
  auto jobs = Json::array();
  for (const auto& job : serving.jobs.list())
    if (job.ended_at_ms == 0)
      jobs.push_back({{"url", job.tool.empty() ? fmt::format("/jobs/{}", job.number) : tool_url(job.tool)},
                      {"text", job.tool.empty() ? job.what : fmt::format("{} of {}", job.what, job.tool)}});
  return jobs;
}

std::string charts(const Serving& serving, std::int64_t now) {
  std::vector<std::int64_t> ages;
  const auto waiting = reported(serving, {{"report", "events"}, {"state", "pending"}, {"limit", kMostAges}});
  for (const auto& event : waiting.at("events"))
    ages.push_back(moment_from(text_of(event, "captured_at")).value_or(now));
  const auto which = waiting.at("next").is_null() ? std::string("what waits")
                                                  : fmt::format("the first {} that wait", with_commas(kMostAges));
  return line_chart("chart-waiting", "Waiting events, all tools", serving.samples.of(""), now) +
         bar_chart("chart-answers", "Answers since this server began", answer_bars(serving.live.outcomes(), "")) +
         bar_chart("chart-ages", "Age of " + which, age_bars(ages, now));
}

/// `typed` and `problem`: a form that was refused, and why.
Page tools_page(const Serving& serving, const Call& call, const std::string& problem) {
  const auto now = now_ms();
  const auto lanes = reported(serving, {{"report", "lanes"}}).at("lanes");
  const auto rows = tool_rows(serving, call, lanes, now);
  std::uint64_t waiting = 0;
  for (const auto& [tool, sum] : sums_of(lanes)) waiting += sum.waiting;
  const auto presets = reported(serving, {{"report", "policies"}}).at("presets");
  auto model = tool_fields(Json::object(), "", presets, call.form);
  model.update(Json{{"tools", rows},
                    {"has_tools", !rows.empty()},
                    {"waiting", amount(waiting, "event waits", "events wait")},
                    {"jobs", jobs_under_way(serving)},
                    {"charts", rows.empty() ? std::string() : charts(serving, now)},
                    {"is_new", true},
                    {"opens_add", rows.empty() || !problem.empty()},
                    {"problem", problem},
                    {"descriptor", call.value("descriptor")},
                    {"registration_password", !call.value("registration_password").empty()}});
  return html_page(serving, call, {"Tools", "/", 0, problem.empty() ? 200U : 400U}, "tools", std::move(model));
}

Page add(const Serving& serving, const Call& call) {
  try {
    ToolAdd add;
    add.options = options_in_form(call.form);
    if (add.options.wire == "lti-notice" && !add.options.secret) add.options.secret.reset();
    add.descriptor = call.value("descriptor");
    if (add.descriptor.find_first_not_of(" \t\r\n") == std::string::npos)
      wrong_usage("Registration document: choose a file, or paste the XML that the tool's vendor gave you");
    add.registration_password = !call.value("registration_password").empty();
    const auto answer =
        run_command(options_of(serving, call), [&](const GlobalOptions& options) { return tool_add(options, add); });
    serving.live.changed();
    const auto tool = text_of(answer.value, "tool");
    const auto state = text_of(answer.value, "state");
    const auto next = state == "available" ? std::string("It hears what happens from now on.")
                                           : std::string("Save it as available, and it hears what waits.");
    return done_page(tool_url(tool), Said::good, fmt::format("{} is installed, {}. {}", tool, state, next));
  } catch (const Refusal& refusal) {
    return tools_page(serving, call, refusal.what());
  }
}

}  // namespace

void add_tools_pages(Router& router, Serving& serving) {
  router.get("/", [&serving](const Call& call) { return tools_page(serving, call, ""); });
  router.change("POST", "/tools", [&serving](const Call& call) { return add(serving, call); });
}

}  // namespace host
