// Lanes and tools in memory, as the file has them: what capture asks without reading. Changes are collected in a Draft
// and taken over after the commit, so that a rollback leaves the mirror exactly as it was. Knows nothing of SQL.
#pragma once

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
  bool walked_here = false;  ///< its last walk was begun by this process and has not ended
};

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

  void put(MirrorLane lane);
  void put(Tool tool);
  void drop(const Locator& tool);
  void put(StoreIdentity identity) { identity_ = std::move(identity); }

 private:
  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> by_key_;
  std::map<Locator, std::set<std::int64_t>> by_tool_;
  std::map<Locator, Tool> tools_;
  StoreIdentity identity_;
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
  /// After the commit.
  void take_over();

 private:
  Mirror& mirror_;
  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> added_;
  std::optional<Tool> tool_;
  std::optional<Locator> dropped_;
  std::optional<StoreIdentity> identity_;
};

}  // namespace ptb
