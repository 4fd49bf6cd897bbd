// See progress.h.
#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "output.h"

namespace host {

namespace {

/// Plain lines come at first every two seconds, then more and more seldom: a long walk must not fill a log.
constexpr auto kShortestPlainInterval = std::chrono::seconds(2);

std::size_t terminal_columns(int number) {
  winsize size{};
  if (ioctl(number, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// "1,204/5,000  410/s  9 s left".
std::string pace_text(std::uint64_t done, std::uint64_t total, double seconds) {
  auto text = fmt::format("{}/{}", with_commas(done), with_commas(total));
  if (done == 0 || seconds < 0.05) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += rate < 10 ? fmt::format("  {:.1f}/s", rate)
                    : fmt::format("  {}/s", with_commas(static_cast<std::uint64_t>(rate)));
  if (done < total)
    text +=
        fmt::format("  {} left", duration_text(static_cast<std::uint64_t>(static_cast<double>(total - done) / rate)));
  return text;
}

}  // namespace

std::string duration_text(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

Progress::Progress(bool quiet)
    : quiet_(quiet),
      stream_(console().err),
      number_(console().err_number),
      terminal_(::isatty(console().err_number) == 1) {}

/// Nobody is told where it cannot be written: it is only shown.
void Progress::put(const std::string& text) const { std::fwrite(text.data(), 1, text.size(), stream_); }

void Progress::update(const std::string& lane, std::uint64_t done, std::uint64_t total) {
  if (quiet_ || total == 0) return;
  const std::lock_guard lock(mutex_);
  auto& walk = walks_[lane];
  const auto now = std::chrono::steady_clock::now();
  if (walk.total != total || done < walk.done) walk = {now, 0, total, false};
  walk.done = done;
  walk.changed = true;
}

void Progress::draw() {
  const std::lock_guard drawing(drawing_);
  std::map<std::string, Walk> changed;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [lane, walk] : walks_)
      if (std::exchange(walk.changed, false)) changed.emplace(lane, walk);
  }
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [lane, walk] : changed) {
    if (terminal_)
      draw_bar(lane, walk, now);
    else
      print_plain(lane, walk, now);
  }
}

void Progress::draw_bar(const std::string& lane, const Walk& walk, Instant now) {
  constexpr std::size_t kWidestBar = 30;
  const auto width = terminal_columns(number_);
  const auto pace = pace_text(walk.done, walk.total, seconds_between(walk.started, now));
  const auto name = cut(lane, 24);
  const auto taken = columns(name) + columns(pace) + 5;
  std::string line = name + "  ";
  if (width > taken + 5) {
    const auto bar = std::min(kWidestBar, width - taken);
    const auto full = static_cast<std::size_t>(walk.done * bar / walk.total);
    for (std::size_t i = 0; i < bar; ++i) line += i < full ? "█" : "░";
    line += "  ";
  }
  // One column is left free: a full line would wrap and the next \r would not come back to its start.
  put(fmt::format("\r{}\x1b[K", cut(line + pace, std::max<std::size_t>(width - 1, 10))));
  std::fflush(stream_);
  bar_drawn_ = true;
}

void Progress::print_plain(const std::string& lane, const Walk& walk, Instant now) {
  auto& shown = shown_[lane];
  if (shown.started != walk.started) {
    shown = {walk.started, walk.started};
    put(fmt::format("{}: sending {} {}\n", lane, with_commas(walk.total), walk.total == 1 ? "event" : "events"));
  } else if (now - shown.at >= std::max<Instant::duration>(kShortestPlainInterval, (now - walk.started) / 8) &&
             walk.done < walk.total) {
    shown.at = now;
    put(fmt::format("{}: {}\n", lane, pace_text(walk.done, walk.total, seconds_between(walk.started, now))));
  }
}

void Progress::clear() {
  const std::lock_guard drawing(drawing_);
  take_bar_away();
}

void Progress::end() {
  const std::lock_guard drawing(drawing_);
  take_bar_away();
  const std::lock_guard lock(mutex_);
  walks_.clear();
}

void Progress::take_bar_away() {
  if (bar_drawn_) put("\r\x1b[K");
  std::fflush(stream_);
  bar_drawn_ = false;
}

}  // namespace host
