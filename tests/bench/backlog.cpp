// What a long backlog costs: room on disk, time to open, memory to walk. The walk is done in a fresh process, so that
// its memory is that of the bridge and of nothing that was measured before.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "fresh_process.h"
#include "groups.h"
#include "measure.h"

namespace bench {
namespace {

constexpr int kEvents = 200'000;
constexpr int kEventsPerCall = 1000;

void forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n";
  file.flush();
  if (!file) throw std::runtime_error("cannot reset the peak of resident memory");
}

std::uintmax_t bytes_below(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

/// Returns the bytes of arguments and settings handed over.
double capture_backlog(Run& run, const std::filesystem::path& store) {
  Bridge bridge(*run.plugin, store, Pump::caller);
  bridge.install(0, run.server->url());
  EventArray events(kEventsPerCall);
  double payload = 0;
  for (int captured = 0; captured < kEvents; captured += kEventsPerCall) {
    check_interrupt();
    events.renew(0);
    bridge.capture(events);
    payload += static_cast<double>(events.payload_bytes()) * kEventsPerCall;
  }
  return payload;
}

double open_ms(const Run& run, const std::filesystem::path& store) {
  const std::int64_t start = monotonic_ns();
  const Bridge bridge(*run.plugin, store, Pump::bridge_thread);
  return static_cast<double>(monotonic_ns() - start) / 1e6;
}

void measure_open(Run& run, const std::filesystem::path& store) {
  const std::filesystem::path empty = run.workspace->fresh("empty") / "bridge.db";
  open_ms(run, empty);
  open_ms(run, store);
  for (int round = 0; round < run.rounds; ++round) {
    check_interrupt();
    const double baseline = open_ms(run, empty);
    run.report->add("backlog.open_ms", {open_ms(run, store), baseline});
  }
}

void measure_walk(Run& run, const std::filesystem::path& store) {
  const Pinned pinned(run.server->cpu());
  const auto told = nlohmann::json::parse(output_of_fresh_process(
      {"ptb-bench", "walk-and-tell-memory", run.plugin_file.string(), store.string(), run.server->url()}));
  const double idle_mib = told.at("idle_kib").get<double>() / 1024;
  const double peak_mib = told.at("peak_kib").get<double>() / 1024;
  run.report->add("backlog.rss_growth_mib", {peak_mib - idle_mib, idle_mib});
  run.report->note(fmt::format("The walk over {} events: one round, {:.0f} events/s, {:.1f} MiB resident at its peak.",
                               kEvents, told.at("events_per_s").get<double>(), peak_mib));
}

}  // namespace

void measure_backlog(Run& run) {
  const Report& report = *run.report;
  const bool walk = report.wants("backlog.rss_growth_mib");
  if (!walk && !report.wants("backlog.open_ms") && !report.wants("backlog.bytes_per_payload_byte")) return;
  const std::filesystem::path directory = run.workspace->fresh("backlog");
  const std::filesystem::path store = directory / "bridge.db";
  const double payload = capture_backlog(run, store);
  run.report->add("backlog.bytes_per_payload_byte", {static_cast<double>(bytes_below(directory)) / payload, 1});
  if (report.wants("backlog.open_ms")) measure_open(run, store);
  if (walk) measure_walk(run, store);
}

int walk_and_tell_memory(const std::vector<std::string>& arguments) {
  const Plugin plugin(arguments.at(0));
  Bridge bridge(plugin, arguments.at(1), Pump::caller);
  bridge.pump_until_idle();
  const std::int64_t idle_kib = memory_kib("VmRSS:");
  forget_peak();
  const std::int64_t start = monotonic_ns();
  const ptb_operation_result result = bridge.wait(bridge.save(0, PTB_TOOL_AVAILABLE));
  const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  if (result.acknowledged != kEvents) throw std::runtime_error(fmt::format("acknowledged {}", result.acknowledged));
  const nlohmann::json told = {
      {"idle_kib", idle_kib}, {"peak_kib", memory_kib("VmHWM:")}, {"events_per_s", kEvents / seconds}};
  fmt::print("{}\n", told.dump());
  return 0;
}

}  // namespace bench
