// A walk over a million events, in a fresh process, so that its memory is that of the bridge and of nothing that was
// measured before. Now and then it is halted while a store with few events waiting is walked, so that both rates are
// taken in the same seconds.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "backlog.h"
#include "fresh_process.h"
#include "measure.h"

namespace bench {
namespace {

using std::chrono::milliseconds;

constexpr int kPairsPerRound = 2;
constexpr milliseconds kSettling{50};
constexpr std::int64_t kLongestNs = 900'000'000'000;

std::vector<std::string> walk_in_fresh_process(const Run& run, const Backlog& backlog) {
  return {"ptb-bench", "walk-and-tell-memory", run.plugin_file.string(), backlog.store.string(),
          std::to_string(backlog.events)};
}

struct Memory {
  double idle_mib = 0;
  double peak_mib = 0;
};

Memory memory_told_in(const std::string& output) {
  const auto told = nlohmann::json::parse(output);
  return {told.at("idle_kib").get<double>() / 1024, told.at("peak_kib").get<double>() / 1024};
}

/// A store with few events waiting, walked again and again.
class ShortWalks {
 public:
  ShortWalks(Run& run, int events)
      : bridge_(*run.plugin, run.workspace->fresh("few-waiting") / "bridge.db", run.replay_pump),
        events_(static_cast<std::size_t>(events)) {
    bridge_.install(0, run.server->url());
    walk();  // warms up
  }

  Sample walk() {
    events_.renew(0);
    bridge_.capture(events_);
    const std::int64_t start = monotonic_ns();
    const ptb_operation_result result = bridge_.wait(bridge_.save(0, PTB_TOOL_AVAILABLE));
    const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
    bridge_.wait(bridge_.save(0, PTB_TOOL_UNAVAILABLE));
    if (result.acknowledged != events_.count())
      throw std::runtime_error(
          fmt::format("acknowledged {} of {}: {}", result.acknowledged, events_.count(), result.text));
    return {static_cast<double>(events_.count()), seconds};
  }

 private:
  Bridge bridge_;
  EventArray events_;
};

/// The walk in the fresh process, seen from the server.
class LongWalk {
 public:
  LongWalk(Run& run, const Backlog& backlog)
      : server_(*run.server), before_(server_.requests()), process_(walk_in_fresh_process(run, backlog)) {}

  /// Lets it run until it has sent so many events.
  void run_to(std::uint64_t events) {
    const std::int64_t start = monotonic_ns();
    while (server_.requests() - before_ - others_ < events) {
      check_interrupt();
      if (process_.has_ended()) throw std::runtime_error("the process of the long walk has ended: see what it said");
      if (monotonic_ns() - start > kLongestNs) throw std::runtime_error("the long walk does not come to its end");
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  Sample run_on(milliseconds duration) {
    process_.go_on();
    std::this_thread::sleep_for(kSettling);
    const std::uint64_t from = server_.requests();
    const std::int64_t start = monotonic_ns();
    std::this_thread::sleep_for(duration);
    const auto sent = static_cast<double>(server_.requests() - from);
    return {sent, static_cast<double>(monotonic_ns() - start) / 1e9};
  }

  /// Runs `other` while the walk is halted; what the server hears meanwhile is not of the walk.
  Sample halted(const Slice& other) {
    process_.halt();
    std::this_thread::sleep_for(milliseconds(5));  // its last request may be under way
    const std::uint64_t from = server_.requests();
    const Sample sample = other();
    others_ += server_.requests() - from;
    process_.go_on();
    return sample;
  }

  std::string output() { return process_.output(); }

 private:
  const ToolServer& server_;
  std::uint64_t before_;
  std::uint64_t others_ = 0;
  FreshProcess process_;
};

Memory walk_in_turns(Run& run, const Backlog& backlog) {
  ShortWalks few(run, run.size(10'000, 500));
  const milliseconds slice(run.size(500, 20));
  LongWalk many(run, backlog);
  const int pairs = run.rounds * kPairsPerRound;
  for (int round = 0; round < run.rounds; ++round) {
    Sample of_many;
    Sample of_few;
    for (int pair = 0; pair < kPairsPerRound; ++pair) {
      // From the start to two thirds of the way, so that the walk does not end within a pair.
      const auto at = static_cast<std::uint64_t>(round * kPairsPerRound + pair);
      many.run_to(1 + static_cast<std::uint64_t>(backlog.events) * 2 / 3 * at / static_cast<std::uint64_t>(pairs));
      of_few += many.halted([&] { return few.walk(); });
      of_many += many.run_on(slice);
    }
    run.report->add("backlog.1m_rate_vs_10k", {of_many.rate(), of_few.rate()});
  }
  return memory_told_in(many.output());
}

}  // namespace

void measure_long_walk(Run& run, const Backlog& backlog) {
  const Pinned pinned(run.server->cpu());
  const Memory many = run.report->wants("backlog.1m_rate_vs_10k")
                          ? walk_in_turns(run, backlog)
                          : memory_told_in(output_of_fresh_process(walk_in_fresh_process(run, backlog)));
  run.report->add("backlog.1m_rss_mib", {many.peak_mib, many.idle_mib});
  if (!run.report->wants("backlog.rss_growth_mib")) return;
  const Backlog twenty_thousand = make_backlog(run, run.size(20'000, 1000));
  const Memory few = memory_told_in(output_of_fresh_process(walk_in_fresh_process(run, twenty_thousand)));
  run.report->add("backlog.rss_growth_mib", {many.peak_mib - few.peak_mib, few.peak_mib});
}

int walk_and_tell_memory(const std::vector<std::string>& arguments) {
  const Plugin plugin(arguments.at(0));
  Bridge bridge(plugin, std::filesystem::path(arguments.at(1)), Pump::caller);
  bridge.pump_until_idle();
  const std::int64_t idle_kib = memory_kib("VmRSS:");
  const ptb_operation_result result = bridge.wait(bridge.save(0, PTB_TOOL_AVAILABLE));
  if (std::to_string(result.acknowledged) != arguments.at(2))
    throw std::runtime_error(
        fmt::format("acknowledged {} of {}: {}", result.acknowledged, arguments.at(2), result.text));
  const nlohmann::json told = {{"idle_kib", idle_kib}, {"peak_kib", memory_kib("VmHWM:")}};
  fmt::print("{}\n", told.dump());
  return 0;
}

}  // namespace bench
