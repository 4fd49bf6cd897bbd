// Lanes and tools in memory, as the file has them: what capture asks without reading. Changes are collected in a Draft
// and taken over after the commit, so that a rollback leaves the mirror exactly as it was. Knows nothing of SQL.
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

/// A lane and what of it the port does not show.
struct MirrorLane {
  Lane lane;
  Locator own_locator;       ///< its key, read
  std::int64_t reached = 0;  ///< highest sequence that walks since the mark moved last may have sent
  std::int64_t keyed = 0;    ///< events up to this sequence have their keys in event_key
  bool walked_here = false;  ///< its last walk was begun by this process and has not ended
};

/// Where events were put whose keys are not in event_key yet: event id → place number.
using UnenteredKeys = std::unordered_map<EventId, std::int64_t, boost::hash<EventId>>;

class Mirror {
 public:
  [[nodiscard]] const MirrorLane* lane(std::int64_t id) const;
  [[nodiscard]] const MirrorLane* lane_of_key(const std::string& key) const;
  [[nodiscard]] const std::map<std::int64_t, MirrorLane>& lanes() const { return lanes_; }
  /// Ids of the lanes that are delivered to that tool, ascending.
  [[nodiscard]] std::set<std::int64_t> lanes_to(const Locator& tool) const;
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

 private:
  friend class Draft;
  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> by_key_;
  std::map<Locator, std::set<std::int64_t>> by_tool_;
  std::map<Locator, Tool> tools_;
  StoreIdentity identity_;
  UnenteredKeys unentered_keys_;
};

class Draft {
 public:
  explicit Draft(Mirror& mirror) : mirror_(mirror) {}
  /// The state before this transaction.
  [[nodiscard]] const Mirror& before() const { return mirror_; }
  /// The lane, to be changed: its own copy from the first call on. The lane must exist.
  MirrorLane& lane(std::int64_t id);
  /// The lane of that key, whether it existed before or was added in this transaction; nullptr where there is none.
  MirrorLane* lane_of_key(const std::string& key);
  MirrorLane& add(MirrorLane lane);
  /// The mark of a lane as this transaction has it.
  [[nodiscard]] std::int64_t mark(std::int64_t lane) const;
  void put(Tool tool) { tool_ = std::move(tool); }
  void drop(const Locator& tool) { dropped_ = tool; }
  void put(StoreIdentity identity) { identity_ = std::move(identity); }

  /// The place of the event with that id, where its key is not in event_key yet.
  [[nodiscard]] std::optional<std::int64_t> unentered_key(const EventId& id) const;
  void put_key(const EventId& id, std::int64_t place) { keys_.emplace(id, place); }
  /// The keys of all events before this transaction are in event_key now.
  void keys_entered() { keys_entered_ = true; }
  [[nodiscard]] bool has_entered_keys() const { return keys_entered_; }

  /// After the commit.
  void take_over();

 private:
  Mirror& mirror_;
  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> added_;
  std::optional<Tool> tool_;
  std::optional<Locator> dropped_;
  std::optional<StoreIdentity> identity_;
  UnenteredKeys keys_;
  bool keys_entered_ = false;
};

}  // namespace ptb
