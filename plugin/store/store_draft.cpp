#include "store/store_draft.h"

#include <string>

#include "store/connection.h"

namespace ptb {

const MirrorLane* Draft::find(std::int64_t id) const {
  const auto at = lanes_.find(id);
  return at == lanes_.end() ? mirror_.lane(id) : &at->second;
}

const MirrorLane* Draft::find_key(const std::string& key) const {
  if (const auto at = added_.find(key); at != added_.end()) return find(at->second);
  const MirrorLane* const known = mirror_.lane_of_key(key);
  return known == nullptr ? nullptr : find(known->lane.id);
}

MirrorLane& Draft::lane(std::int64_t id) {
  if (const auto at = lanes_.find(id); at != lanes_.end()) return at->second;
  const MirrorLane* const known = mirror_.lane(id);
  if (known == nullptr)
    throw StoreFailure{{Status::damaged, "the store names lane " + std::to_string(id) +
                                             ", which it does not have: restore it from a backup"}};
  return lanes_.emplace(id, *known).first->second;
}

MirrorLane& Draft::add(MirrorLane lane) {
  const std::int64_t id = lane.lane.id;
  added_[lane.lane.key] = id;
  return lanes_.emplace(id, std::move(lane)).first->second;
}

std::int64_t Draft::mark(std::int64_t lane) const {
  const MirrorLane* const known = find(lane);
  return known == nullptr ? 0 : known->lane.mark;
}

Draft::Front& Draft::front(const Locator& own) {
  const auto [at, is_new] = fronts_.try_emplace(own);
  if (!is_new) return at->second;
  Front& front = at->second;
  front.tool = own;
  if (const Family* const family = mirror_.family(own); family != nullptr) {
    front.exists = true;
    front.epoch = family->epoch;
    front.split = family->split;
    front.free_lanes = family->free_lanes;
    front.tool = family->tool;
  }
  return front;
}

std::int64_t Draft::idle_free_lane(const Locator& own) {
  const Family* const family = mirror_.family(own);
  if (family == nullptr) return 0;
  const auto at = family->idle_free.upper_bound(front(own).idle_used);
  return at == family->idle_free.end() ? 0 : *at;
}

const Tool* Draft::tool(const Locator& locator) const {
  const auto at = tools_.find(locator);
  return at == tools_.end() ? mirror_.tool(locator) : &at->second;
}

void Draft::put(Tool tool) {
  const Locator locator = tool.locator;
  tools_[locator] = std::move(tool);
}

std::optional<std::int64_t> Draft::unentered_key(const EventId& id) const {
  if (const auto at = keys_.find(id); at != keys_.end()) return at->second;
  if (keys_entered_) return std::nullopt;
  const auto& before = mirror_.unentered_keys_;
  const auto at = before.find(id);
  return at == before.end() ? std::nullopt : std::optional(at->second);
}

std::set<Locator> Draft::changed_tools() const {
  std::set<Locator> changed = policies_;
  for (const auto& [locator, tool] : tools_) changed.insert(locator);
  if (dropped_) changed.insert(*dropped_);
  return changed;
}

void Draft::take_over() {
  if (keys_entered_) mirror_.unentered_keys_.clear();
  mirror_.unentered_keys_.merge(keys_);
  for (auto& [id, lane] : lanes_) mirror_.put(std::move(lane));
  if (dropped_) mirror_.drop(*dropped_);
  for (auto& [locator, tool] : tools_) mirror_.put(std::move(tool));
  if (identity_) mirror_.put(std::move(*identity_));
}

}  // namespace ptb
