// See run.h.
#include "check/run.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace host {

namespace {

constexpr int kMostTimeoutsInARow = 3;
constexpr std::size_t kMostTextBytes = 16'384;

void replace_all(std::string& text, const std::string& what, std::string_view by) {
  if (what.empty()) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

int CheckRun::count(Result result) const {
  return static_cast<int>(std::count_if(outcomes.begin(), outcomes.end(),
                                        [&](const auto& outcome) { return outcome.finding.result == result; }));
}

std::vector<Case> in_order(std::vector<Case> cases, const std::vector<std::string>& chosen, std::uint64_t seed) {
  // Without somebody at the other end no case means anything.
  std::erase_if(cases, [&](const Case& one) {
    return !chosen.empty() && one.turn != Case::Turn::first &&
           std::find(chosen.begin(), chosen.end(), one.name) == chosen.end();
  });
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].place = i;
  // Not std::shuffle: its order differs from library to library.
  std::mt19937_64 random(seed);
  for (std::size_t i = cases.size(); i > 1; --i) std::swap(cases[i - 1], cases[random() % i]);
  std::stable_sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) {
    // Of the last, in the order of the list: a tool that was removed cannot be asked to register again.
    return std::pair(a.turn, a.turn == Case::Turn::last ? a.place : 0) <
           std::pair(b.turn, b.turn == Case::Turn::last ? b.place : 0);
  });
  return cases;
}

std::vector<CaseOutcome> run_cases(const std::vector<Case>& cases, Bench& bench,
                                   const std::function<void(std::size_t, const std::string&)>& before) {
  using Clock = std::chrono::steady_clock;
  std::vector<CaseOutcome> outcomes;
  std::string why_not;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& one = cases[i];
    CaseOutcome outcome{one.name, one.sentence, {}, 0};
    const auto started = Clock::now();
    if (why_not.empty()) {
      before(i, one.name);
      outcome.finding = one.run(bench);
    } else {
      outcome.finding = skipped(why_not);
    }
    outcome.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started).count();
    if (one.turn == Case::Turn::first && outcome.finding.result == Result::failed)
      why_not = "the tool cannot be reached";
    if (why_not.empty() && bench.timeouts_in_a_row() >= kMostTimeoutsInARow)
      why_not = "the tool does not answer in time any more";
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

void make_presentable(CheckRun& run, const std::string& secret) {
  for (auto& outcome : run.outcomes) {
    auto& finding = outcome.finding;
    for (auto* text : {&finding.reason, &finding.sent, &finding.expected, &finding.came, &finding.fix}) {
      replace_all(*text, secret, "[the secret]");
      *text = printable_text(*text, kMostTextBytes, true);
    }
  }
}

}  // namespace host
