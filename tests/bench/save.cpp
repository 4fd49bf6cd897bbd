// How soon the save of a tool reaches the tool, with a million events waiting for it.
#include <algorithm>
#include <functional>
#include <stdexcept>

#include "backlog.h"
#include "curl_loops.h"
#include "measure.h"

namespace bench {
namespace {

constexpr int kSaves = 41;
constexpr int kSavesInSmall = 3;
constexpr std::int64_t kLongestNs = 10'000'000'000;

/// Milliseconds from now to the first byte that `send` brings to the server; `go_on` is called until it is there.
double first_byte_ms(const ToolServer& server, const std::function<void()>& send, const std::function<void()>& go_on) {
  const std::uint64_t requests = server.requests();
  const std::int64_t start = monotonic_ns();
  send();
  std::int64_t first_byte = 0;
  while ((first_byte = server.first_byte_ns(requests)) == 0) {
    if (monotonic_ns() - start > kLongestNs) throw std::runtime_error("nothing came to the server");
    go_on();
  }
  return static_cast<double>(first_byte - start) / 1e6;
}

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

}  // namespace

void measure_save(Run& run, const Backlog& backlog) {
  const Pinned pinned(run.server->cpu());
  Bridge bridge(*run.plugin, backlog.store, Pump::caller);
  bridge.pump_until_idle();
  CurlEasyLoop bare(run.server->url() + "/tool", 300);
  bare.send(10);
  for (int at = 0; at < run.rounds; ++at) {
    std::vector<double> saves;
    std::vector<double> posts;
    for (int save = 0; save < run.size(kSaves, kSavesInSmall); ++save) {
      check_interrupt();
      posts.push_back(first_byte_ms(
          *run.server, [&] { bare.send(1); }, [] {}));
      saves.push_back(first_byte_ms(
          *run.server, [&] { bridge.save(0, PTB_TOOL_AVAILABLE); }, [&] { bridge.turn(); }));
      bridge.wait(bridge.save(0, PTB_TOOL_UNAVAILABLE));  // before the backlog is walked
    }
    run.report->add("save.first_byte_ms", {median(saves), median(posts)});
  }
}

}  // namespace bench
