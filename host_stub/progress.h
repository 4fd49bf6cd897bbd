// How far walks have come, shown on the command's stderr while they go: a bar with rate and remaining time on a
// terminal, plain lines otherwise. Fed from the bridge's thread, drawn by the command's: a terminal that stands still
// must not hold up the bridge.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>

namespace host {

class Progress {
 public:
  /// `quiet`: shows nothing.
  explicit Progress(bool quiet);
  void update(const std::string& lane, std::uint64_t done, std::uint64_t total);
  /// Shows what has changed since it was called last.
  void draw();
  /// Takes the bar away, so that something else can be printed.
  void clear();
  /// The same, and forgets how far the walks had come: they are over.
  void end();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Walk {
    Instant started;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    bool changed = false;
  };
  /// Of a walk that has been announced in a plain line: when it started, and when its last line was printed.
  struct Shown {
    Instant started;
    Instant at;
  };
  void take_bar_away();
  void draw_bar(const std::string& lane, const Walk& walk, Instant now);
  void print_plain(const std::string& lane, const Walk& walk, Instant now);
  void put(const std::string& text) const;

  const bool quiet_;
  std::FILE* const stream_;
  const int number_;
  const bool terminal_;
  std::mutex mutex_;  ///< guards the next one; never held while something is printed
  std::map<std::string, Walk> walks_;
  std::mutex drawing_;  ///< guards what follows; taken before the other one
  std::map<std::string, Shown> shown_;
  bool bar_drawn_ = false;
};

/// "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(std::uint64_t seconds);

}  // namespace host
