// How fast events become durable: one caller, many callers, arrays; against the disk and against SQLite alone. The tool
// is unavailable, so that nothing is sent meanwhile.
#include <fmt/format.h>

#include "callers.h"
#include "disk_loops.h"
#include "groups.h"
#include "measure.h"

namespace bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{30};
constexpr milliseconds kCallersSlice{60};
constexpr int kSlices = 14;
constexpr int kRowBytes = 2048;

StorePragmas shipped_pragmas(const Run& run) {
  const std::filesystem::path store = run.workspace->fresh("pragmas") / "bridge.db";
  { const Bridge bridge(*run.plugin, store, Pump::caller); }
  return pragmas_of(store);
}

void measure_one_caller(Run& run) {
  const std::filesystem::path directory = run.workspace->fresh("one-caller");
  const StorePragmas pragmas = shipped_pragmas(run);
  Bridge bridge(*run.plugin, directory / "bridge.db", Pump::bridge_thread);
  bridge.install(0, run.server->url());
  RawSyncLoop raw(directory / "raw");
  BareSqliteLoop sqlite(directory / "bare.db", pragmas, kRowBytes);
  EventArray event(1);
  const auto capture_one = [&] {
    event.renew(0);
    bridge.capture(event);
    return 1.0;
  };
  for (int round = 0; round < run.rounds; ++round) {
    const std::vector<Sample> sums =
        interleave(run.size(kSlices, 1), {[&] { return run_for(kSlice, [&] { return raw.step(); }); },
                                          [&] { return run_for(kSlice, [&] { return sqlite.step(); }); },
                                          [&] { return run_for(kSlice, capture_one); }});
    run.report->add("capture.1_caller_vs_fdatasync", {sums[2].rate(), sums[0].rate()});
    run.report->add("capture.1_caller_vs_bare_sqlite", {sums[2].rate(), sums[1].rate()});
  }
  run.report->note(
      fmt::format("Captures: with the bridge's own thread; {} bytes of arguments and settings an event, the "
                  "settings of each event its own; bare SQLite with pages of {} bytes.",
                  event.payload_bytes(), pragmas.page_bytes));
}

void measure_callers(Run& run) {
  Bridge bridge(*run.plugin, run.workspace->fresh("callers") / "bridge.db", Pump::bridge_thread);
  bridge.install(0, run.server->url());
  Callers one(bridge, 1);
  Callers sixteen(bridge, 16);
  Callers sixty_four(bridge, 64);
  for (int round = 0; round < run.rounds; ++round) {
    const std::vector<Sample> sums = interleave(
        run.size(kSlices, 1), {[&] { return one.slice(kCallersSlice); }, [&] { return sixteen.slice(kCallersSlice); },
                               [&] { return sixty_four.slice(kCallersSlice); }});
    run.report->add("capture.16_callers_vs_1", {sums[1].rate(), sums[0].rate()});
    run.report->add("capture.64_callers_vs_1", {sums[2].rate(), sums[0].rate()});
  }
}

void measure_arrays(Run& run) {
  const std::filesystem::path directory = run.workspace->fresh("arrays");
  Bridge bridge(*run.plugin, directory / "bridge.db", Pump::bridge_thread);
  bridge.install(0, run.server->url());
  RawSyncLoop raw(directory / "raw");
  EventArray events(1000);
  const auto capture_array = [&] {
    events.renew(0);
    bridge.capture(events);
    return static_cast<double>(events.count());
  };
  for (int round = 0; round < run.rounds; ++round) {
    const std::vector<Sample> sums = interleave(
        run.size(kSlices, 1),
        {[&] { return run_for(kSlice, [&] { return raw.step(); }); }, [&] { return run_for(kSlice, capture_array); }});
    run.report->add("capture.array_1000_vs_fdatasync", {sums[1].rate(), sums[0].rate()});
  }
}

}  // namespace

void measure_captures(Run& run) {
  const Report& report = *run.report;
  if (report.wants("capture.1_caller_vs_fdatasync") || report.wants("capture.1_caller_vs_bare_sqlite")) {
    measure_one_caller(run);
  }
  if (report.wants("capture.16_callers_vs_1") || report.wants("capture.64_callers_vs_1")) measure_callers(run);
  if (report.wants("capture.array_1000_vs_fdatasync")) measure_arrays(run);
}

}  // namespace bench
