// See samples.h.
#include "serve/samples.h"

#include <algorithm>
#include <chrono>

#include "output.h"

namespace host {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kInterval{5};
constexpr int kCostFactor = 50;  // looking at very many lanes must not keep the bridge busy
constexpr std::int64_t kFineMs = 3600LL * 1000;
constexpr std::int64_t kCoarseStepMs = 60LL * 1000;
constexpr std::int64_t kKeptMs = 24 * kFineMs;

/// What is older than an hour is thinned to one a minute; what is older than a day goes.
void thin(std::deque<Sample>& series, std::int64_t now) {
  while (!series.empty() && series.front().at_ms < now - kKeptMs) series.pop_front();
  const auto fine =
      std::find_if(series.begin(), series.end(), [&](const auto& one) { return one.at_ms >= now - kFineMs; });
  if (fine - series.begin() < 2) return;
  const auto last = fine - 1;
  if (last->at_ms - (last - 1)->at_ms < kCoarseStepMs) series.erase(last);
}

}  // namespace

std::map<std::string, std::uint64_t> waiting_in(const Json& lanes) {
  std::map<std::string, std::uint64_t> waiting;
  for (const auto& lane : lanes) waiting[text_of(lane, "tool")] += lane.value("waiting", std::uint64_t{0});
  return waiting;
}

Samples::Samples(std::shared_ptr<House> house) : house_(std::move(house)), thread_([this] { run(); }) {}

Samples::~Samples() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Samples::run() {
  while (true) {
    const auto began = Clock::now();
    try {
      look();
    } catch (const std::exception&) {
      // A store that cannot be read now is told of by everything else that asks it; the chart has a gap.
    }
    const auto pause = std::max<Clock::duration>(kInterval, (Clock::now() - began) * kCostFactor);
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [&] { return stopping_; })) return;
  }
}

void Samples::look() {
  auto waiting = waiting_in(house_->bridge().report({{"report", "lanes"}}).at("lanes"));
  std::uint64_t sum = 0;
  for (const auto& [tool, count] : waiting) sum += count;
  waiting[""] = sum;
  const auto now = now_ms();
  const std::lock_guard lock(mutex_);
  for (const auto& [tool, series] : series_) waiting.emplace(tool, 0);
  for (const auto& [tool, count] : waiting) {
    auto& series = series_[tool];
    series.push_back({now, count});
    thin(series, now);
  }
}

std::vector<Sample> Samples::of(const std::string& tool) {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(tool);
  return found == series_.end() ? std::vector<Sample>{}
                                : std::vector<Sample>(found->second.begin(), found->second.end());
}

}  // namespace host
