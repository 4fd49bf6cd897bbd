#include "support/memory_disk.h"

#include <algorithm>
#include <array>

namespace ptb::test {

MemoryDisk::MemoryDisk(Random& random) {
  std::array<unsigned char, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::copy(bytes.begin(), bytes.end(), identity.bridge.begin());
}

bool MemoryDisk::holds(const std::string& text) const {
  const auto has = [&](const auto&... texts) { return ((texts.find(text) != std::string::npos) || ...); };
  for (const auto& [id, entry] : lanes) {
    if (has(entry.lane.key, entry.lane.hold_reason, entry.lane.last_walk.error)) return true;
    for (const auto& [sequence, stored] : entry.events)
      if (has(stored.event.operation, stored.event.course_id, stored.event.content_id, stored.event.arguments,
              stored.event.context, stored.reason, stored.answer))
        return true;
    for (const auto& [sequence, failures] : entry.failures)
      for (const FailedAttempt& attempt : failures.attempts)
        if (has(attempt.text)) return true;
  }
  for (const auto& [id, snapshot] : snapshots)
    if (has(snapshot.text)) return true;
  for (const auto& [name, value] : known)
    if (has(std::get<2>(name), std::get<3>(name), value)) return true;
  return std::any_of(audit.begin(), audit.end(),
                     [&](const AuditEntry& entry) { return has(entry.who, entry.what, entry.target, entry.detail); });
}

MemoryLane* MemoryDisk::lane(std::int64_t id) {
  const auto at = lanes.find(id);
  return at == lanes.end() ? nullptr : &at->second;
}

MemoryLane* MemoryDisk::lane_of_key(const std::string& key) {
  const auto at = lanes_by_key.find(key);
  return at == lanes_by_key.end() ? nullptr : lane(at->second);
}

const Tool* MemoryDisk::tool(const Locator& locator) const {
  const auto at = tools.find(locator);
  return at == tools.end() ? nullptr : &at->second;
}

const std::set<std::int64_t>& MemoryDisk::lanes_to(const Locator& tool) const {
  static const std::set<std::int64_t> kNone;
  const auto at = lanes_by_tool_.find(tool);
  return at == lanes_by_tool_.end() ? kNone : at->second;
}

StoredEvent* MemoryDisk::event(const Place& place) {
  MemoryLane* const in = lane(place.lane);
  if (in == nullptr) return nullptr;
  const auto at = in->events.find(place.sequence);
  return at == in->events.end() ? nullptr : &at->second;
}

MemoryLane& MemoryDisk::add_lane(const std::string& key, const Locator& own, const Locator& tool, std::int64_t epoch,
                                 const std::string& split) {
  const std::int64_t id = lanes.empty() ? 1 : lanes.rbegin()->first + 1;
  MemoryLane& made = lanes[id];
  made.lane.id = id;
  made.lane.key = key;
  made.lane.tool = tool;
  made.own = own;
  made.siblings = &siblings[own];
  made.siblings->lanes.insert(id);
  lanes_by_key[key] = id;
  lanes_by_tool_[tool].insert(id);
  set_epoch(made, epoch, split);
  return made;
}

void MemoryDisk::drop_lane(MemoryLane& lane) {
  const std::int64_t id = lane.lane.id;
  set_waiting(lane, 0);
  lane.siblings->idle_free.erase(id);
  lane.siblings->lanes.erase(id);
  lanes_by_tool_[lane.lane.tool].erase(id);
  lanes_by_key.erase(lane.lane.key);
  lanes.erase(id);
}

void MemoryDisk::rename_lane(MemoryLane& lane, const std::string& key) {
  lanes_by_key.erase(lane.lane.key);
  lane.lane.key = key;
  lanes_by_key[key] = lane.lane.id;
}

void MemoryDisk::give_lane(MemoryLane& lane, const Locator& tool) {
  lanes_by_tool_[lane.lane.tool].erase(lane.lane.id);
  lanes_by_tool_[tool].insert(lane.lane.id);
  lane.lane.tool = tool;
}

void MemoryDisk::set_epoch(MemoryLane& lane, std::int64_t epoch, const std::string& split) {
  const std::int64_t waiting = lane.lane.waiting;
  set_waiting(lane, 0);
  lane.siblings->idle_free.erase(lane.lane.id);
  lane.lane.epoch = epoch;
  lane.lane.split = split;
  lane.lane.waiting = waiting;
  index(lane);
}

void MemoryDisk::set_waiting(MemoryLane& lane, std::int64_t waiting) {
  const bool moves = (lane.lane.waiting > 0) != (waiting > 0);
  lane.lane.waiting = waiting;
  if (moves) index(lane);
}

void MemoryDisk::index(MemoryLane& lane) {
  MemorySiblings& all = *lane.siblings;
  const std::int64_t id = lane.lane.id;
  if (lane.lane.waiting > 0) {
    all.waiting[lane.lane.epoch].insert(id);
    all.idle_free.erase(id);
    return;
  }
  if (const auto at = all.waiting.find(lane.lane.epoch); at != all.waiting.end()) {
    at->second.erase(id);
    if (at->second.empty()) all.waiting.erase(at);
  }
  if (lane.lane.split == "none") all.idle_free.insert(id);
}

std::int64_t MemoryDisk::first_pending(MemoryLane& lane) {
  if (lane.lane.waiting == 0) return 0;
  auto at = lane.events.lower_bound(lane.head);
  while (at != lane.events.end() && at->second.state != EventState::pending) ++at;
  if (at == lane.events.end()) return 0;
  lane.head = at->first;
  return lane.head;
}

void MemoryDisk::add_event(MemoryLane& lane, StoredEvent event, const std::string& settings) {
  if (!settings.empty()) {
    if (const auto at = lane.snapshots.find(settings); at != lane.snapshots.end()) {
      event.snapshot = at->second;
    } else {
      event.snapshot = ++last_snapshot_;
      MemorySnapshot& made = snapshots[event.snapshot];
      made.text = settings;
      made.lane = lane.lane.id;
      lane.snapshots.emplace(made.text, event.snapshot);
    }
    ++snapshots[event.snapshot].uses;
  }
  const Place place = event.place;
  keys[event.event.id] = place;
  lane.events.insert_or_assign(lane.events.end(), place.sequence, std::move(event));
  lane.lane.last_sequence = place.sequence;
  set_waiting(lane, lane.lane.waiting + 1);
}

void MemoryDisk::drop_event(MemoryLane& lane, std::int64_t sequence) {
  const auto at = lane.events.find(sequence);
  release_settings(at->second);
  lane.events.erase(at);
}

void MemoryDisk::release_settings(StoredEvent& event) {
  if (event.snapshot == 0) return;
  const auto at = snapshots.find(event.snapshot);
  event.snapshot = 0;
  if (--at->second.uses > 0) return;
  lane(at->second.lane)->snapshots.erase(at->second.text);
  snapshots.erase(at);
}

void MemoryDisk::add_crossing(MemoryLane& lane, std::int64_t sequence, MemoryLane& other, std::int64_t after) {
  lane.crossings[sequence] = {other.lane.id, after};
  lane.crossed.insert(other.lane.id);
  other.crossed_by.emplace(after, lane.lane.id, sequence);
}

void MemoryDisk::drop_crossing(MemoryLane& lane, std::int64_t sequence) {
  const auto at = lane.crossings.find(sequence);
  if (at == lane.crossings.end()) return;
  lanes.at(at->second.lane).crossed_by.erase({at->second.after, lane.lane.id, sequence});
  lane.crossings.erase(at);
}

void MemoryDisk::settle(MemoryLane& lane, StoredEvent& event, EventState state, const std::string& reason,
                        const std::string& answer, std::int64_t at_ms) {
  const std::int64_t sequence = event.place.sequence;
  if (event.state == EventState::pending) {
    if (!lane.crossings.empty()) drop_crossing(lane, sequence);
    if (!lane.leases.empty()) lane.leases.erase(sequence);
    set_waiting(lane, lane.lane.waiting - 1);
  }
  if (state != EventState::parked && !lane.failures.empty()) lane.failures.erase(sequence);
  event.state = state;
  event.reason = reason;
  event.answer = answer;
  event.settled_at_ms = at_ms > 0 ? at_ms : 1;
  event.walks = std::max<std::int64_t>(lane.lane.last_walk.ordinal - event.walks_before, 0);
}

void MemoryDisk::move_mark(MemoryLane& lane, std::int64_t to, std::int64_t at_ms, std::vector<std::int64_t>* advanced) {
  if (to <= lane.lane.mark) return;
  const auto end = lane.events.upper_bound(to);
  for (auto at = lane.events.upper_bound(lane.lane.mark); at != end; ++at)
    if (at->second.state == EventState::pending) {
      settle(lane, at->second, EventState::delivered, {}, {}, at_ms);
      if (advanced != nullptr) advanced->push_back(at->first);
    }
  lane.lane.mark = to;
  if (lane.reached <= to) lane.reached = 0;
  // Of a request that was not answered, what is left goes out together again.
  std::int64_t& kept_from = lane.lane.kept_from;
  if (lane.lane.kept_through <= to) lane.lane.kept_through = 0;
  if (kept_from != 0) kept_from = lane.lane.kept_through == 0 ? 0 : std::max(kept_from, to + 1);
}

void MemoryDisk::end_advance(MemoryLane& lane, std::int64_t at_ms) {
  for (const std::int64_t sequence : lane.advanced)
    if (const auto at = lane.events.find(sequence); at != lane.events.end())
      at->second.settled_at_ms = std::max<std::int64_t>(at_ms, 1);
  lane.advanced.clear();
}

}  // namespace ptb::test
