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

bool is_known_kind(const std::string& what) {
  return what == "setting:system" || what == "setting:course" || what == "setting:content" || what == "item";
}

bool is_token(const std::string& token) {
  return token.size() == 32 && token.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool may_be_pulled(const Lane& lane, bool is_tool_suspended) {
  if (lane.waiting == 0 || !lane.released || lane.hold == LaneHold::held) return false;
  return is_tool_suspended || lane.hold != LaneHold::none;
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
  if (!is_known_kind(known.what))
    return fail(Status::argument,
                fmt::format("'{}' is nothing that can be known: write setting:system, setting:course, setting:content "
                            "or item",
                            printable(known.what, 40)));
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
  if (limit < 1 || !is_token(token) || until_ms <= now_ms)
    return fail(Status::argument, "a lease wants at least one event, a token of 32 hex digits and an end to come");
  const std::lock_guard guard(mutex_);
  fault_point("store.take.begin");
  Lease taken{token, until_ms, {}};
  const std::size_t most = page_size(limit);
  const Tool* const installed = disk_.tool(tool);
  const bool is_suspended = installed != nullptr && !installed->suspended.empty();
  for (const std::int64_t id : disk_.lanes_to(tool)) {
    const MemoryLane& entry = *disk_.lane(id);
    if (!may_be_pulled(entry.lane, is_suspended) || walked_here_.contains(id) || waits_for_epoch(entry)) continue;
    const std::int64_t last = crossing_reach(entry);
    for (auto at = entry.events.lower_bound(entry.head); at != entry.events.end() && at->first <= last; ++at) {
      if (taken.events.size() == most) break;
      if (at->second.state != EventState::pending) continue;
      const auto lease = entry.leases.find(at->first);
      if (lease == entry.leases.end() || lease_is_over(lease->second.until_ms, now_ms))
        taken.events.push_back(as_read(entry, at->second, true));
    }
  }
  fault_point("store.take.before_commit");
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
  MemoryLane* const entry = event == nullptr ? nullptr : disk_.lane(event->place.lane);
  const MemoryLease* const held = entry == nullptr ? nullptr : entry->lease_of(event->place.sequence);
  if (held == nullptr || held->token != token || held->until_ms <= now_ms)
    return fail(Status::refused, fmt::format("event {} is not in the hands of whoever holds this token, or not any "
                                             "more: take it again",
                                             to_text(id)));
  fault_point("store.end_lease.before_commit");
  entry->leases.erase(event->place.sequence);
  if (acknowledged) disk_.settle(*entry, *event, EventState::delivered, {}, {}, now_ms);
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
