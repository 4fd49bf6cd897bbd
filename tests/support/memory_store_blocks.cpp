// Which lanes of a MemoryStore wait for each other: those of a newer epoch for the older, and where an event belongs to
// two courses.
#include <fmt/format.h>

#include <algorithm>

#include "support/memory_store.h"

namespace ptb::test {

Result<std::optional<LaneBlock>> MemoryStore::block_of(std::int64_t lane, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  MemoryLane* const found = disk_.lane(lane);
  if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
  return blocked(*found, now_ms);
}

std::optional<LaneBlock> MemoryStore::blocked(MemoryLane& entry, std::int64_t now_ms) {
  const std::int64_t head = disk_.first_pending(entry);
  if (head == 0) return {};
  if (waits_for_epoch(entry)) return LaneBlock{*entry.siblings->waiting.begin()->second.begin(), 0, 0};
  if (!entry.crossed_by.empty()) {
    const auto& [after, lane, sequence] = *entry.crossed_by.begin();
    if (head > after) return LaneBlock{lane, sequence, 0};
  }
  if (const auto own = entry.crossings.find(head); own != entry.crossings.end() && is_crossing_blocked(own->second))
    return LaneBlock{own->second.lane, own->second.after, 0};
  LaneBlock held;
  for (const auto& [sequence, lease] : entry.leases)
    if (!lease_is_over(lease.until_ms, now_ms)) held.until_ms = std::max(held.until_ms, lease.until_ms);
  return held.until_ms == 0 ? std::optional<LaneBlock>() : held;
}

bool MemoryStore::is_crossing_blocked(const MemoryCrossing& crossing) {
  const std::int64_t head = disk_.first_pending(*disk_.lane(crossing.lane));
  return head != 0 && head <= crossing.after;
}

bool MemoryStore::waits_for_epoch(const MemoryLane& entry) {
  const auto& waiting = entry.siblings->waiting;
  return !waiting.empty() && waiting.begin()->first < entry.lane.epoch;
}

std::int64_t MemoryStore::crossing_reach(const MemoryLane& entry) {
  std::int64_t last = entry.lane.last_sequence;
  if (!entry.crossed_by.empty()) last = std::min(last, std::get<0>(*entry.crossed_by.begin()));
  for (const auto& [sequence, crossing] : entry.crossings) {
    if (sequence > last) break;
    if (is_crossing_blocked(crossing)) last = sequence - 1;
  }
  return last;
}

Result<std::vector<std::int64_t>> MemoryStore::lanes_behind(std::int64_t lane) {
  const std::lock_guard guard(mutex_);
  const MemoryLane* const found = disk_.lane(lane);
  if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
  std::set<std::int64_t> behind;
  // Lanes that are still behind others are named when the last of those has drained.
  for (const auto& [epoch, lanes] : found->siblings->waiting) {
    if (epoch > found->lane.epoch) behind = lanes;
    if (epoch > found->lane.epoch || lanes.size() > 1 || !lanes.contains(lane)) break;
  }
  const auto add = [&](std::int64_t id) {
    if (disk_.lane(id)->lane.waiting > 0) behind.insert(id);
  };
  for (const auto& [after, other, sequence] : found->crossed_by) add(other);
  for (const std::int64_t id : found->crossed) add(id);
  return std::vector<std::int64_t>(behind.begin(), behind.end());
}

}  // namespace ptb::test
