// What other queues make of the same job: events of the same body stored beforehand, then delivered in order, one in
// flight for each endpoint, to the same server, which checks the order. Each is as durable as the bridge is: Redis
// syncs at every write, PostgreSQL at every commit. A queue that is slow is stopped after some seconds, and its rate is
// taken of what it has delivered until then.
#include <fmt/format.h>

#include <algorithm>

#include "endpoint_replay.h"
#include "peer_job.h"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr int kEvents = 20'000;
constexpr int kEventsInSmall = 320;
constexpr int kMostRounds = 3;  // minutes each

enum class Keeper { redis, postgres };

struct Peer {
  const char* figure;
  const char* program;
  Keeper keeper;
  int endpoints;
};
constexpr const char* kRestartNext =
    R"(<delivery-policy xmlns="urn:ptbridge:delivery-policy:1" name="restart-next" restart="next"/>)";
constexpr Peer kPeers[] = {
    {"peer.bullmq_1", "bullmq.mjs", Keeper::redis, 1},
    {"peer.bullmq_16", "bullmq.mjs", Keeper::redis, 16},
    {"peer.pgboss_1", "pgboss.mjs", Keeper::postgres, 1},
    {"peer.pgboss_16", "pgboss.mjs", Keeper::postgres, 16},
    {"peer.graphile_1", "graphile.mjs", Keeper::postgres, 1},
    {"peer.graphile_16", "graphile.mjs", Keeper::postgres, 16},
};

StoreUri store_in(Run& run, std::string_view name) {
  return {"sqlite:" + (run.workspace->fresh(name) / "bridge.db").string()};
}

bool has_keeper(const Prepared& prepared, Keeper keeper) {
  return !(keeper == Keeper::redis ? prepared.servers.redis : prepared.servers.postgres).empty();
}

Sample delivered(Run& run, const Prepared& prepared, const Peer& peer, PeerJob job) {
  if (peer.keeper == Keeper::redis) {
    const RedisServer redis(prepared.servers, *run.workspace);
    job.connection = redis.connection();
    return delivered_by(run, prepared, job);
  }
  const PostgresServer postgres(prepared.servers, *run.workspace);
  job.connection = postgres.connection();
  return delivered_by(run, prepared, job);
}

void measure_peer(Run& run, const Prepared& prepared, const Peer& peer, const fs::path& body) {
  if (!has_keeper(prepared, peer.keeper))
    return run.report->note(fmt::format("{}: skipped: there is no {}", peer.figure,
                                        peer.keeper == Keeper::redis ? "redis-server" : "PostgreSQL"));
  const int events = run.size(kEvents, kEventsInSmall);
  EndpointReplay own(run, store_in(run, "own"), peer.endpoints);
  EndpointReplay cautious(run, store_in(run, "cautious"), peer.endpoints, kRestartNext);
  own.deliver(events);  // warms up
  cautious.deliver(events);
  Sample of_cautious;
  Sample of_other;
  for (int round = 0; round < std::min(run.rounds, kMostRounds); ++round) {
    const Sample before = own.deliver(events);
    const Sample other = delivered(run, prepared, peer, {peer.program, {}, peer.endpoints, events, body});
    Sample ours = own.deliver(events);
    ours += before;
    run.report->add(peer.figure, {ours.rate(), other.rate()});
    of_cautious += cautious.deliver(events);
    of_other += other;
  }
  run.report->note(
      fmt::format("{}: {:.1f} times with restart=\"next\", which repeats at most 32 for each endpoint ({:.0f} "
                  "events/s).",
                  peer.figure, of_cautious.rate() / of_other.rate(), of_cautious.rate()));
}

}  // namespace

void measure_peers(Run& run) {
  const Report& report = *run.report;
  bool any = false;
  for (const Peer& peer : kPeers) any = any || report.wants(peer.figure);
  if (!any) return;
  if (run.peers.empty()) return run.report->note("peer.*: skipped: they come with ./dev bench --peers");
  const Prepared prepared = look_at_prepared(run.peers);
  const fs::path body = body_of_bridge(run);
  for (const Peer& peer : kPeers) {
    if (report.wants(peer.figure)) measure_peer(run, prepared, peer, body);
  }
  run.report->note(
      "Peers: they acknowledge event by event, so that a crash repeats at most one for each endpoint; the bridge, by "
      "its "
      "default restart=\"first\", settles a walk at its end, so that a crash repeats what was acknowledged in it, with "
      "the "
      "same event_id.");
}

}  // namespace bench
