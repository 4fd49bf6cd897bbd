// What one transaction changes of the mirror: collected here and taken over after the commit, so that a rollback leaves
// the mirror exactly as it was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "store/store_mirror.h"

namespace ptb {

class Draft {
 public:
  explicit Draft(Mirror& mirror) : mirror_(mirror) {}
  /// The state before this transaction.
  [[nodiscard]] const Mirror& before() const { return mirror_; }

  /// The lane as this transaction has it, to look at; nullptr where there is none.
  [[nodiscard]] const MirrorLane* find(std::int64_t id) const;
  [[nodiscard]] const MirrorLane* find_key(const std::string& key) const;
  /// The lane, to be changed: its own copy from the first call on. Throws StoreFailure (damaged) where there is none.
  MirrorLane& lane(std::int64_t id);
  MirrorLane& add(MirrorLane lane);
  /// The mark of a lane as this transaction has it.
  [[nodiscard]] std::int64_t mark(std::int64_t lane) const;

  /// Where the events of one own locator are put now, this transaction's included.
  struct Front {
    bool exists = false;  ///< it has a lane
    std::int64_t epoch = 0;
    std::string split;
    std::int64_t free_lanes = 0;
    std::int64_t idle_used = 0;  ///< idle free lanes up to this id have got an event by this transaction
    Locator tool;                ///< whom they are delivered to
  };
  Front& front(const Locator& own);
  /// A free lane that another event may have to itself; 0: there is none.
  std::int64_t idle_free_lane(const Locator& own);

  [[nodiscard]] const Tool* tool(const Locator& locator) const;
  void put(Tool tool);
  void drop(const Locator& tool) { dropped_ = tool; }
  void put(StoreIdentity identity) { identity_ = std::move(identity); }

  /// The place of the event with that id, where its key is not in event_key yet.
  [[nodiscard]] std::optional<std::int64_t> unentered_key(const EventId& id) const;
  void put_key(const EventId& id, std::int64_t place) { keys_.emplace(id, place); }
  /// The keys of all events before this transaction are in event_key now.
  void keys_entered() { keys_entered_ = true; }
  [[nodiscard]] bool has_entered_keys() const { return keys_entered_; }

  [[nodiscard]] const std::map<std::int64_t, MirrorLane>& changed_lanes() const { return lanes_; }
  /// Another policy is in force for that locator.
  void note_policy(const Locator& locator) { policies_.insert(locator); }
  /// Whose tool or policy is another after this transaction.
  [[nodiscard]] std::set<Locator> changed_tools() const;

  /// After the commit.
  void take_over();

 private:
  Mirror& mirror_;
  std::map<std::int64_t, MirrorLane> lanes_;
  std::unordered_map<std::string, std::int64_t> added_;
  std::map<Locator, Front> fronts_;
  std::map<Locator, Tool> tools_;
  std::optional<Locator> dropped_;
  std::set<Locator> policies_;
  std::optional<StoreIdentity> identity_;
  UnenteredKeys keys_;
  bool keys_entered_ = false;
};

}  // namespace ptb
