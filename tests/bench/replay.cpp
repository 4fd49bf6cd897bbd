// How fast a backlog reaches its tools, against libcurl alone: chunks are captured while the tools are unavailable,
// then the tools are saved and the walks waited for; the clock runs from the save to the end of the last walk. Bridge,
// bare loops and server are all on one CPU, where a request and its answer take the same way on both sides.
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "curl_loops.h"
#include "groups.h"
#include "hostile_server.h"
#include "measure.h"

namespace bench {
namespace {

/// Goes on behind the last answer, with the mark moved as often as is usual.
constexpr const char* kRestartNext =
    R"(<delivery-policy xmlns="urn:ptbridge:delivery-policy:1" name="restart-next" restart="next"/>)";

/// A bridge with some tools, all at the one server, under the default policy or that one.
class ReplaySide {
 public:
  ReplaySide(Run& run, std::string_view name, int tools, const std::string& policy = {})
      : server_(*run.server),
        bridge_(*run.plugin, run.workspace->fresh(name) / "bridge.db", run.replay_pump),
        tools_(tools) {
    Installation installation;
    installation.url = server_.url();
    installation.policy = policy;
    for (int tool = 0; tool < tools; ++tool) bridge_.install(tool, installation);
  }

  /// Captures `count` events for each tool.
  void capture(int count) {
    EventArray events(static_cast<std::size_t>(count));
    for (int tool = 0; tool < tools_; ++tool) {
      events.renew(tool);
      bridge_.capture(events);
    }
    waiting_ = count * tools_;
  }

  /// Saves every tool as available and waits for what was captured to be acknowledged.
  Sample walk() {
    const std::uint64_t requests_before = server_.requests();
    const std::int64_t start = monotonic_ns();
    const std::int64_t acknowledged = save_all(PTB_TOOL_AVAILABLE);
    const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
    const std::uint64_t requests = server_.requests() - requests_before;
    if (acknowledged != waiting_ || requests != static_cast<std::uint64_t>(waiting_ + tools_)) {
      throw std::runtime_error(fmt::format("{} events captured, {} acknowledged, {} requests at {} tools", waiting_,
                                           acknowledged, requests, tools_));
    }
    return {static_cast<double>(waiting_), seconds};
  }

  void make_unavailable() { save_all(PTB_TOOL_UNAVAILABLE); }

  Bridge& bridge() { return bridge_; }

 private:
  std::int64_t save_all(std::int32_t state) {
    std::vector<std::uint64_t> operations;
    for (int tool = 0; tool < tools_; ++tool) operations.push_back(bridge_.save(tool, state));
    std::int64_t acknowledged = 0;
    for (const std::uint64_t operation : operations) {
      acknowledged += static_cast<std::int64_t>(bridge_.wait(operation).acknowledged);
    }
    return acknowledged;
  }

  ToolServer& server_;
  Bridge bridge_;
  int tools_;
  int waiting_ = 0;
};

/// One chunk, untimed: warms up, and tells how long the bodies of the bridge are.
std::size_t body_bytes_of(ReplaySide& side, const ToolServer& server, int count) {
  side.capture(count);
  const std::uint64_t requests = server.requests();
  const std::uint64_t bytes = server.body_bytes();
  side.walk();
  const std::size_t mean = (server.body_bytes() - bytes) / (server.requests() - requests);
  side.make_unavailable();
  return mean;
}

/// Sums of one round, both sides: time and CPU.
struct ReplayRound {
  Sample bridge;
  Sample curl;
  Sample bridge_cpu;
  Sample curl_cpu;
};

Sample with_cpu(Sample& cpu, const Slice& slice) {
  const std::int64_t before = process_cpu_ns();
  const Sample sample = slice();
  cpu += {sample.work, static_cast<double>(process_cpu_ns() - before) / 1e9};
  return sample;
}

ReplayRound replay_round(ReplaySide& side, int events_per_tool, int chunks, const Slice& bare) {
  ReplayRound round;
  const std::vector<Sample> sums = interleave(chunks, {[&] { return with_cpu(round.curl_cpu, bare); },
                                                       [&] {
                                                         side.capture(events_per_tool);
                                                         const Sample sample =
                                                             with_cpu(round.bridge_cpu, [&] { return side.walk(); });
                                                         side.make_unavailable();
                                                         return sample;
                                                       }});
  round.curl = sums[0];
  round.bridge = sums[1];
  return round;
}

double cpu_us_per_event(const Sample& cpu) { return cpu.seconds * 1e6 / cpu.work; }

void measure_one_lane(Run& run) {
  const int events = run.size(2000, 100);
  constexpr int kChunks = 5;
  ReplaySide side(run, "one-lane", 1);
  const std::size_t body_bytes = body_bytes_of(side, *run.server, events);
  CurlEasyLoop bare(run.server->url() + "/tool", body_bytes);
  bare.send(events);
  for (int at = 0; at < run.rounds; ++at) {
    const ReplayRound round = replay_round(side, events, kChunks, [&] { return bare.send(events); });
    run.report->add("replay.1_lane_restart_first_vs_curl", {round.bridge.rate(), round.curl.rate()});
    run.report->add("replay.cpu_per_event_vs_curl",
                    {cpu_us_per_event(round.bridge_cpu), cpu_us_per_event(round.curl_cpu)});
  }
  run.report->note(
      fmt::format("Replays: {}; client and server on CPU {}; bodies of {} bytes on both sides.",
                  run.replay_pump == Pump::caller ? "pumped by the caller of wait" : "by the bridge's own thread",
                  run.server->cpu(), body_bytes));
}

void measure_restart_next(Run& run) {
  const int events = run.size(2000, 100);
  constexpr int kChunks = 5;
  ReplaySide side(run, "restart-next", 1, kRestartNext);
  const std::size_t body_bytes = body_bytes_of(side, *run.server, events);
  CurlEasyLoop bare(run.server->url() + "/tool", body_bytes);
  bare.send(events);
  for (int at = 0; at < run.rounds; ++at) {
    const ReplayRound round = replay_round(side, events, kChunks, [&] { return bare.send(events); });
    run.report->add("replay.1_lane_restart_next_vs_curl", {round.bridge.rate(), round.curl.rate()});
  }
}

/// Many lanes at once: as many connections on both sides as the bridge uses with its defaults.
void measure_many_lanes(Run& run, const char* figure, int lanes, int events) {
  constexpr int kChunks = 2;
  constexpr int kPlaces = 64;  // exchanges that the bridge has under way at once
  ReplaySide side(run, figure, lanes);
  const std::size_t body_bytes = body_bytes_of(side, *run.server, events);
  CurlMultiLoop bare(run.server->url() + "/tool", body_bytes, std::min(lanes, kPlaces));
  bare.send(lanes * events);
  for (int at = 0; at < run.rounds; ++at) {
    const ReplayRound round = replay_round(side, events, kChunks, [&] { return bare.send(lanes * events); });
    run.report->add(figure, {round.bridge.rate(), round.curl.rate()});
  }
}

void measure_slow_server(Run& run) {
  const int events = run.size(600, 20);
  constexpr int kChunks = 1;
  ReplaySide side(run, "slow-server", 1);
  const std::size_t body_bytes = body_bytes_of(side, *run.server, events);
  CurlEasyLoop bare(run.server->url() + "/tool", body_bytes);
  bare.send(events);
  run.server->pause_us(1000);
  for (int at = 0; at < run.rounds; ++at) {
    const ReplayRound round = replay_round(side, events, kChunks, [&] { return bare.send(events); });
    run.report->add("replay.1_lane_1ms_server_vs_curl", {round.bridge.rate(), round.curl.rate()});
  }
  run.server->pause_us(0);
}

/// Eight tools that misbehave, beside those of a ReplaySide: three drip a byte a second, three never finish a
/// handshake, two answer without end.
class HostileLanes {
 public:
  HostileLanes(Bridge& bridge, int first_tool, const HostileServer& server)
      : bridge_(bridge), first_(first_tool), server_(server) {
    EventArray events(4);
    for (int at = 0; at < kHostile; ++at) {
      const int tool = first_ + at;
      bridge_.install(tool,
                      at < kDripping      ? server.dripping_url()
                      : at < kNotFlooding ? server.stalled_url()
                                          : server.endless_url(),
                      false);
      events.renew(tool);
      bridge_.capture(events);
      if (at < kDripping) bridge_.save(tool, PTB_TOOL_AVAILABLE);  // its answer outlasts the benchmark
    }
  }

