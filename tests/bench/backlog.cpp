// What a million waiting events cost: room on disk, and time to open.
#include "backlog.h"

#include <algorithm>
#include <filesystem>

#include "measure.h"

namespace bench {
namespace {

constexpr int kEvents = 1'000'000;
constexpr int kEventsInSmall = 4000;
constexpr int kEventsPerCall = 1000;

constexpr const char* kOfLongWalk[] = {"backlog.1m_rss_mib", "backlog.1m_rate_vs_10k", "backlog.rss_growth_mib"};

double bytes_below(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return static_cast<double>(bytes);
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

}  // namespace

Backlog make_backlog(Run& run, int events) {
  Backlog made;
  const std::filesystem::path directory = run.workspace->fresh("backlog");
  made.store = directory / "bridge.db";
  made.events = events;
  {
    Bridge bridge(*run.plugin, made.store, Pump::caller);
    bridge.install(0, run.server->url());
    EventArray array(static_cast<std::size_t>(std::min(events, kEventsPerCall)));
    for (int captured = 0; captured < events; captured += static_cast<int>(array.count())) {
      check_interrupt();
      array.renew(0);
      bridge.capture(array);
      made.payload_bytes += static_cast<double>(array.payload_bytes() * array.count());
    }
  }
  made.stored_bytes = bytes_below(directory);
  return made;
}

void measure_backlog(Run& run) {
  const Report& report = *run.report;
  const bool walk = std::any_of(std::begin(kOfLongWalk), std::end(kOfLongWalk),
                                [&](const char* figure) { return report.wants(figure); });
  const bool open = report.wants("backlog.open_ms");
  const bool save = report.wants("save.first_byte_ms");
  if (!walk && !open && !save && !report.wants("backlog.bytes_per_payload_byte")) return;
  const Backlog backlog = make_backlog(run, run.size(kEvents, kEventsInSmall));
  run.report->add("backlog.bytes_per_payload_byte", {backlog.stored_bytes / backlog.payload_bytes, 1});
  if (open) measure_open(run, backlog.store);
  if (save) measure_save(run, backlog);
  if (walk) measure_long_walk(run, backlog);
  std::filesystem::remove_all(backlog.store.parent_path());  // gigabytes
}

}  // namespace bench
