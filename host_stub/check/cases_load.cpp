// Cases about time: how long answers take, many events in order, a large call beside a small one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "check/case.h"

namespace host {

namespace {

constexpr int kTimedCalls = 40;
constexpr std::int64_t kSlowMs = 2000;  // a page that an instructor waits for behind an inline event
constexpr int kLargeSettings = 200;
constexpr std::size_t kLargeValueBytes = 2000;
constexpr std::chrono::seconds kLoadPatience{15};
constexpr const char* kSuccess = "<result>SUCCESS<result>";

Finding answers_in_time(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  std::vector<std::int64_t> times;
  ToolAnswer slowest;
  for (int i = 0; i < kTimedCalls; ++i) {
    auto answer = bench.send_signed(*action, bench.call_for(*action));
    if (!answer.came)
      return failed("did not answer in time", answer, kSuccess,
                    "Answer first and work later: put the event in a queue.");
    times.push_back(answer.http.took_ms);
    if (i == 0 || answer.http.took_ms > slowest.http.took_ms) slowest = std::move(answer);
  }
  std::sort(times.begin(), times.end());
  const auto nearest_rank = [&](std::size_t percent) { return times[(times.size() * percent + 99) / 100 - 1]; };
  const auto measured =
      fmt::format("p50 {} ms, p99 {} ms, of {} calls", nearest_rank(50), nearest_rank(99), kTimedCalls);
  const auto limit = static_cast<std::int64_t>(bench.subject().within_ms);
  if (times.back() > limit)
    return failed(fmt::format("took {} ms for an answer; {}", times.back(), measured), slowest,
                  fmt::format("an answer within {} ms", limit),
                  "Answer first and work later: put the event in a queue.");
  if (nearest_rank(99) > kSlowMs)
    return warned(
        measured, slowest, fmt::format("p99 of at most {} ms", kSlowMs),
        "Answer first and work later: a course with a thousand items is a thousand calls, one after the other.");
  return passed(measured);
}

Finding load_in_order(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  using Clock = std::chrono::steady_clock;
  const bool probing = !bench.subject().probe_url.empty();
  const auto before = probing ? bench.effects().value_or(-1) : -1;
  const auto count = bench.subject().load;
  const auto started = Clock::now();
  const auto deadline = started + std::chrono::seconds(count / bench.subject().rate) + kLoadPatience;
  std::uint32_t sent = 0;
  ToolAnswer last;
  for (; sent < count && Clock::now() < deadline; ++sent) {
    std::this_thread::sleep_until(started + std::chrono::microseconds(1'000'000ULL * sent / bench.subject().rate));
    auto event = bench.call_for(*action);
    if (find_param(event, "deferred") != nullptr) {
      set_param(event, "deferred", "true");
      set_param(event, "event_sequence", std::to_string(sent + 1));
    }
    last = bench.send_signed(*action, event);
    if (!last.success())
      return failed(
          fmt::format("broke down at event {} of {}, one after the other", sent + 1, count), last, kSuccess,
          "A replay sends what waited as fast as you answer, never two at a time: answer each, and slow down the "
          "sender by answering later rather than by refusing.");
  }
  const auto took_s = std::chrono::duration<double>(Clock::now() - started).count();
  const auto rate = fmt::format("{} events in {:.1f} s, {:.0f} a second", sent, took_s, sent / std::max(took_s, 0.001));
  if (before >= 0) {
    const auto after = bench.settled_effects(before + sent);
    // What counts too much is not lost; other cases look at repeats.
    if (after && *after < before + sent) {
      auto finding = failed(fmt::format("lost {} of {} events that it had acknowledged", before + sent - *after, sent),
                            last, fmt::format("{} effects", sent),
                            "Answer SUCCESS when the event is on disk or done, not before: it is never sent again.");
      finding.came = fmt::format("the probe went from {} to {}", before, *after);
      return finding;
    }
  }
  if (sent < count)
    return warned(fmt::format("only {}; {} were meant to be sent", rate, count), last,
                  fmt::format("{} events a second", bench.subject().rate),
                  "A course with a thousand items takes so much longer; or ask for less with --rate.");
  return passed(rate);
}

Finding large_call(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.call_for(*action);
  for (int i = 0; i < kLargeSettings; ++i)
    params.emplace_back(fmt::format("setting_large_{:03}", i), std::string(kLargeValueBytes, 'x'));
  HttpConnection own;
  Departure departure;
  departure.over = &own;
  ToolAnswer small;
  departure.half_way = [&] { small = bench.send_signed(*action, bench.call_for(*action)); };
  const auto large = bench.send_signed(*action, params, departure);
  if (!large.success())
    return failed(
        fmt::format("refused a call of {} KiB", kLargeSettings * kLargeValueBytes / 1024), large, kSuccess,
        "Take forms of 1 MiB: settings add up. Raise the limits of your web server and of your platform's form "
        "reader, on the number of fields too.");
  if (!small.success())
    return failed("did not answer a small call while a large one was on its way", small, kSuccess,
                  "Serve more than one connection at a time.");
  return passed();
}

}  // namespace

void add_load_cases(std::vector<Case>& cases) {
  cases.push_back({"answers-in-time", "Forty calls are answered in time; p50 and p99 are reported.", answers_in_time});
  cases.push_back(
      {"load-in-order", "So many events a second (--rate, --load), in order, are all taken.", load_in_order});
  cases.push_back({"large-call-delays-nobody",
                   "A call of 390 KiB is taken, and a small one is answered while it is on its way.", large_call});
}

}  // namespace host
