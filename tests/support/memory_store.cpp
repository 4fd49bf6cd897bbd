// Identity, tools and lanes of MemoryStore.
#include "support/memory_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/fault_point.h"

namespace ptb::test {

namespace {

tl::unexpected<Error> no_lane(std::int64_t id) {
  return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", id));
}

tl::unexpected<Error> not_installed(const Locator& locator) {
  return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
}

}  // namespace

MemoryStore::Condition MemoryStore::condition_of(const Tool* tool) {
  if (tool == nullptr) return Condition::not_installed;
  return tool->state == ToolState::available ? Condition::available : Condition::not_available;
}

StoreIdentity MemoryStore::identity() {
  const std::lock_guard guard(mutex_);
  return disk_.identity;
}

Result<void> MemoryStore::put_generation(const std::string& generation, std::uint64_t high_water) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_generation.begin");
  fault_point("store.put_generation.before_commit");
  disk_.identity.generation = generation;
  disk_.identity.high_water = high_water;
  fault_point("store.put_generation.after_commit");
  return {};
}

Result<void> MemoryStore::put_tool(const Tool& tool, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_tool.begin");
  fault_point("store.put_tool.before_commit");
  const Tool* const before = disk_.tool(tool.locator);
  if (condition_of(before) != condition_of(&tool))
    for (const std::int64_t id : disk_.lanes_to(tool.locator)) disk_.lane(id)->lane.condition_since_ms = now_ms;
  const std::string suspended = before == nullptr ? std::string() : before->suspended;
  Tool& kept = disk_.tools[tool.locator];
  kept = tool;
  kept.suspended = suspended;
  fault_point("store.put_tool.after_commit");
  return {};
}

Result<void> MemoryStore::remove_tool(const Locator& locator, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.remove_tool.begin");
  const Tool* const found = disk_.tool(locator);
  if (found == nullptr) return not_installed(locator);
  fault_point("store.remove_tool.before_commit");
  const Condition before = condition_of(found);
  disk_.tools.erase(locator);
  const std::set<std::int64_t> lanes = disk_.lanes_to(locator);
  for (const std::int64_t id : lanes) {
    MemoryLane& entry = *disk_.lane(id);
    disk_.give_lane(entry, entry.own);
    if (entry.lane.waiting > 0) entry.lane.released = false;
    if (condition_of(disk_.tool(entry.own)) != before) entry.lane.condition_since_ms = now_ms;
  }
  fault_point("store.remove_tool.after_commit");
  return {};
}

Result<std::optional<Tool>> MemoryStore::tool(const Locator& locator) {
  const std::lock_guard guard(mutex_);
  const Tool* const found = disk_.tool(locator);
  return found == nullptr ? std::optional<Tool>() : std::optional<Tool>(*found);
}

Result<std::vector<Tool>> MemoryStore::tools() {
  const std::lock_guard guard(mutex_);
  std::vector<Tool> all;
  for (const auto& [locator, tool] : disk_.tools) all.push_back(tool);
  return all;
}

Result<void> MemoryStore::claim(const Locator& from, const Locator& to, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.claim.begin");
  const auto own = disk_.siblings.find(from);
  if (own == disk_.siblings.end() || own->second.lanes.empty())
    return fail(Status::not_found, fmt::format("nothing was ever captured for {}: list the lanes", to_text(from)));
  if (disk_.tool(from) != nullptr)
    return fail(Status::refused,
                fmt::format("tool {} is installed and keeps its own events: remove it first", to_text(from)));
  const Tool* const heir = disk_.tool(to);
  if (heir == nullptr) return not_installed(to);
  fault_point("store.claim.before_commit");
  for (const std::int64_t id : own->second.lanes) {
    MemoryLane& entry = *disk_.lane(id);
    if (condition_of(disk_.tool(entry.lane.tool)) != condition_of(heir)) entry.lane.condition_since_ms = now_ms;
    disk_.give_lane(entry, to);
    entry.lane.released = false;
    entry.lane.stopping_sequence = 0;
    entry.lane.stopping_count = 0;
  }
  fault_point("store.claim.after_commit");
  return {};
}

Result<std::vector<Lane>> MemoryStore::lanes() {
  const std::lock_guard guard(mutex_);
  std::vector<Lane> all;
  all.reserve(disk_.lanes_by_key.size());
  for (const auto& [key, id] : disk_.lanes_by_key) all.push_back(disk_.lane(id)->lane);
  return all;
}

Result<Lane> MemoryStore::lane(std::int64_t id) {
  const std::lock_guard guard(mutex_);
  const MemoryLane* const found = disk_.lane(id);
  if (found == nullptr) return no_lane(id);
  return found->lane;
}

Result<std::vector<Lane>> MemoryStore::lanes_of(const Locator& tool) {
  const std::lock_guard guard(mutex_);
  std::vector<Lane> found;
  for (const std::int64_t id : disk_.lanes_to(tool)) found.push_back(disk_.lane(id)->lane);
  return found;
}

Result<void> MemoryStore::hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) {
  const std::lock_guard guard(mutex_);
  fault_point("store.hold_lane.begin");
  MemoryLane* const found = disk_.lane(id);
  if (found == nullptr) return no_lane(id);
  fault_point("store.hold_lane.before_commit");
  found->lane.hold = hold;
  found->lane.hold_reason = hold == LaneHold::none ? "" : reason;
  fault_point("store.hold_lane.after_commit");
  return {};
}

Result<Backlog> MemoryStore::backlog(const Locator& tool) {
  const std::lock_guard guard(mutex_);
  Backlog all;
  for (const std::int64_t id : disk_.lanes_to(tool)) {
    MemoryLane& entry = *disk_.lane(id);
    const std::int64_t head = disk_.first_pending(entry);
    if (head == 0) continue;
    all.waiting += entry.lane.waiting;
    ++all.lanes;
    const std::int64_t captured = entry.events.at(head).event.captured_at_ms;
    all.oldest_at = all.oldest_at == 0 ? captured : std::min(all.oldest_at, captured);
  }
  return all;
}

}  // namespace ptb::test
