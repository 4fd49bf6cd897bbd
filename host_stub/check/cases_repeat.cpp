// Cases about an event that comes again, as it does after every walk that was cut off.
#include <fmt/format.h>

#include <chrono>

#include "check/case.h"

namespace host {

namespace {

constexpr std::int64_t kWeekMs = 7LL * 24 * 3600 * 1000;
constexpr const char* kSuccess = "<result>SUCCESS<result>";

/// An action of the descriptor that is an event and was accepted, or why there is none.
struct Repeatable {
  const ToolAction* action = nullptr;
  Finding otherwise;
};

Repeatable repeatable(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return {nullptr, nothing_accepted()};
  if (action->type == "state-change" || action->type == "ping")
    return {nullptr, skipped("no event of the descriptor was answered with SUCCESS, so none can be repeated")};
  return {action, {}};
}

Finding probe_failed(const Bench& bench) {
  return {Result::failed,
          bench.probe_problem(),
          "GET " + bench.subject().probe_url,
          "a number, or a JSON object with a member \"effects\" or \"count\"",
          bench.probe_problem(),
          "Correct --probe, or leave it out."};
}

std::string what_tells(const Bench& bench) {
  return bench.subject().strict ? "Without event_id a repeat is known by what stays: action, course and item ids, "
                                  "backup_id. nonce, timestamp "
                                  "and mac are new."
                                : "Remember the `event_id` of what you have done, together with doing it, and answer "
                                  "SUCCESS when it comes "
                                  "again without doing it again.";
}

Finding same_event_twice(Bench& bench) {
  const auto [action, otherwise] = repeatable(bench);
  if (action == nullptr) return otherwise;
  const bool probing = !bench.subject().probe_url.empty();
  std::int64_t before = 0;
  if (probing) {
    const auto count = bench.effects();
    if (!count) return probe_failed(bench);
    before = *count;
  }
  const auto event = bench.call_for(*action);
  const auto first = bench.send_signed(*action, event);
  const auto second = bench.send_signed(*action, Bench::again(event));
  if (!first.success()) return failed("refused a plain event", first, kSuccess, "See accepts-right-mac.");
  if (!probing)
    return skipped(
        fmt::format("{} was sent twice; whether it was also done twice cannot be seen: give --probe URL, "
                    "where the tool says how many events it has acted on",
                    action->type));
  const auto after = bench.settled_effects(before + 1);
  if (!after) return probe_failed(bench);
  const auto moved = *after - before;
  if (moved == 1) return passed();
  auto finding = judged(moved == 0 ? Result::warning : Result::failed,
                        moved == 0 ? "the probe did not count the event at all"
                                   : fmt::format("one event, sent twice, had {} effects", moved),
                        second, "an effect of one", what_tells(bench));
  finding.came = fmt::format("the probe went from {} to {}; the repeat was answered {}", before, *after, finding.came);
  return finding;
}

Finding repeat_is_success(Bench& bench) {
  const auto [action, otherwise] = repeatable(bench);
  if (action == nullptr) return otherwise;
  const auto event = bench.call_for(*action);
  if (const auto first = bench.send_signed(*action, event); !first.success())
    return failed("refused a plain event", first, kSuccess, "See accepts-right-mac.");
  const auto second = bench.send_signed(*action, Bench::again(event));
  if (second.success()) return passed();
  return failed(
      "refused an event that it had taken before", second, kSuccess,
      "Answer SUCCESS to what you have done already: the bridge repeats what it could not see acknowledged, and "
      "an ERROR is shown to the administrator as an event that failed.");
}

/// A B, then A B C, as after a walk that was cut off behind B.
Finding restarted_walk(Bench& bench) {
  const auto [action, otherwise] = repeatable(bench);
  if (action == nullptr) return otherwise;
  const bool probing = !bench.subject().probe_url.empty();
  std::int64_t before = 0;
  if (probing) {
    const auto count = bench.effects();
    if (!count) return probe_failed(bench);
    before = *count;
  }
  std::vector<Params> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(bench.call_for(*action));
    if (find_param(events.back(), "deferred") != nullptr) {
      set_param(events.back(), "deferred", "true");
      set_param(events.back(), "event_sequence", std::to_string(i + 1));
    }
  }
  for (std::size_t i = 0; i < 2; ++i)
    if (const auto answer = bench.send_signed(*action, events[i]); !answer.success())
      return failed("refused an event of the first walk", answer, kSuccess, "See accepts-right-mac.");
  ToolAnswer last;
  for (std::size_t i = 0; i < 3; ++i) {
    last = bench.send_signed(*action, i == 2 ? events[i] : Bench::again(events[i]));
    if (last.said == Said::unclear)
      return failed(fmt::format("broke down at event {} of the second walk", i + 1), last, "SUCCESS or ERROR",
                    "A walk stops at an answer that is none, and begins again at the first event.");
  }
  if (!last.success())
    return failed("refused the event behind the repeats", last, kSuccess,
                  "What has not been heard before is new, whatever was repeated before it.");
  if (!probing) return passed("what the repeats did cannot be seen without --probe");
  const auto after = bench.settled_effects(before + 3);
  if (!after) return probe_failed(bench);
  if (*after - before == 3) return passed();
  // One defect is to be reported once.
  const auto single = bench.call_for(*action);
  bench.send_signed(*action, single);
  bench.send_signed(*action, Bench::again(single));
  if (const auto now = bench.settled_effects(*after + 1); now && *now - *after != 1)
    return skipped("the tool does not tell any repeat: see same-event-twice-has-effect-of-one");
  auto finding = failed(fmt::format("three events in two walks had {} effects", *after - before), last,
                        "three effects: A and B were there before, C is new", what_tells(bench));
  finding.came = fmt::format("the probe went from {} to {}", before, *after);
  finding.fix += " Remember them for as long as the LMS may repeat them (weeks), not only the latest.";
  return finding;
}

Finding late_event(Bench& bench) {
  const auto [action, otherwise] = repeatable(bench);
  if (action == nullptr) return otherwise;
  if (bench.subject().strict) return skipped("with --strict no call says when its event happened");
  auto event = bench.call_for(*action);
  set_param(event, "event_time", std::to_string(std::stoll(*find_param(event, "timestamp")) - kWeekMs));
  set_param(event, "deferred", "true");
  set_param(event, "attempt", "3");
  const auto answer = bench.send_signed(*action, event);
  if (answer.success()) return passed();
  return failed(
      "refused an event of last week", answer, kSuccess,
      "Judge the age of a call by its `timestamp` alone: `event_time` says when the event happened, which may be "
      "long ago where the tool was down.");
}

}  // namespace

void add_repeat_cases(std::vector<Case>& cases) {
  cases.push_back({"same-event-twice-has-effect-of-one",
                   "An event that comes twice, with a fresh nonce, is done once (seen with --probe).",
                   same_event_twice});
  cases.push_back(
      {"repeat-is-success", "An event that was taken before is answered with SUCCESS again.", repeat_is_success});
  cases.push_back({"restarted-walk", "A and B, then A, B and C: three effects, and C is taken.", restarted_walk});
  cases.push_back({"late-event", "An event that happened a week ago and is signed now is taken.", late_event});
}

}  // namespace host
