// Reading events from MemoryStore.
#include <fmt/format.h>

#include <algorithm>

#include "support/memory_store.h"

namespace ptb::test {

namespace {

constexpr std::int64_t kPageLimit = 1000;

std::size_t page_size(std::int64_t asked) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(asked, 1, kPageLimit));
}

bool is_chosen(EventState state, EventFilterState wanted) {
  switch (wanted) {
    case EventFilterState::any: return true;
    case EventFilterState::pending: return state == EventState::pending;
    case EventFilterState::delivered: return state == EventState::delivered;
    case EventFilterState::refused: return state == EventState::refused;
    case EventFilterState::parked: return state == EventState::parked;
    case EventFilterState::discarded: return state == EventState::discarded;
  }
  return false;
}

tl::unexpected<Error> no_lane(std::int64_t id) {
  return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", id));
}

}  // namespace

StoredEvent MemoryStore::as_read(const MemoryLane& lane, const StoredEvent& event, bool with_settings) const {
  StoredEvent read = event;
  if (read.state == EventState::pending) read.walks = lane.lane.last_walk.ordinal - read.walks_before;
  if (with_settings && read.snapshot != 0) read.settings = disk_.snapshots.at(read.snapshot).text;
  return read;
}

void MemoryStore::append_pending(const MemoryLane& lane, std::int64_t after, std::int64_t through, std::size_t limit,
                                 std::vector<StoredEvent>& found) const {
  for (auto at = lane.events.lower_bound(std::max(after + 1, lane.head)); at != lane.events.end(); ++at) {
    if (at->first > through || found.size() == limit) return;
    if (at->second.state == EventState::pending) found.push_back(as_read(lane, at->second, true));
  }
}

Result<std::vector<StoredEvent>> MemoryStore::read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                           int limit) {
  const std::lock_guard guard(mutex_);
  const MemoryLane* const found = disk_.lane(lane);
  if (found == nullptr) return no_lane(lane);
  std::vector<StoredEvent> events;
  append_pending(*found, after, through, page_size(limit), events);
  return events;
}

Result<std::optional<StoredEvent>> MemoryStore::find(const EventId& id) {
  const std::lock_guard guard(mutex_);
  const auto place = disk_.keys.find(id);
  if (place == disk_.keys.end()) return std::optional<StoredEvent>();
  const StoredEvent* const event = disk_.event(place->second);
  if (event == nullptr) return std::optional<StoredEvent>();
  return std::optional<StoredEvent>(as_read(*disk_.lane(place->second.lane), *event, false));
}

Result<std::optional<StoredEvent>> MemoryStore::first_waiting(std::int64_t lane) {
  const std::lock_guard guard(mutex_);
  MemoryLane* const found = disk_.lane(lane);
  if (found == nullptr) return no_lane(lane);
  const std::int64_t head = disk_.first_pending(*found);
  if (head == 0) return std::optional<StoredEvent>();
  return std::optional<StoredEvent>(as_read(*found, found->events.at(head), true));
}

Result<std::string> MemoryStore::settings(std::int64_t snapshot) {
  const std::lock_guard guard(mutex_);
  if (snapshot == 0) return std::string();
  const auto found = disk_.snapshots.find(snapshot);
  if (found == disk_.snapshots.end()) return fail(Status::not_found, fmt::format("there is no snapshot {}", snapshot));
  return found->second.text;
}

Result<std::vector<StoredEvent>> MemoryStore::list(const EventFilter& filter) {
  const std::lock_guard guard(mutex_);
  std::set<std::int64_t> chosen;
  if (filter.tool) {
    chosen = disk_.lanes_to(*filter.tool);
    if (const auto own = disk_.siblings.find(*filter.tool); own != disk_.siblings.end())
      chosen.insert(own->second.lanes.begin(), own->second.lanes.end());
  }
  const std::size_t limit = page_size(filter.limit);
  const Place after = filter.after.value_or(Place{});
  std::vector<StoredEvent> found;
  for (auto at = disk_.lanes.lower_bound(after.lane); at != disk_.lanes.end(); ++at) {
    if (filter.tool && !chosen.contains(at->first)) continue;
    const MemoryLane& entry = at->second;
    std::int64_t from = at->first == after.lane ? after.sequence + 1 : 1;
    if (filter.state == EventFilterState::pending) from = std::max(from, entry.head);
    for (auto event = entry.events.lower_bound(from); event != entry.events.end(); ++event) {
      if (found.size() == limit) return found;
      if (is_chosen(event->second.state, filter.state)) found.push_back(as_read(entry, event->second, false));
    }
  }
  return found;
}

}  // namespace ptb::test
