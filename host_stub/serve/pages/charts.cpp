// See charts.h.
#include "serve/pages/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/render.h"

namespace host {

namespace {

constexpr std::size_t kMostPoints = 240;  // more cannot be seen
constexpr std::size_t kMostRows = 12;

/// Every n-th, and always the last one.
std::vector<Sample> thinned(const std::vector<Sample>& samples, std::size_t most) {
  if (samples.size() <= most) return samples;
  std::vector<Sample> kept;
  for (std::size_t i = 0; i < most; ++i) kept.push_back(samples[i * (samples.size() - 1) / (most - 1)]);
  return kept;
}

/// 1, 2, 5, 10, 20 …: the least that is not below.
std::uint64_t round_up(std::uint64_t value) {
  for (std::uint64_t power = 1;; power *= 10)
    for (const std::uint64_t step : {1, 2, 5})
      if (step * power >= value) return step * power;
}

struct Area {
  double left, top, width, height;
};

std::string points_of(const std::vector<Sample>& samples, const Area& area, std::uint64_t most) {
  const auto first = samples.front().at_ms;
  const auto span = std::max<std::int64_t>(samples.back().at_ms - first, 1);
  std::string points;
  for (const auto& one : samples) {
    const auto x = area.left + area.width * static_cast<double>(one.at_ms - first) / static_cast<double>(span);
    const auto y = area.top + area.height * (1 - static_cast<double>(one.waiting) / static_cast<double>(most));
    points += fmt::format("{}{:.1f},{:.1f}", points.empty() ? "" : " ", x, y);
  }
  return points;
}

std::uint64_t highest(const std::vector<Sample>& samples) {
  std::uint64_t most = 0;
  for (const auto& one : samples) most = std::max(most, one.waiting);
  return most;
}

}  // namespace

std::string line_chart(const std::string& id, const std::string& title, const std::vector<Sample>& samples,
                       std::int64_t now_ms) {
  Json model = {{"id", id}, {"title", title}, {"has_points", samples.size() > 1}};
  if (samples.size() < 2) return rendered("chart_line", model);
  const auto shown = thinned(samples, kMostPoints);
  const auto peak = highest(samples);
  const auto most = round_up(std::max<std::uint64_t>(peak, 1));
  model["points"] = points_of(shown, {44, 12, 306, 120}, most);
  model["most"] = with_commas(most);
  model["begin"] = age_text(samples.front().at_ms, now_ms);
  model["text"] = fmt::format("{} now, {} at most, since {}.", with_commas(samples.back().waiting), with_commas(peak),
                              age_text(samples.front().at_ms, now_ms));
  auto rows = Json::array();
  for (const auto& one : thinned(samples, kMostRows))
    rows.push_back({{"when", moment_of(time_text(one.at_ms), now_ms)}, {"value", with_commas(one.waiting)}});
  model["rows"] = rows;
  return rendered("chart_line", model);
}

std::string bar_chart(const std::string& id, const std::string& title, const std::vector<Bar>& bars) {
  constexpr double kWidth = 180;
  constexpr int kStep = 30;
  std::uint64_t most = 1;
  std::uint64_t sum = 0;
  for (const auto& bar : bars) {
    most = std::max(most, bar.value);
    sum += bar.value;
  }
  auto rows = Json::array();
  std::string text;
  int y = 4;
  for (const auto& bar : bars) {
    const auto width = kWidth * static_cast<double>(bar.value) / static_cast<double>(most);
    rows.push_back({{"name", bar.name},
                    {"value", with_commas(bar.value)},
                    {"series", bar.series},
                    {"y", y},
                    {"text_y", y + 15},
                    {"width", fmt::format("{:.1f}", bar.value == 0 ? 0.0 : std::max(width, 2.0))},
                    {"value_x", fmt::format("{:.1f}", 118 + (bar.value == 0 ? 0.0 : std::max(width, 2.0)))}});
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", bar.name, with_commas(bar.value));
    y += kStep;
  }
  return rendered(
      "chart_bars",
      {{"id", id}, {"title", title}, {"height", y}, {"text", text + "."}, {"rows", rows}, {"has_bars", sum > 0}});
}

std::string sparkline(const std::string& title, const std::vector<Sample>& samples) {
  if (samples.size() < 2 || highest(samples) == 0) return {};
  const auto shown = thinned(samples, 60);
  return rendered("chart_spark", {{"title", title}, {"points", points_of(shown, {1, 2, 98, 20}, highest(samples))}});
}

std::vector<Bar> age_bars(const std::vector<std::int64_t>& moments_ms, std::int64_t now_ms) {
  constexpr std::int64_t kMinute = 60'000;
  struct Step {
    std::int64_t below_ms;
    const char* name;
  };
  constexpr std::array<Step, 6> kSteps = {{{kMinute, "under 1 min"},
                                           {10 * kMinute, "1 to 10 min"},
                                           {60 * kMinute, "10 to 60 min"},
                                           {24 * 60 * kMinute, "1 to 24 h"},
                                           {7 * 24 * 60 * kMinute, "1 to 7 days"},
                                           {INT64_MAX, "over 7 days"}}};
  std::vector<Bar> bars;
  for (const auto& step : kSteps) bars.push_back({step.name, 0, 1});
  for (const auto at_ms : moments_ms) {
    const auto age = now_ms - at_ms;
    const auto step = std::find_if(kSteps.begin(), kSteps.end(), [&](const Step& one) { return age < one.below_ms; });
    ++bars[static_cast<std::size_t>(step - kSteps.begin())].value;
  }
  return bars;
}

}  // namespace host
