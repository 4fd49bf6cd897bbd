// What a MemoryStore keeps: the durable state of a store, as plain values. It outlives the store that is opened on it,
// as a file would. Knows how its lines and their indexes hang together; must not know of transactions.
#pragma once

#include <boost/functional/hash.hpp>
#include <boost/uuid/uuid_hash.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/store.h"

namespace ptb::test {

/// The event that has it goes after everything in `lane` up to `after`, and before what comes behind that.
struct MemoryCrossing {
  std::int64_t lane = 0;
  std::int64_t after = 0;
};

struct MemoryLease {
  std::string token;
  std::int64_t until_ms = 0;
};

struct MemoryFailures {
  Failures seen;
  std::vector<FailedAttempt> attempts;  ///< the first, and the last 19
};

/// Of an event that is gone.
struct MemoryKey {
  EventId id{};
  std::int64_t captured_at_ms = 0;
};

/// Settings that events of one lane share.
struct MemorySnapshot {
  std::string text;
  std::int64_t lane = 0;
  std::int64_t uses = 0;
};

/// The lanes of one own locator.
struct MemorySiblings {
  std::set<std::int64_t> lanes;
  std::map<std::int64_t, std::set<std::int64_t>> waiting;  ///< epoch → lanes of it in which something waits
  std::set<std::int64_t> idle_free;                        ///< lanes of split "none" in which nothing waits
  std::int64_t epoch = 0;                                  ///< the newest, …
  std::string split;                                       ///< … and how it splits
  std::int64_t last_free = 0;                              ///< number of the last lane made for split "none"
};

struct MemoryLane {
  Lane lane;
  Locator own;                         ///< the locator under which its events were captured
  MemorySiblings* siblings = nullptr;  ///< of that locator
  std::int64_t reached = 0;            ///< highest sequence that walks since the mark moved last may have sent
  std::int64_t head = 1;               ///< nothing before it is pending
  std::vector<std::int64_t>
      advanced;  ///< delivered by the walk under way: at its start, and at its end once it has one
  std::map<std::int64_t, StoredEvent> events;
  std::map<std::int64_t, MemoryKey> spent;           ///< keys of events that are gone
  std::map<std::int64_t, MemoryCrossing> crossings;  ///< of pending events of this lane
  /// Pending events of other lanes that cross this one: `after` in it, their lane, their sequence.
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> crossed_by;
  std::set<std::int64_t> crossed;  ///< lanes that events of this one have ever crossed
  std::map<std::int64_t, MemoryLease> leases;
  std::map<std::int64_t, MemoryFailures> failures;
  std::unordered_map<std::string_view, std::int64_t> snapshots;  ///< text → id

  /// nullptr: nobody ever took that event, or it was given back.
  [[nodiscard]] const MemoryLease* lease_of(std::int64_t sequence) const {
    const auto at = leases.find(sequence);
    return at == leases.end() ? nullptr : &at->second;
  }
};

class MemoryDisk {
 public:
  explicit MemoryDisk(Random& random);
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  /// Some text on it has these bytes.
  [[nodiscard]] bool holds(const std::string& text) const;

  [[nodiscard]] MemoryLane* lane(std::int64_t id);
  [[nodiscard]] MemoryLane* lane_of_key(const std::string& key);
  [[nodiscard]] const Tool* tool(const Locator& locator) const;
  /// Ids of the lanes that are delivered to that tool, ascending.
  [[nodiscard]] const std::set<std::int64_t>& lanes_to(const Locator& tool) const;
  [[nodiscard]] StoredEvent* event(const Place& place);

  MemoryLane& add_lane(const std::string& key, const Locator& own, const Locator& tool, std::int64_t epoch,
                       const std::string& split);
  void drop_lane(MemoryLane& lane);
  void rename_lane(MemoryLane& lane, const std::string& key);
  void give_lane(MemoryLane& lane, const Locator& tool);
  void set_epoch(MemoryLane& lane, std::int64_t epoch, const std::string& split);
  void set_waiting(MemoryLane& lane, std::int64_t waiting);
  /// The first pending sequence; 0: nothing waits.
  std::int64_t first_pending(MemoryLane& lane);

  /// Appends; the event has its place already.
  void add_event(MemoryLane& lane, StoredEvent event, const std::string& settings);
  /// With its settings, where nobody shares them; its key stays.
  void drop_event(MemoryLane& lane, std::int64_t sequence);
  void release_settings(StoredEvent& event);
  void add_crossing(MemoryLane& lane, std::int64_t sequence, MemoryLane& other, std::int64_t after);
  void drop_crossing(MemoryLane& lane, std::int64_t sequence);
  /// Out of the line, if it was in it, with what only those in it have.
  void settle(MemoryLane& lane, StoredEvent& event, EventState state, const std::string& reason,
              const std::string& answer, std::int64_t at_ms);
  /// What is pending up to `to` was acknowledged. `advanced`, where given, is told of each.
  void move_mark(MemoryLane& lane, std::int64_t to, std::int64_t at_ms, std::vector<std::int64_t>* advanced = nullptr);
  /// The walk that had these delivered has ended, or is known to have been cut off.
  void end_advance(MemoryLane& lane, std::int64_t at_ms);

  StoreIdentity identity;
  std::map<Locator, Tool> tools;
  std::map<Locator, std::string> policies;
  std::map<std::int64_t, MemoryLane> lanes;
  std::map<std::string, std::int64_t, std::less<>> lanes_by_key;
  std::map<Locator, MemorySiblings> siblings;
  std::unordered_map<EventId, Place, boost::hash<EventId>> keys;
  std::unordered_map<std::int64_t, MemorySnapshot> snapshots;
  std::map<std::tuple<Locator, std::string, std::string, std::string>, std::string> known;
  std::vector<AuditEntry> audit;
  std::set<Locator> watched;

 private:
  void index(MemoryLane& lane);

  std::map<Locator, std::set<std::int64_t>> lanes_by_tool_;
  std::int64_t last_snapshot_ = 0;
};

}  // namespace ptb::test
