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

/// What the fresh process tells, and the figure that it is for.
struct Told {
  const char* field;
  const char* figure;
};
constexpr Told kTold[] = {{"idle_turn_us", "lanes.idle_turn_us"},
                          {"trigger_ms", "lanes.100k_trigger_ms"},
                          {"rss_mib", "lanes.100k_idle_mib"},
                          {"open_ms", "lanes.open_ms"}};

constexpr const char* kCourseLanes =
    R"(<delivery-policy xmlns="urn:ptbridge:delivery-policy:1" name="course-lanes" order="course"/>)";

/// Lanes with one waiting event each, of a tool that is not available; returns the number of the first event.
std::uint64_t make_lanes(Run& run, const std::filesystem::path& store, int lanes) {
  Bridge bridge(*run.plugin, store, Pump::caller);
  Installation by_course;
  by_course.url = run.server->url();
  by_course.policy = kCourseLanes;
  bridge.install(0, by_course);
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
  bool wanted = false;
  for (const Told& told : kTold) wanted = wanted || report.wants(told.figure);
  if (!wanted) return;
  const int all_lanes = run.size(kLanes, 200);
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
    const auto many = measured("lanes-many", all_lanes);
    const auto few = measured("lanes-few", kTriggers);
    for (const Told& told : kTold)
      run.report->add(told.figure, {many.at(told.field).get<double>(), few.at(told.field).get<double>()});
    if (round == 0)
      run.report->note(fmt::format("{} triggers for one of {} lanes each: {} requests (two events a lane).", kTriggers,
                                   all_lanes, many.at("requests").get<std::uint64_t>()));
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
  Installation available;
  available.url = arguments.at(3);
  available.state = PTB_TOOL_AVAILABLE;
  bridge.install(0, available);  // which starts no walk
  const std::int64_t triggering = monotonic_ns();
  for (int trigger = 0; trigger < kTriggers; ++trigger) {
    EventArray one(1, true);
    one.renew(0, "copy");  // of the courses whose lanes were made first
    const ptb_operation_result result = bridge.capture_and_wait(one);
    if (result.acknowledged != 2)
      throw std::runtime_error(fmt::format("acknowledged {} of 2: {}", result.acknowledged, result.text));
  }
  told["trigger_ms"] = static_cast<double>(monotonic_ns() - triggering) / 1e6 / kTriggers;
  fmt::print("{}\n", told.dump());
  return 0;
}

}  // namespace bench
