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

const Family* Mirror::family(const Locator& own) const {
  const auto at = families_.find(own);
  return at == families_.end() ? nullptr : &at->second;
}

const ToolLanes& Mirror::lanes_to(const Locator& tool) const {
  static const ToolLanes none;
  const auto at = by_tool_.find(tool);
  return at == by_tool_.end() ? none : at->second;
}

const Tool* Mirror::tool(const Locator& locator) const {
  const auto at = tools_.find(locator);
  return at == tools_.end() ? nullptr : &at->second;
}

void Mirror::put(MirrorLane lane) {
  const auto at = lanes_.find(lane.lane.id);
  const MirrorLane* const before = at == lanes_.end() ? nullptr : &at->second;
  if (before == nullptr || before->lane.key != lane.lane.key) {
    // A key that was given up may be another lane's by now.
    if (const auto old = before == nullptr ? by_key_.end() : by_key_.find(before->lane.key);
        old != by_key_.end() && old->second == lane.lane.id)
      by_key_.erase(old);
    by_key_[lane.lane.key] = lane.lane.id;
  }
  enter_family(before, lane);
  enter_tool(before, lane);
  if (before == nullptr)
    lanes_.emplace(lane.lane.id, std::move(lane));
  else
    at->second = std::move(lane);
}

void Mirror::enter_family(const MirrorLane* before, const MirrorLane& lane) {
  Family& family = families_[lane.own_locator];
  const std::int64_t id = lane.lane.id;
  if (before == nullptr) {
    family.lanes.insert(id);
    if (lane.lane.split == "none") ++family.free_lanes;
  }
  const bool waited = before != nullptr && before->lane.waiting > 0;
  const bool waits = lane.lane.waiting > 0;
  if (waited && (!waits || before->lane.epoch != lane.lane.epoch)) {
    const auto at = family.waiting.find(before->lane.epoch);
    at->second.erase(id);
    if (at->second.empty()) family.waiting.erase(at);
  }
  if (waits && (!waited || before->lane.epoch != lane.lane.epoch)) family.waiting[lane.lane.epoch].insert(id);
  const bool was_idle = before != nullptr && before->is_idle_free();
  if (was_idle != lane.is_idle_free()) {
    if (was_idle)
      family.idle_free.erase(id);
    else
      family.idle_free.insert(id);
  }
  if (family.lanes.size() == 1 || lane.lane.epoch > family.epoch) {
    family.epoch = lane.lane.epoch;
    family.split = lane.lane.split;
  }
  family.tool = lane.lane.tool;
}

void Mirror::enter_tool(const MirrorLane* before, const MirrorLane& lane) {
  const auto count = [](ToolLanes& at, const Lane& counted, int sign) {
    at.waiting += sign * counted.waiting;
    if (counted.waiting > 0) at.waiting_lanes += sign;
  };
  ToolLanes& now = by_tool_[lane.lane.tool];
  if (before != nullptr && before->lane.tool != lane.lane.tool) {
    ToolLanes& then = by_tool_[before->lane.tool];
    then.lanes.erase(lane.lane.id);
    count(then, before->lane, -1);
    now.lanes.insert(lane.lane.id);
  } else if (before != nullptr) {
    count(now, before->lane, -1);
  } else {
    now.lanes.insert(lane.lane.id);
  }
  count(now, lane.lane, 1);
}

void Mirror::put(Tool tool) {
  const Locator locator = tool.locator;
  tools_[locator] = std::move(tool);
}

void Mirror::drop(const Locator& tool) { tools_.erase(tool); }

}  // namespace ptb
