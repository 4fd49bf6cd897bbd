// See report.h.
#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

Spread spread_of(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  const std::size_t middle = numbers.size() / 2;
  const double median = numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
  return {numbers.front(), median, numbers.back()};
}

template <typename Member>
Spread spread_of(const std::vector<Round>& rounds, Member member) {
  std::vector<double> numbers;
  for (const Round& round : rounds) numbers.push_back(member(round));
  return spread_of(std::move(numbers));
}

/// Medians of a figure, and the spread of what of it is judged.
struct Summary {
  double value = 0;
  double baseline = 0;
  double ratio = 0;
  Spread judged;
};

Summary summarise(const Figure& figure, const std::vector<Round>& rounds) {
  const Spread value = spread_of(rounds, [](const Round& round) { return round.value; });
  const Spread baseline = spread_of(rounds, [](const Round& round) { return round.baseline; });
  const Spread ratio = spread_of(rounds, [](const Round& round) { return round.ratio(); });
  return {value.median, baseline.median, ratio.median, figure.judged == Judged::ratio ? ratio : value};
}

std::string number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  if (value >= 10) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

std::string verdict(const Figure& figure, const Summary& summary) {
  if (!figure.goal) return "";
  const double judged = summary.judged.median;
  const bool met = figure.goal->at_least ? judged >= figure.goal->bound : judged <= figure.goal->bound;
  return fmt::format("{} {:g} {}", figure.goal->at_least ? ">=" : "<=", figure.goal->bound, met ? "met" : "MISSED");
}

}  // namespace

void Report::add(std::string_view name, const Round& round) {
  if (!wants(name)) return;
  rounds_[std::string(figure_named(name).name)].push_back(round);
}

void Report::note(std::string text) { notes_.push_back(std::move(text)); }

std::string Report::table() const {
  std::string out = fmt::format("{:<37}{:>7}{:>9}{:>9}{:>10} {:<10}{:>10} {:<9}{}\n", "name", "ratio", "min", "max",
                                "value", "unit", "baseline", "", "goal");
  for (const Figure& figure : catalogue()) {
    const auto found = rounds_.find(figure.name);
    if (found == rounds_.end()) continue;
    const Summary summary = summarise(figure, found->second);
    const std::string_view baseline_unit = figure.baseline_unit.empty() ? figure.unit : figure.baseline_unit;
    out += fmt::format("{:<37}{:>7}{:>9}{:>9}{:>10} {:<10}{:>10} {:<9}{}\n", figure.name, number(summary.ratio),
                       number(summary.judged.min), number(summary.judged.max), number(summary.value), figure.unit,
                       number(summary.baseline), baseline_unit, verdict(figure, summary));
  }
  out += "\nMedians of the rounds; min and max are of the ratio, or of the value where the goal is a value";
  out += " (rss, open, bytes, save).\n";
  for (const std::string& text : notes_) out += text + "\n";
  return out;
}

std::string Report::json(const Machine& machine) const {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Figure& figure : catalogue()) {
    const auto found = rounds_.find(figure.name);
    if (found == rounds_.end()) continue;
    const Summary summary = summarise(figure, found->second);
    nlohmann::ordered_json result = {{"name", figure.name},
                                     {"value", summary.value},
                                     {"unit", figure.unit},
                                     {"baseline", summary.baseline},
                                     {"ratio", summary.ratio},
                                     {"min", summary.judged.min},
                                     {"median", summary.judged.median},
                                     {"max", summary.judged.max},
                                     {"rounds", found->second.size()},
                                     {"spread_of", figure.judged == Judged::ratio ? "ratio" : "value"}};
    if (figure.goal) result["goal"] = verdict(figure, summary);
    results.push_back(std::move(result));
  }
  const nlohmann::ordered_json document = {{"machine", machine_json(machine)}, {"results", results}, {"notes", notes_}};
  return document.dump(2) + "\n";
}

}  // namespace bench
