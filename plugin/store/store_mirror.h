// Lanes and tools in memory, as the file has them: what capture asks without reading. Knows nothing of SQL, and nothing
// of transactions: those collect their changes in a Draft.
#pragma once

#include <boost/functional/hash.hpp>
#include <boost/uuid/uuid_hash.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "core/store.h"

namespace ptb {

/// Whether a lane of a shared store is to be walked by whichever node can: something came in that its captor does not
/// send, or its walker is gone; again: its tool was saved while another node walked it.
enum class Wanted : std::uint8_t { no = 0, yes = 1, again = 2 };

/// A lane and what of it the port does not show.
struct MirrorLane {
  Lane lane;
  Locator own_locator;            ///< of its key
  std::int64_t reached = 0;       ///< highest sequence that walks since the mark moved last may have sent
  std::int64_t keyed = 0;         ///< events up to this sequence have their keys in event_key
  std::int64_t oldest_at = 0;     ///< capture of its first waiting event; 0: not looked up yet
  std::int64_t leases = 0;        ///< rows of lease, also of those that are over
  std::int64_t leased_until = 0;  ///< none of them ends before; 0: not known
  bool walked_here = false;       ///< its last walk was begun by this process and has not ended
  bool crossed = false;           ///< there may be rows of crossing that name it or an event of it
  bool failed = false;            ///< there may be rows of failure for events of it
  std::int64_t holder = 0;        ///< of a shared store: the node that walks it; 0: none does
  Wanted wanted = Wanted::no;     ///< of a shared store

  /// By this process or another; one that is gone holds it until somebody has noticed.
  [[nodiscard]] bool is_walked() const { return walked_here || holder != 0; }
  /// Nobody would notice if it became another event's own lane.
  [[nodiscard]] bool is_idle_free() const {
    return lane.split == "none" && lane.waiting == 0 && lane.hold == LaneHold::none &&
           (lane.last_walk.ordinal == 0 || lane.last_walk.ended_at_ms != 0);
  }
  /// So many of its events have been settled: its oldest one may be another now.
  void settled(std::int64_t events) {
    lane.waiting -= events;
    oldest_at = 0;
  }
};

/// The lanes of one own locator.
struct Family {
  std::set<std::int64_t> lanes;
  std::map<std::int64_t, std::set<std::int64_t>> waiting;  ///< those in which something waits, by epoch
  std::set<std::int64_t> idle_free;                        ///< see MirrorLane::is_idle_free
  std::int64_t free_lanes = 0;                             ///< that were ever made
  std::int64_t epoch = 0;                                  ///< the highest, …
  std::string split;                                       ///< … and how its lanes split the events
  Locator tool;                                            ///< whom all of them are delivered to

  /// Something waits in a lane of an earlier epoch.
  [[nodiscard]] bool waits_before(std::int64_t some_epoch) const {
    return !waiting.empty() && waiting.begin()->first < some_epoch;
  }
};

/// The lanes that one tool is delivered.
struct ToolLanes {
  std::set<std::int64_t> lanes;
  std::int64_t waiting = 0;        ///< events
  std::int64_t waiting_lanes = 0;  ///< lanes in which something waits
};

/// Of a shared store: how often what belongs to a locator has been changed, as far as this mirror has it.
struct FamilyVersion {
  std::int64_t version = 0;
  std::int64_t tool_version = 0;  ///< the version that last changed the tool or its policy
};

/// Where events were put whose keys are not in event_key yet: event id → place number.
using UnenteredKeys = std::unordered_map<EventId, std::int64_t, boost::hash<EventId>>;

class Mirror {
 public:
  [[nodiscard]] const MirrorLane* lane(std::int64_t id) const;
  [[nodiscard]] const MirrorLane* lane_of_key(const std::string& key) const;
  [[nodiscard]] const std::map<std::int64_t, MirrorLane>& lanes() const { return lanes_; }
  /// nullptr: nothing was ever captured under that locator.
  [[nodiscard]] const Family* family(const Locator& own) const;
  /// The lanes that are delivered to that tool, ids ascending.
  [[nodiscard]] const ToolLanes& lanes_to(const Locator& tool) const;
  [[nodiscard]] const Tool* tool(const Locator& locator) const;
  [[nodiscard]] const std::map<Locator, Tool>& tools() const { return tools_; }
  [[nodiscard]] const StoreIdentity& identity() const { return identity_; }
  [[nodiscard]] const UnenteredKeys& unentered_keys() const { return unentered_keys_; }

  void put(MirrorLane lane);
  void put(Tool tool);
  void drop(const Locator& tool);
  void put(StoreIdentity identity) { identity_ = std::move(identity); }
  /// False: there was one already.
  bool put_key(const EventId& id, std::int64_t place) { return unentered_keys_.emplace(id, place).second; }
  void clear_unentered_keys() { unentered_keys_.clear(); }
  [[nodiscard]] const std::map<Locator, FamilyVersion>& versions() const { return versions_; }
  [[nodiscard]] FamilyVersion version(const Locator& locator) const {
    const auto at = versions_.find(locator);
    return at == versions_.end() ? FamilyVersion{} : at->second;
  }
  void put(const Locator& locator, FamilyVersion version) { versions_[locator] = version; }
  /// What was looked up of a lane in which something waits.
  void remember_oldest(std::int64_t lane, std::int64_t captured_at_ms) { lanes_.at(lane).oldest_at = captured_at_ms; }

 private:
  friend class Draft;
  void enter_family(const MirrorLane* before, const MirrorLane& lane);
  void enter_tool(const MirrorLane* before, const MirrorLane& lane);

  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> by_key_;
  std::map<Locator, Family> families_;
  std::map<Locator, ToolLanes> by_tool_;
  std::map<Locator, Tool> tools_;
  StoreIdentity identity_;
  UnenteredKeys unentered_keys_;
  std::map<Locator, FamilyVersion> versions_;
};

}  // namespace ptb
