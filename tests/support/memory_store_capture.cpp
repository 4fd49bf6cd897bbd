// The capture path of MemoryStore: each item is applied in its turn and remembered, so that the whole call can be
// undone.
#include <utility>

#include "core/fault_point.h"
#include "store/lane_keys.h"
#include "support/memory_store.h"

namespace ptb::test {

namespace {

bool is_walked(const LastWalk& walk) { return walk.ordinal != 0 && walk.ended_at_ms == 0; }

}  // namespace

class MemoryStore::Capturing {
 public:
  explicit Capturing(MemoryDisk& disk) : disk_(disk) {}
  Capturing(const Capturing&) = delete;
  Capturing& operator=(const Capturing&) = delete;
  ~Capturing() {
    if (!committed_) undo();
  }
  void commit() { committed_ = true; }

  CaptureAnswer capture(const CaptureItem& item, const DecideCapture& decide);

 private:
  struct LaneBefore {
    MemoryLane* entry;
    Lane lane;
  };
  struct SiblingsBefore {
    MemorySiblings* siblings;
    std::int64_t epoch;
    std::string split;
    std::int64_t last_free;
  };
  /// Where an item belongs, as the lanes are now.
  struct Spot {
    MemoryLane* lane = nullptr;  ///< nullptr: to be made
    std::string key;             ///< then: its key; empty: a new one of split "none"
    std::int64_t epoch = 0;
  };

  Spot find_spot(const MemorySiblings* siblings, const Locator& own, const LanePart& part);
  MemoryLane& open_spot(Spot& spot, const CaptureItem& item, const Locator& tool, bool installed);
  bool goes_behind(const MemorySiblings* siblings, const Spot& spot, const MemoryLane* other);
  void append(MemoryLane& lane, const CaptureItem& item, Deferral captured_as);

  /// The lane as it was before this call; nullptr: there was none.
  const Lane* before(const MemoryLane* entry) const;
  void remember(MemoryLane& entry);
  void remember(MemorySiblings& siblings);
  void undo();

  MemoryDisk& disk_;
  std::vector<LaneBefore> lanes_;
  std::vector<MemoryLane*> made_;
  std::vector<SiblingsBefore> siblings_;
  std::vector<Place> appended_;
  bool committed_ = false;
};

Result<void> MemoryStore::capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) {
  const std::lock_guard guard(mutex_);
  fault_point("store.capture.begin");
  {
    Capturing capturing(disk_);
    for (CaptureBatch* const batch : batches) {
      batch->answers.clear();
      batch->answers.reserve(batch->items.size());
      for (const CaptureItem& item : batch->items) batch->answers.push_back(capturing.capture(item, decide));
    }
    fault_point("store.capture.before_commit");
    capturing.commit();
  }
  fault_point("store.capture.after_commit");
  return {};
}

CaptureAnswer MemoryStore::Capturing::capture(const CaptureItem& item, const DecideCapture& decide) {
  CaptureAnswer answer;
  answer.id = item.event.id;
  if (const auto known = disk_.keys.find(item.event.id); known != disk_.keys.end()) {
    answer.kind = CaptureAnswer::Kind::duplicate;
    answer.place = known->second;
    return answer;
  }
  const Locator& own = item.event.locator;
  const LanePart& part = item.part;
  const auto at = disk_.siblings.find(own);
  const MemorySiblings* const siblings = at == disk_.siblings.end() || at->second.lanes.empty() ? nullptr : &at->second;
  Spot spot = find_spot(siblings, own, part);
  const bool crosses = part.split == "course" && !part.other.empty() && part.other != part.name;
  Spot other;
  if (crosses) other = find_spot(siblings, own, {part.split, part.other, {}});
  // A claim is of all lanes of a locator, so those that it will have follow it.
  const Locator heir = siblings == nullptr ? own : disk_.lane(*siblings->lanes.begin())->lane.tool;
  const Tool* const tool = disk_.tool(heir);
  const Lane* const lane_before = part.split == "none" ? nullptr : before(spot.lane);
  const CaptureDecision decision =
      decide(item, tool, lane_before, goes_behind(siblings, spot, crosses ? other.lane : nullptr));
  if (decision.verdict == CaptureDecision::Verdict::ignore) {
    answer.kind = CaptureAnswer::Kind::ignored;
    answer.ignored_as = decision.ignored_as;
    return answer;
  }
  MemoryLane& lane = open_spot(spot, item, heir, tool != nullptr);
  append(lane, item, decision.deferral);
  answer.kind = CaptureAnswer::Kind::fresh;
  answer.place = {lane.lane.id, lane.lane.last_sequence};
  answer.deferral = decision.deferral;
  answer.tool = lane.lane.tool;
  if (crosses) {
    MemoryLane& crossed = open_spot(other, item, heir, tool != nullptr);
    disk_.add_crossing(lane, answer.place.sequence, crossed, crossed.lane.last_sequence);
  }
  return answer;
}

MemoryStore::Capturing::Spot MemoryStore::Capturing::find_spot(const MemorySiblings* siblings, const Locator& own,
                                                               const LanePart& part) {
  const bool is_free = part.split == "none";
  Spot spot;
  if (!is_free) spot.key = lane_key(own, part);
  if (siblings == nullptr) return spot;
  spot.epoch = siblings->epoch + (part.split == siblings->split ? 0 : 1);
  if (is_free) {
    for (const std::int64_t id : siblings->idle_free) {
      MemoryLane* const idle = disk_.lane(id);
      if (idle->lane.hold != LaneHold::none || is_walked(idle->lane.last_walk)) continue;
      spot.lane = idle;
      break;
    }
    return spot;
  }
  spot.lane = disk_.lane_of_key(spot.key);
  if (spot.lane == nullptr || spot.lane->lane.epoch == spot.epoch) return spot;
  // Once a further lane was begun it goes on, also when the first has drained: else later events would overtake.
  std::string further = further_lane_key(spot.key, spot.epoch);
  MemoryLane* const later = disk_.lane_of_key(further);
  if (later == nullptr && spot.lane->lane.waiting == 0) return spot;
  spot.key = std::move(further);
  spot.lane = later;
  return spot;
}

