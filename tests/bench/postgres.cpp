// The bridge with its store in PostgreSQL: captures against the disk, clients that share the server, and its replay
// against that of pg-boss on the same server. The server is started here, on a socket of its own, with its own
// defaults.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "callers.h"
#include "disk_loops.h"
#include "endpoint_replay.h"
#include "groups.h"
#include "peer_job.h"

namespace bench {
namespace {

using std::chrono::milliseconds;

constexpr const char* kCapture = "postgres.capture_vs_fdatasync";
constexpr const char* kLanes = "postgres.16_lanes_vs_1";
constexpr const char* kOneLane = "postgres.16_on_one_lane_vs_1";
constexpr const char* kReplay = "postgres.replay_vs_pgboss_1";
constexpr int kClients = 16;
constexpr milliseconds kSlice{60};
constexpr int kSlices = 14;
constexpr int kEvents = 20'000;
constexpr int kMostRounds = 3;

void measure_captures_of_clients(Run& run, const PostgresServer& server) {
  const StoreUri store{server.uri()};
  {
    Bridge bridge(*run.plugin, store, Pump::caller);
    for (int tool = 0; tool < kClients; ++tool) bridge.install(tool, run.server->url());
  }
  std::vector<std::unique_ptr<Bridge>> bridges;
  std::vector<Callers::Client> own_lanes;
  std::vector<Callers::Client> one_lane;
  for (int client = 0; client < kClients; ++client) {
    bridges.push_back(std::make_unique<Bridge>(*run.plugin, store, Pump::nobody));
    own_lanes.push_back({bridges.back().get(), client});
    one_lane.push_back({bridges.back().get(), 0});
  }
  RawSyncLoop raw(run.workspace->fresh("raw") / "raw");
  Callers one({one_lane.front()});
  Callers sixteen(own_lanes);
  Callers crowded(one_lane);
  for (int round = 0; round < run.rounds; ++round) {
    const std::vector<Sample> sums =
        interleave(run.size(kSlices, 1),
                   {[&] { return run_for(kSlice, [&] { return raw.step(); }); }, [&] { return one.slice(kSlice); },
                    [&] { return sixteen.slice(kSlice); }, [&] { return crowded.slice(kSlice); }});
    run.report->add(kCapture, {sums[1].rate(), sums[0].rate()});
    run.report->add(kLanes, {sums[2].rate(), sums[1].rate()});
    run.report->add(kOneLane, {sums[3].rate(), sums[1].rate()});
  }
}

void measure_replay(Run& run, const PostgresServer& server) {
  const Prepared prepared = look_at_prepared(run.peers);
  const int events = run.size(kEvents, 320);
  const std::filesystem::path body = body_of_bridge(run);
  EndpointReplay own(run, StoreUri{server.uri()}, 1);
  own.deliver(events);  // warms up
  for (int round = 0; round < std::min(run.rounds, kMostRounds); ++round) {
    const PostgresServer of_other(prepared.servers, *run.workspace);
    const Sample before = own.deliver(events);
    const Sample other = delivered_by(run, prepared, {"pgboss.mjs", of_other.connection(), 1, events, body});
    Sample ours = own.deliver(events);
    ours += before;
    run.report->add(kReplay, {ours.rate(), other.rate()});
  }
}

}  // namespace

void measure_postgres(Run& run) {
  Report& report = *run.report;
  const bool captures = report.wants(kCapture) || report.wants(kLanes) || report.wants(kOneLane);
  if (!captures && !report.wants(kReplay)) return;
  const ServerPrograms programs = find_servers(run.peers / "servers");
  if (programs.postgres.empty()) return report.note("postgres.*: skipped: there is no PostgreSQL server");
  const PostgresServer server(programs, *run.workspace);
  try {
    const Bridge bridge(*run.plugin, StoreUri{server.uri()}, Pump::caller);
  } catch (const std::exception& problem) {
    return report.note(fmt::format("postgres.*: skipped: {}", problem.what()));
  }
  if (captures) measure_captures_of_clients(run, server);
  if (!report.wants(kReplay)) return;
  if (run.peers.empty()) return report.note(fmt::format("{}: skipped: it comes with ./dev bench --peers", kReplay));
  measure_replay(run, PostgresServer(programs, *run.workspace));
}

}  // namespace bench
