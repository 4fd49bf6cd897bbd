// What pages are told while they are open: how far walks have come, and that something has changed. Listens to the
// bridge, and posts at most a few messages a second, however much happens. Knows no pages.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "house.h"
#include "http/event_stream.h"

namespace host {

/// How far the walk of a lane has come.
struct WalkView {
  std::string lane;
  std::string tool;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string event_id;      ///< answered last; empty at the start
  double per_second = 0;     ///< since it began
  std::int64_t left_s = -1;  ///< -1: unknown yet
  bool ended = false;
};

Json to_json(const WalkView& walk);

/// What became of an event last.
struct LastOutcome {
  std::string event_id;
  std::string state;
  std::string text;  ///< for a person; may be empty
  std::int64_t at_ms = 0;
};

/// Outcomes since the server began, by tool and state.
using OutcomeCounts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

class LiveFeed : public Listener {
 public:
  explicit LiveFeed(std::shared_ptr<House> house);
  ~LiveFeed() override;
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// What a client is told from now on: `walk` with a WalkView, `changed` when it should look again.
  std::shared_ptr<EventStream> join(std::string_view last_event_id) { return channel_.join(last_event_id); }
  /// Ends what clients are told.
  void end() { channel_.end(); }
  /// Something has changed that the bridge does not tell of.
  void changed() { changed_ = true; }

  std::vector<WalkView> walks();
  OutcomeCounts outcomes();
  /// By tool.
  std::map<std::string, LastOutcome> last_outcomes();

 private:
  void outcome(const ptb_outcome& outcome) override;
  void progress(const ptb_progress& progress) override;
  void watch(const ptb_watch& watch) override;
  void run();
  void take_stopped(std::vector<WalkView>& views);

  struct Walk {
    std::string event_id;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::chrono::steady_clock::time_point began;
    std::chrono::steady_clock::time_point moved;
    bool told = false;
  };
  static WalkView view_of(const std::string& lane, const Walk& walk);

  std::shared_ptr<House> house_;
  EventChannel channel_;
  std::mutex mutex_;  ///< guards the next three
  std::map<std::string, Walk> walks_;
  OutcomeCounts outcomes_;
  std::map<std::string, LastOutcome> last_outcomes_;
  std::chrono::steady_clock::time_point ask_from_{};  ///< of the thread below alone
  std::atomic<bool> changed_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  ///< last: ended first
};

/// "vendor/program" at the head of a lane's key.
std::string tool_of_lane(const std::string& lane);

}  // namespace host