  /// Starts again what may have come to its end meanwhile, as an administrator would who does not give up.
  void provoke() {
    for (int at = kDripping; at < kHostile; ++at) bridge_.save(first_ + at, PTB_TOOL_AVAILABLE);
  }

  /// Throws where they are not at work.
  void check() const {
    if (server_.dripping() < kDripping || server_.stalls() == 0 || server_.floods() == 0) {
      throw std::runtime_error(fmt::format("the hostile tools rest: {} drip, {} have stalled, {} have flooded",
                                           server_.dripping(), server_.stalls(), server_.floods()));
    }
  }

 private:
  static constexpr int kDripping = 3;
  static constexpr int kNotFlooding = 6;
  static constexpr int kHostile = 8;
  Bridge& bridge_;
  int first_;
  const HostileServer& server_;
};

void measure_hostile(Run& run) {
  constexpr int kLanes = 8;
  const int events = run.size(1000, 20);  // so that a slice outlasts the commits of the hostile tools' saves
  constexpr int kChunks = 2;
  const HostileServer hostile(usable_cpus().front());
  ReplaySide alone(run, "alone", kLanes);
  ReplaySide beside(run, "beside-hostile", kLanes);
  HostileLanes others(beside.bridge(), kLanes, hostile);
  others.provoke();
  body_bytes_of(alone, *run.server, events);
  body_bytes_of(beside, *run.server, events);
  const auto replay = [](ReplaySide& side) {
    const Sample sample = side.walk();
    side.make_unavailable();
    return sample;
  };
  for (int at = 0; at < run.rounds; ++at) {
    const std::vector<Sample> sums = interleave(kChunks, {[&] {
                                                            alone.capture(events);
                                                            return replay(alone);
                                                          },
                                                          [&] {
                                                            beside.capture(events);
                                                            others.provoke();
                                                            const Sample sample = replay(beside);
                                                            others.check();
                                                            return sample;
                                                          }});
    run.report->add("hostile.other_lanes_vs_alone", {sums[1].rate(), sums[0].rate()});
  }
}

}  // namespace

void measure_replays(Run& run) {
  const Report& report = *run.report;
  const Pinned pinned(run.server->cpu());
  if (report.wants("replay.1_lane_restart_first_vs_curl") || report.wants("replay.cpu_per_event_vs_curl")) {
    measure_one_lane(run);
  }
  if (report.wants("replay.1_lane_restart_next_vs_curl")) measure_restart_next(run);
  if (report.wants("replay.16_lanes_vs_multi"))
    measure_many_lanes(run, "replay.16_lanes_vs_multi", 16, run.size(400, 20));
  if (report.wants("replay.256_lanes_vs_multi"))
    measure_many_lanes(run, "replay.256_lanes_vs_multi", 256, run.size(160, 4));
  if (report.wants("replay.1_lane_1ms_server_vs_curl")) measure_slow_server(run);
  if (report.wants("hostile.other_lanes_vs_alone")) measure_hostile(run);
}

}  // namespace bench
