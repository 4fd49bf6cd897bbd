// See live_feed.h.
#include "serve/live_feed.h"

#include <algorithm>
#include <set>

#include "output.h"

namespace host {

namespace {

constexpr std::chrono::milliseconds kTick{200};
constexpr int kTicksBetweenChanges = 3;
constexpr std::chrono::seconds kQuietAfter{1};  // then the bridge is asked whether the walk goes on
constexpr int kCostFactor = 50;                 // asking where there are very many lanes must not keep it busy

std::string text_from(ptb_text text) { return text.bytes == nullptr ? "" : std::string(text.bytes, text.size); }

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string tool_of_lane(const std::string& lane) {
  const auto vendor_end = lane.find('/');
  if (vendor_end == std::string::npos) return lane;
  return lane.substr(0, lane.find_first_of("/~", vendor_end + 1));
}

Json to_json(const WalkView& walk) {
  return {{"lane", walk.lane},
          {"tool", walk.tool},
          {"done", walk.done},
          {"total", walk.total},
          {"event_id", walk.event_id},
          {"per_second", walk.per_second},
          {"left_s", walk.left_s < 0 ? Json() : Json(walk.left_s)},
          {"ended", walk.ended}};
}

LiveFeed::LiveFeed(std::shared_ptr<House> house) : house_(std::move(house)) {
  house_->add(*this);
  thread_ = std::thread([this] { run(); });
}

LiveFeed::~LiveFeed() {
  house_->remove(*this);
  stopping_ = true;
  thread_.join();
}

void LiveFeed::outcome(const ptb_outcome& outcome) {
  const auto tool = text_from(outcome.vendor) + "/" + text_from(outcome.program);
  const auto state = text_from(outcome.state);
  const std::lock_guard lock(mutex_);
  ++outcomes_[{tool, state}];
  last_outcomes_[tool] = {text_from(outcome.event_id), state, text_from(outcome.text), now_ms()};
  changed_ = true;
}

void LiveFeed::progress(const ptb_progress& progress) {
  if (progress.total == 0) return;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  auto& walk = walks_[text_from(progress.lane)];
  if (walk.total != progress.total || progress.done < walk.done || walk.began == decltype(walk.began){})
    walk.began = now;
  walk.event_id = text_from(progress.event_id);
  walk.done = progress.done;
  walk.total = progress.total;
  walk.moved = now;
  walk.told = false;
}

void LiveFeed::watch(const ptb_watch& /*watch*/) { changed_ = true; }

WalkView LiveFeed::view_of(const std::string& lane, const Walk& walk) {
  WalkView view{lane, tool_of_lane(lane), walk.done, walk.total, walk.event_id, 0, -1, walk.done >= walk.total};
  if (const auto took = seconds(walk.moved - walk.began); took > 0.05 && walk.done > 0) {
    view.per_second = static_cast<double>(walk.done) / took;
    view.left_s = static_cast<std::int64_t>(static_cast<double>(walk.total - walk.done) / view.per_second);
  }
  return view;
}

std::vector<WalkView> LiveFeed::walks() {
  const std::lock_guard lock(mutex_);
  std::vector<WalkView> views;
  for (const auto& [lane, walk] : walks_) views.push_back(view_of(lane, walk));
  return views;
}

OutcomeCounts LiveFeed::outcomes() {
  const std::lock_guard lock(mutex_);
  return outcomes_;
}

std::map<std::string, LastOutcome> LiveFeed::last_outcomes() {
  const std::lock_guard lock(mutex_);
  return last_outcomes_;
}

/// The bridge tells how far a walk has come, and not that it has stopped on its way.
void LiveFeed::take_stopped(std::vector<WalkView>& views) {
  const auto before = std::chrono::steady_clock::now();
  std::set<std::string> walking;
  try {
    const auto answer = house_->bridge().report({{"report", "lanes"}});
    for (const auto& lane : answer.at("lanes"))
      if (text_of(lane, "state") == "walking") walking.insert(text_of(lane, "lane"));
  } catch (const std::exception&) {
    return;  // the store does not answer: all else says so
  }
  const auto now = std::chrono::steady_clock::now();
  ask_from_ = now + std::max<std::chrono::steady_clock::duration>(kQuietAfter, (now - before) * kCostFactor);
  const std::lock_guard lock(mutex_);
  std::erase_if(walks_, [&](const auto& one) {
    if (one.second.moved > before - kQuietAfter || walking.contains(one.first)) return false;
    views.push_back(view_of(one.first, one.second));
    views.back().ended = true;
    changed_ = true;
    return true;
  });
}

void LiveFeed::run() {
  for (int ticks = 0; !stopping_; ++ticks) {
    std::this_thread::sleep_for(kTick);
    std::vector<WalkView> moved;
    bool ask = false;
    {
      const auto now = std::chrono::steady_clock::now();
      const std::lock_guard lock(mutex_);
      for (auto& [lane, walk] : walks_)
        if (!std::exchange(walk.told, true)) moved.push_back(view_of(lane, walk));
      if (std::erase_if(walks_, [](const auto& one) { return one.second.done >= one.second.total; }) > 0)
        changed_ = true;
      ask = now >= ask_from_ && std::any_of(walks_.begin(), walks_.end(),
                                            [&](const auto& one) { return now - one.second.moved >= kQuietAfter; });
    }
    if (ask) take_stopped(moved);
    for (const auto& walk : moved) channel_.post("walk", to_json(walk).dump());
    if (ticks % kTicksBetweenChanges == 0 && changed_.exchange(false)) channel_.post("changed", "{}");
  }
  channel_.end();
}

}  // namespace host
