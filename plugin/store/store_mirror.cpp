#include "store/store_mirror.h"

namespace ptb {

const MirrorLane* Mirror::lane(std::int64_t id) const {
  const auto at = lanes_.find(id);
  return at == lanes_.end() ? nullptr : &at->second;
}

const MirrorLane* Mirror::lane_of_key(const std::string& key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : lane(at->second);
}

std::set<std::int64_t> Mirror::lanes_to(const Locator& tool) const {
  const auto at = by_tool_.find(tool);
  return at == by_tool_.end() ? std::set<std::int64_t>() : at->second;
}

const Tool* Mirror::tool(const Locator& locator) const {
  const auto at = tools_.find(locator);
  return at == tools_.end() ? nullptr : &at->second;
}

void Mirror::put(MirrorLane lane) {
  const std::int64_t id = lane.lane.id;
  if (const auto at = lanes_.find(id); at != lanes_.end() && at->second.lane.tool != lane.lane.tool)
    by_tool_[at->second.lane.tool].erase(id);
  by_tool_[lane.lane.tool].insert(id);
  by_key_[lane.lane.key] = id;
  lanes_[id] = std::move(lane);
}

void Mirror::put(Tool tool) {
  const Locator locator = tool.locator;
  tools_[locator] = std::move(tool);
}

void Mirror::drop(const Locator& tool) { tools_.erase(tool); }

MirrorLane& Draft::lane(std::int64_t id) {
  if (const auto at = lanes_.find(id); at != lanes_.end()) return at->second;
  return lanes_.emplace(id, *mirror_.lane(id)).first->second;
}

MirrorLane* Draft::lane_of_key(const std::string& key) {
  if (const auto at = added_.find(key); at != added_.end()) return &lanes_.at(at->second);
  const MirrorLane* const known = mirror_.lane_of_key(key);
  return known == nullptr ? nullptr : &lane(known->lane.id);
}

MirrorLane& Draft::add(MirrorLane lane) {
  const std::int64_t id = lane.lane.id;
  added_[lane.lane.key] = id;
  return lanes_.emplace(id, std::move(lane)).first->second;
}

std::int64_t Draft::mark(std::int64_t lane) const {
  if (const auto at = lanes_.find(lane); at != lanes_.end()) return at->second.lane.mark;
  const MirrorLane* const known = mirror_.lane(lane);
  return known == nullptr ? 0 : known->lane.mark;
}

std::optional<std::int64_t> Draft::unentered_key(const EventId& id) const {
  if (const auto at = keys_.find(id); at != keys_.end()) return at->second;
  if (keys_entered_) return std::nullopt;
  const auto& before = mirror_.unentered_keys_;
  const auto at = before.find(id);
  return at == before.end() ? std::nullopt : std::optional(at->second);
}

void Draft::take_over() {
  if (keys_entered_) mirror_.unentered_keys_.clear();
  mirror_.unentered_keys_.merge(keys_);
  for (auto& [id, lane] : lanes_) mirror_.put(std::move(lane));
  if (dropped_) mirror_.drop(*dropped_);
  if (tool_) mirror_.put(std::move(*tool_));
  if (identity_) mirror_.put(std::move(*identity_));
}

}  // namespace ptb
