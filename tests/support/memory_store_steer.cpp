// Policies, known values, pulling, and what people did: the parts of MemoryStore by which delivery is steered.
#include <fmt/format.h>

#include <algorithm>

#include "core/fault_point.h"
#include "support/memory_store.h"

namespace ptb::test {

namespace {

constexpr int kPageLimit = 1000;

std::size_t page_size(int asked) { return static_cast<std::size_t>(std::clamp(asked, 1, kPageLimit)); }

std::tuple<Locator, std::string, std::string, std::string> name_of(const KnownValue& known) {
  return {known.tool, known.what, known.whose, known.key};
}

bool may_be_pulled(const Lane& lane, const Tool* tool) {
  if (lane.hold == LaneHold::suspended || lane.hold == LaneHold::queued) return true;
  return lane.hold == LaneHold::none && tool != nullptr && !tool->suspended.empty();
}

}  // namespace

Result<void> MemoryStore::put_policy(const Locator& locator, const std::string& document) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_policy.begin");
  fault_point("store.put_policy.before_commit");
  if (document.empty())
    disk_.policies.erase(locator);
  else
    disk_.policies[locator] = document;
  fault_point("store.put_policy.after_commit");
  return {};
}

Result<std::vector<std::pair<Locator, std::string>>> MemoryStore::policies() {
  const std::lock_guard guard(mutex_);
  return std::vector<std::pair<Locator, std::string>>(disk_.policies.begin(), disk_.policies.end());
}

Result<void> MemoryStore::put_known(const KnownValue& known, std::int64_t /*now_ms*/) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_known.begin");
  fault_point("store.put_known.before_commit");
  disk_.known[name_of(known)] = known.value;
  fault_point("store.put_known.after_commit");
  return {};
}

Result<std::optional<std::string>> MemoryStore::known(const KnownValue& asked) {
  const std::lock_guard guard(mutex_);
  const auto found = disk_.known.find(name_of(asked));
  return found == disk_.known.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
}

Result<Lease> MemoryStore::take(const Locator& tool, int limit, const std::string& token, std::int64_t until_ms,
                                std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.take.begin");
  Lease taken;
  const std::size_t most = page_size(limit);
  const Tool* const installed = disk_.tool(tool);
  for (const std::int64_t id : disk_.lanes_to(tool)) {
    const MemoryLane& entry = *disk_.lane(id);
    if (entry.lane.waiting == 0 || !may_be_pulled(entry.lane, installed)) continue;
    for (auto at = entry.events.lower_bound(entry.head); at != entry.events.end() && taken.events.size() < most; ++at) {
      if (at->second.state != EventState::pending) continue;
      const auto lease = entry.leases.find(at->first);
      if (lease == entry.leases.end() || lease->second.until_ms <= now_ms)
        taken.events.push_back(as_read(entry, at->second, true));
    }
  }
  if (taken.events.empty()) return taken;
  fault_point("store.take.before_commit");
  taken.token = token;
  taken.until_ms = until_ms;
  for (const StoredEvent& event : taken.events)
    disk_.lane(event.place.lane)->leases[event.place.sequence] = {token, until_ms};
  fault_point("store.take.after_commit");
  return taken;
}

Result<void> MemoryStore::end_lease(const EventId& id, const std::string& token, bool acknowledged,
                                    std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.end_lease.begin");
  const auto key = disk_.keys.find(id);
  StoredEvent* const event = key == disk_.keys.end() ? nullptr : disk_.event(key->second);
  if (event == nullptr) return fail(Status::not_found, fmt::format("there is no event {}", to_text(id)));
  MemoryLane& entry = *disk_.lane(event->place.lane);
  const auto lease = entry.leases.find(event->place.sequence);
  if (lease == entry.leases.end() || lease->second.token != token || lease->second.until_ms <= now_ms)
    return fail(Status::refused,
                fmt::format("event {} is not held under that token any more: take it again", to_text(id)));
  fault_point("store.end_lease.before_commit");
  entry.leases.erase(lease);
  if (acknowledged) disk_.settle(entry, *event, EventState::delivered, {}, {}, now_ms);
  fault_point("store.end_lease.after_commit");
  return {};
}

Result<void> MemoryStore::put_audit(const AuditEntry& entry) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_audit.begin");
  fault_point("store.put_audit.before_commit");
  disk_.audit.push_back(entry);
  disk_.audit.back().number = static_cast<std::int64_t>(disk_.audit.size());
  fault_point("store.put_audit.after_commit");
  return {};
}

Result<std::vector<AuditEntry>> MemoryStore::audit(std::int64_t after, int limit) {
  const std::lock_guard guard(mutex_);
  const auto size = static_cast<std::int64_t>(disk_.audit.size());
  const std::int64_t first = std::clamp<std::int64_t>(after, 0, size);
  const std::int64_t last = std::min(size, first + static_cast<std::int64_t>(page_size(limit)));
  return std::vector<AuditEntry>(disk_.audit.begin() + first, disk_.audit.begin() + last);
}

Result<void> MemoryStore::put_watch(const Locator& tool, bool raised) {
  const std::lock_guard guard(mutex_);
  fault_point("store.put_watch.begin");
  fault_point("store.put_watch.before_commit");
  if (raised)
    disk_.watched.insert(tool);
  else
    disk_.watched.erase(tool);
  fault_point("store.put_watch.after_commit");
  return {};
}

Result<bool> MemoryStore::watch_raised(const Locator& tool) {
  const std::lock_guard guard(mutex_);
  return disk_.watched.contains(tool);
}

}  // namespace ptb::test