/// The lane to append to, made where there is none. What is captured while no tool is there to get it may only go out
/// after an administrator's save.
MemoryLane& MemoryStore::Capturing::open_spot(Spot& spot, const CaptureItem& item, const Locator& tool,
                                              bool installed) {
  MemorySiblings& siblings = disk_.siblings[item.event.locator];
  // A claiming tool gets nothing before it is saved.
  if (tool != item.event.locator)
    for (const std::int64_t id : siblings.lanes) installed = installed && disk_.lane(id)->lane.released;
  if (siblings.lanes.empty() || siblings.epoch != spot.epoch || siblings.split != item.part.split) {
    remember(siblings);
    siblings.epoch = spot.epoch;
    siblings.split = item.part.split;
  }
  // A part and its other part may both want the same new lane, and a first item has made it.
  if (spot.lane == nullptr && !spot.key.empty()) spot.lane = disk_.lane_of_key(spot.key);
  if (spot.lane == nullptr) {
    if (spot.key.empty()) {
      remember(siblings);
      spot.key = free_lane_key(item.event.locator, ++siblings.last_free);
    }
    made_.reserve(made_.size() + 1);
    MemoryLane& made = disk_.add_lane(spot.key, item.event.locator, tool, spot.epoch, item.part.split);
    made_.push_back(&made);
    made.lane.released = installed;
    spot.lane = &made;
    return made;
  }
  MemoryLane& known = *spot.lane;
  remember(known);
  if (known.lane.epoch != spot.epoch) disk_.set_epoch(known, spot.epoch, item.part.split);
  // A free lane starts anew with each event.
  if (!installed || item.part.split == "none") known.lane.released = installed;
  return known;
}

/// Asked of the lanes as they were before this call: the events of one call do not wait for each other.
bool MemoryStore::Capturing::goes_behind(const MemorySiblings* siblings, const Spot& spot, const MemoryLane* other) {
  if (siblings == nullptr) return false;
  const auto waited = [&](const MemoryLane* entry) {
    const Lane* const was = before(entry);
    return was != nullptr && was->waiting > 0;
  };
  for (const auto& [epoch, lanes] : siblings->waiting) {
    if (epoch >= spot.epoch) break;
    for (const std::int64_t id : lanes)
      if (waited(disk_.lane(id))) return true;
  }
  if (other != nullptr && waited(other)) return true;
  if (spot.lane == nullptr) return false;
  for (const auto& [after, lane, sequence] : spot.lane->crossed_by) {
    const Lane* const was = before(disk_.lane(lane));
    if (was != nullptr && sequence <= was->last_sequence) return true;
  }
  return false;
}

void MemoryStore::Capturing::append(MemoryLane& lane, const CaptureItem& item, Deferral captured_as) {
  StoredEvent stored;
  stored.event = item.event;
  stored.place = {lane.lane.id, lane.lane.last_sequence + 1};
  stored.captured_as = captured_as;
  stored.walks_before = lane.lane.last_walk.ordinal;
  appended_.push_back(stored.place);
  disk_.add_event(lane, std::move(stored), item.settings);
}

const Lane* MemoryStore::Capturing::before(const MemoryLane* entry) const {
  if (entry == nullptr) return nullptr;
  for (const LaneBefore& known : lanes_)
    if (known.entry == entry) return &known.lane;
  for (const MemoryLane* const made : made_)
    if (made == entry) return nullptr;
  return &entry->lane;
}

void MemoryStore::Capturing::remember(MemoryLane& entry) {
  for (const LaneBefore& known : lanes_)
    if (known.entry == &entry) return;
  for (const MemoryLane* const made : made_)
    if (made == &entry) return;
  lanes_.push_back({&entry, entry.lane});
}

void MemoryStore::Capturing::remember(MemorySiblings& siblings) {
  for (const SiblingsBefore& known : siblings_)
    if (known.siblings == &siblings) return;
  siblings_.push_back({&siblings, siblings.epoch, siblings.split, siblings.last_free});
}

void MemoryStore::Capturing::undo() {
  for (auto place = appended_.rbegin(); place != appended_.rend(); ++place) {
    MemoryLane& entry = *disk_.lane(place->lane);
    if (const auto crossing = entry.crossings.find(place->sequence); crossing != entry.crossings.end()) {
      if (before(disk_.lane(crossing->second.lane)) == nullptr) entry.crossed.erase(crossing->second.lane);
      disk_.drop_crossing(entry, place->sequence);
    }
    disk_.keys.erase(entry.events.at(place->sequence).event.id);
    disk_.drop_event(entry, place->sequence);
  }
  for (LaneBefore& was : lanes_) {
    disk_.set_waiting(*was.entry, was.lane.waiting);
    if (was.entry->lane.epoch != was.lane.epoch) disk_.set_epoch(*was.entry, was.lane.epoch, was.lane.split);
    was.entry->lane = std::move(was.lane);
  }
  for (MemoryLane* const made : made_) disk_.drop_lane(*made);
  for (SiblingsBefore& was : siblings_) {
    was.siblings->epoch = was.epoch;
    was.siblings->split = std::move(was.split);
    was.siblings->last_free = was.last_free;
  }
}

}  // namespace ptb::test
