// Uses a store as the engine does, act by act, and keeps the ledger of it. Goes on where a call fails, as a host would.
// Knows what makes sense to ask for next, not what must come of it.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "disk/ledger.h"

namespace ptb::test {

/// Bugs of the engine that a test plants to see them found.
enum class Slip : std::uint8_t { none, mark_before_answer, capture_said_too_early, settled_said_too_early };

/// How a store is opened at a path.
using OpenStore = std::function<Result<std::unique_ptr<Store>>(const std::string& path)>;
OpenStore usual_store(std::int64_t reserve_bytes = 0);

class Player {
 public:
  /// What it remembers from one life to the next.
  struct Memory {
    std::mt19937 chance;  ///< decides whatever a story leaves open
    int next = 1;
    int call = 0;
    std::int64_t clock = kMorning + 1'000'000;
  };
  /// `now`: the time of the disk.
  Player(std::string path, Ledger& ledger, std::function<DiskTime()> now, Memory memory);
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;
  ~Player();

  /// False: it could not be opened, as often as it was tried.
  bool open();
  void close();
  /// Leaves everything as it is, as a process does that is killed.
  void abandon() { left_ = std::move(store_); }
  [[nodiscard]] bool is_open() const { return store_ != nullptr; }

  void install(char tool);
  void save(char tool, ToolState state);
  /// The next events, spread over the tools: so many callers whose calls go into one commit.
  void capture(int events, int callers = 1);
  /// A walk of each lane that can be walked: the tool answers `answers` events, and then the walk stops. 0: it answers
  /// all. The mark moves after each `group` answers; 0: at the end.
  void walk(int answers = 0, int group = 0);
  /// One of the events that wait, or are parked or refused, if there is any.
  void settle_some(EventState from, EventState to);
  void reclaim(int pieces);
  void forget_some();

  Store& store() { return *store_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] int captured() const { return memory_.next - 1; }

  Slip slip = Slip::none;
  OpenStore opening = usual_store();
  int tries = 1;  ///< to open it
  std::function<void()> when_open;
  std::function<void(Player&)> before_close;
  std::function<void()> when_done;  ///< after each act
  std::vector<Error> errors;        ///< what the store has said

 private:
  template <typename Value>
  bool done(Act& act, const Result<Value>& result);
  template <typename Value>
  bool fine(const Result<Value>& result);
  bool capture_once(const Act& asked, std::vector<CaptureBatch>& batches);
  void walk_lane(const Walk& walk, int answers, int group);
  void mark(const Walk& walk, std::int64_t through);
  void end(const Walk& walk, std::int64_t reached, std::int64_t stopped_by, std::int64_t settled);
  std::int64_t tick() { return memory_.clock += 1000; }
  std::size_t below(std::size_t end) { return end == 0 ? 0 : memory_.chance() % end; }

  std::string path_;
  Ledger& ledger_;
  std::function<DiskTime()> now_;
  Memory memory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> left_;
};

}  // namespace ptb::test
