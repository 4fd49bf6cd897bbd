// What a store was told and what it answered, with the times of its disk: the memory of whoever used it, which no
// crash takes away. Values and what follows from them; knows no store and no file.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/store.h"
#include "core/tool.h"

namespace ptb::test {

using DiskTime = std::size_t;  ///< so many orders had been given to the disk
inline constexpr DiskTime kNever = std::numeric_limits<DiskTime>::max();

/// One call of the store.
struct Act {
  enum class Kind : std::uint8_t { open, capture, answer, mark, settle, reclaim, forget, save };
  Kind kind{};
  DiskTime begun = 0;
  DiskTime done = kNever;         ///< it said that it is done; kNever: it said nothing, or that it has failed
  bool failed = false;            ///< … and it has failed
  bool in_play = false;           ///< it did not belong to the preparation
  std::vector<int> numbers;       ///< of capture and settle: the events
  std::vector<int> calls;         ///< of capture: which call of the host each belongs to
  std::vector<Place> places;      ///< of capture, once done: where they stand
  Place place;                    ///< of answer; of mark: up to there
  EventState state{};             ///< of settle
  std::string course;             ///< of forget
  Locator tool;                   ///< of save
  ToolState saved{};              ///< of save
  std::optional<EventId> bridge;  ///< of open: the store's identity
};

/// What a store must say of an event, and what it may say.
struct Expected {
  int number = 0;
  int call = 0;
  bool must_be_there = false;
  bool adrift = false;       ///< its capture has failed for good: what became of it meanwhile cannot be known
  bool may_be_gone = false;  ///< it was settled, and reclaim has begun
  std::set<EventState> states = {EventState::pending};
  Place place;                   ///< lane 0: not known
  bool content_goes = false;     ///< an order to forget it has begun
  bool content_gone = false;     ///< … and was carried out
  bool settled_by_hand = false;  ///< an order to settle it, or to forget it, has begun
};

/// What a store must say after its end at some moment.
struct Account {
  std::map<int, Expected> events;
  std::set<std::pair<std::int64_t, std::int64_t>> answered;  ///< lane and sequence of what a tool had answered
  std::map<std::int64_t, std::int64_t> marked;               ///< lane → up to there the mark was said to be
  std::map<std::string, std::set<ToolState>> tools;
  std::set<std::string> sure_tools;  ///< those that were saved for sure
  std::optional<EventId> bridge;
};

class Ledger {
 public:
  Act& begin(Act::Kind kind, DiskTime now);
  /// What comes from here on is watched.
  void play() { in_play_ = true; }
  [[nodiscard]] const std::deque<Act>& acts() const { return acts_; }
  /// Calls of the store that had been answered well.
  [[nodiscard]] std::size_t calls_done_by(DiskTime moment) const;
  /// As of that moment: what was done before is promised, what was begun may be there.
  [[nodiscard]] Account at(DiskTime moment) const;

 private:
  bool in_play_ = false;
  std::deque<Act> acts_;  // whoever began one holds on to it
};

/// The event of that number, always the same.
CaptureItem item_of(int number);
inline constexpr std::int64_t kMorning = 1'700'000'000'000;

}  // namespace ptb::test
