// What lanes cost that are at rest: time of a turn, memory, opening; and that a trigger for one touches one. Each side
// is measured in a process of its own, which opens a store with that many lanes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "fresh_process.h"
#include "groups.h"
#include "measure.h"

namespace bench {
namespace {

constexpr int kLanes = 100'000;
constexpr int kEventsPerCall = 1000;
constexpr int kTurns = 20'000;
constexpr int kTriggers = 20;

constexpr const char* kCourseLanes =
    R"(<delivery-policy xmlns="urn:ptbridge:delivery-policy:1" name="course-lanes" order="course"/>)";

/// Lanes with one waiting event each, of a tool that is not available; returns the number of the first event.
std::uint64_t make_lanes(Run& run, const std::filesystem::path& store, int lanes) {
  Bridge bridge(*run.plugin, store, Pump::caller);
  bridge.install(0, run.server->url(), kCourseLanes, PTB_TOOL_UNAVAILABLE);
  std::uint64_t first = 0;
  for (int made = 0; made < lanes; made += kEventsPerCall) {
    check_interrupt();
    EventArray events(static_cast<std::size_t>(std::min(lanes - made, kEventsPerCall)), true);
    events.renew(0);
    bridge.capture(events);
    if (made == 0) first = events.first();
  }
  return first;
}

}  // namespace

void measure_lanes(Run& run) {
  const Report& report = *run.report;
  constexpr const char* kFigures[] = {"lanes.idle_turn_us", "lanes.trigger_ms", "lanes.rss_mib", "lanes.open_ms"};
  bool wanted = false;
  for (const char* const figure : kFigures) wanted = wanted || report.wants(figure);
  if (!wanted) return;
  const auto measured = [&](const char* name, int lanes) {
    const std::filesystem::path store = run.workspace->fresh(name) / "bridge.db";
    const std::uint64_t first = make_lanes(run, store, lanes);
    const std::uint64_t before = run.server->requests();
    auto told =
        nlohmann::json::parse(output_of_fresh_process({"ptb-bench", "rest-and-tell", run.plugin_file.string(),
                                                       store.string(), std::to_string(first), run.server->url()}));
    told["requests"] = run.server->requests() - before;
    return told;
  };
  for (int round = 0; round < run.rounds; ++round) {
    check_interrupt();
    const auto many = measured("lanes-many", kLanes);
    const auto few = measured("lanes-few", kTriggers);
    for (const char* const figure : kFigures) {
      const std::string field = std::string(figure).substr(6);
      if (report.wants(figure)) run.report->add(figure, {many.at(field).get<double>(), few.at(field).get<double>()});
    }
    if (round == 0)
      run.report->note(fmt::format("{} triggers for one of {} lanes each: {} requests (two events a lane).", kTriggers,
                                   kLanes, many.at("requests").get<std::uint64_t>()));
  }
}

int rest_and_tell(const std::vector<std::string>& arguments) {
  EventArray::count_from(std::stoull(arguments.at(2)));
  const Plugin plugin(arguments.at(0));
  const std::int64_t opening = monotonic_ns();
  Bridge bridge(plugin, arguments.at(1), Pump::caller);
  const double open_ms = static_cast<double>(monotonic_ns() - opening) / 1e6;
  const std::int64_t resident_kib = memory_kib("VmRSS:");
  const std::int64_t turning = monotonic_ns();
  for (int turn = 0; turn < kTurns; ++turn) bridge.turn();
  const double turn_us = static_cast<double>(monotonic_ns() - turning) / 1e3 / kTurns;
  nlohmann::json told = {{"open_ms", open_ms},
                         {"rss_mib", static_cast<double>(resident_kib) / 1024},
                         {"idle_turn_us", turn_us},
                         {"trigger_ms", 0}};
  bridge.install(0, arguments.at(3), "", PTB_TOOL_AVAILABLE);  // which starts no walk
  const std::int64_t triggering = monotonic_ns();
  for (int trigger = 0; trigger < kTriggers; ++trigger) {
    EventArray one(1, true);
    one.renew(0, "copy");  // of the courses whose lanes were made first
    const ptb_operation_result result = bridge.capture_and_wait(one);
    if (result.acknowledged != 2) throw std::runtime_error(fmt::format("acknowledged {} of 2", result.acknowledged));
  }
  told["trigger_ms"] = static_cast<double>(monotonic_ns() - triggering) / 1e6 / kTriggers;
  fmt::print("{}\n", told.dump());
  return 0;
}

}  // namespace bench
