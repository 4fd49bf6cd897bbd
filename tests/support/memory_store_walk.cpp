// Walks of MemoryStore: how they begin and end, and what is settled meanwhile.
#include <fmt/format.h>

#include <algorithm>

#include "core/fault_point.h"
#include "support/memory_store.h"

namespace ptb::test {

namespace {

constexpr std::size_t kAnswerBytes = 200;
constexpr std::size_t kAttemptsKept = 20;

tl::unexpected<Error> no_lane(std::int64_t id) {
  return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", id));
}

bool may_walk(const Lane& lane, const Tool* tool) {
  return lane.waiting > 0 && lane.hold == LaneHold::none && lane.released && tool != nullptr &&
         tool->state == ToolState::available && tool->suspended.empty();
}

bool is_under_way(const LastWalk& last, const Walk& walk) {
  return last.ordinal == walk.ordinal && last.ended_at_ms == 0;
}

tl::unexpected<Error> not_under_way(const Walk& walk) {
  return fail(Status::state,
              fmt::format("walk {} of lane {} is not under way: nothing was recorded", walk.ordinal, walk.lane));
}

/// A walk that ended so contradicts neither itself nor its batch.
bool is_possible(const Walk& walk, const WalkEnd& end) {
  if (end.reached < 0 || end.reached > walk.last || end.stopped_by < 0 || end.stopped_by > walk.last ||
      end.stopped_through > walk.last)
    return false;
  if (end.completed)
    return end.stopped_by == 0 && end.settled == 0 && end.stopper == EventState::pending &&
           (end.through == 0 || (end.through >= walk.first && end.through <= walk.last));
  if (end.through != 0 || end.settled < 0 || end.settled > walk.last) return false;
  if (end.stopped_by != 0 && end.settled >= end.stopped_by) return false;
  if (end.stopper == EventState::pending) return true;
  return end.stopped_by != 0 && (end.stopper == EventState::parked || end.stopper == EventState::discarded) &&
         !end.stopper_reason.empty();
}

/// How often in a row the same event has stopped a walk that had got past others.
void count_stop(Lane& lane, const Walk& walk, std::int64_t stopped_by) {
  if (stopped_by == 0) return;
  if (stopped_by <= walk.first) {
    lane.stopping_sequence = 0;
    lane.stopping_count = 0;
  } else if (lane.stopping_sequence == stopped_by) {
    ++lane.stopping_count;
  } else {
    lane.stopping_sequence = stopped_by;
    lane.stopping_count = 1;
  }
}

}  // namespace

Result<std::optional<Walk>> MemoryStore::begin_walk(std::int64_t lane, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.begin_walk.begin");
  MemoryLane* const found = disk_.lane(lane);
  if (found == nullptr) return no_lane(lane);
  if (!may_walk(found->lane, disk_.tool(found->lane.tool)) || blocked(*found, now_ms)) return std::optional<Walk>();
  fault_point("store.begin_walk.before_commit");
  const Walk begun = begin_in(*found, now_ms);
  fault_point("store.begin_walk.after_commit");
  return std::optional<Walk>(begun);
}

Walk MemoryStore::begin_in(MemoryLane& entry, std::int64_t now_ms) {
  Lane& lane = entry.lane;
  const LastWalk& previous = lane.last_walk;
  if (previous.ordinal != 0 && previous.ended_at_ms == 0) {
    // It may have sent all of its batch before it was cut off.
    entry.reached = std::max(entry.reached, previous.last);
    if (lane.kept_through == 0 && previous.last > lane.mark) lane.kept_through = previous.last;
  }
  LastWalk next;
  next.ordinal = previous.ordinal + 1;
  next.first = disk_.first_pending(entry);
  next.last = crossing_reach(entry);
  next.started_at_ms = now_ms;
  std::int64_t waiting = lane.waiting;
  if (next.last < lane.last_sequence)
    waiting = std::count_if(entry.events.lower_bound(next.first), entry.events.upper_bound(next.last),
                            [](const auto& each) { return each.second.state == EventState::pending; });
  lane.last_walk = next;
  disk_.end_advance(entry, now_ms);
  walked_here_.insert(lane.id);
  return {lane.id, next.ordinal, next.first, next.last, waiting, entry.reached > lane.mark ? entry.reached : 0};
}

Result<std::vector<Walk>> MemoryStore::save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.save_tool.begin");
  const auto found = disk_.tools.find(locator);
  if (found == disk_.tools.end())
    return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
  fault_point("store.save_tool.before_commit");
  Tool& tool = found->second;
  const Condition before = condition_of(&tool);
  tool.state = state;
  const bool resumes = state == ToolState::available && !tool.suspended.empty();
  if (resumes) tool.suspended.clear();
  std::vector<Walk> walks;
  for (const std::int64_t id : disk_.lanes_to(locator)) {
    MemoryLane& entry = *disk_.lane(id);
    Lane& lane = entry.lane;
    if (condition_of(&tool) != before || resumes) lane.condition_since_ms = now_ms;
    if (state != ToolState::available) continue;
    if (lane.hold == LaneHold::suspended) lane.condition_since_ms = now_ms;
    lane.released = true;
    if (lane.hold == LaneHold::suspended || lane.hold == LaneHold::queued) {
      lane.hold = LaneHold::none;
      lane.hold_reason.clear();
    }
    if (may_walk(lane, &tool) && !blocked(entry, now_ms)) walks.push_back(begin_in(entry, now_ms));
  }
  fault_point("store.save_tool.after_commit");
  return walks;
}

Result<void> MemoryStore::end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  fault_point("store.end_walk.begin");
  for (EndedWalk& one : ended) {
    one.dropped.clear();
    if (auto possible = check_end(one); !possible) return possible;
  }
  fault_point("store.end_walk.before_commit");
  for (EndedWalk& one : ended) end_in(one, now_ms > 0 ? now_ms : 1);
  fault_point("store.end_walk.after_commit");
  return {};
}

Result<void> MemoryStore::check_end(const EndedWalk& ended) {
  const Walk& walk = ended.walk;
  const WalkEnd& end = ended.end;
  const MemoryLane* const found = disk_.lane(walk.lane);
  if (found == nullptr || !is_under_way(found->lane.last_walk, walk)) return not_under_way(walk);
  if (!is_possible(walk, end) || (end.through != 0 && end.through < found->lane.mark))
    return fail(Status::argument,
                fmt::format("walk {} of lane {} cannot have ended so: reached {}, stopped by {} of {}", walk.ordinal,
                            walk.lane, end.reached, end.stopped_by, walk.last));
  return {};
}

void MemoryStore::end_in(EndedWalk& ended, std::int64_t now_ms) {
  const auto& [walk, end, dropped] = ended;
  MemoryLane& entry = *disk_.lane(walk.lane);
  Lane& lane = entry.lane;
  LastWalk& last = lane.last_walk;
  if (end.completed && end.through != 0) last.last = end.through;
  last.reached = std::min(end.reached, last.last);
  last.ended_at_ms = now_ms;
  last.completed = end.completed;
  last.stopped_by = end.stopped_by;
  last.error = end.error;
  last.not_before_ms = end.not_before_ms;
  disk_.end_advance(entry, now_ms);
  walked_here_.erase(walk.lane);
  if (end.completed) {
    disk_.move_mark(entry, last.last, now_ms);
    lane.stopping_sequence = 0;
    lane.stopping_count = 0;
  } else {
    stop_walk(entry, ended, now_ms);
  }
}

void MemoryStore::stop_walk(MemoryLane& entry, EndedWalk& ended, std::int64_t now_ms) {
  const WalkEnd& end = ended.end;
  Lane& lane = entry.lane;
  disk_.move_mark(entry, end.settled, now_ms);
  if (end.reached > lane.mark) entry.reached = std::max(entry.reached, end.reached);
  count_stop(lane, ended.walk, end.stopped_by);
  if (end.stopped_by != 0) {
    lane.kept_from = end.stopped_through > end.stopped_by ? end.stopped_by : 0;
    lane.kept_through = lane.kept_from != 0 ? end.stopped_through : 0;
    record_failure(entry, end, now_ms);
    settle_never_waiting(entry, ended, now_ms);
  }
  if (end.hold != LaneHold::none && lane.hold == LaneHold::none) {
    lane.hold = end.hold;
    lane.hold_reason = end.why();
  }
  if (end.suspend_tool)
    if (const auto tool = disk_.tools.find(lane.tool); tool != disk_.tools.end())
      tool->second.suspended = end.why().empty() ? "suspended" : end.why();
}

/// And, where its policy gives the event up, what becomes of it.
void MemoryStore::record_failure(MemoryLane& entry, const WalkEnd& end, std::int64_t now_ms) {
  const auto at = entry.events.find(end.stopped_by);
  if (at == entry.events.end() || at->second.state != EventState::pending) return;
  MemoryFailures& all = entry.failures[end.stopped_by];
  if (all.seen.count == 0) all.seen.first_at_ms = now_ms;
  all.seen.last_at_ms = now_ms;
  ++all.seen.count;
  if (all.attempts.size() == kAttemptsKept) all.attempts.erase(all.attempts.begin() + 1);
  all.attempts.push_back({all.seen.count, now_ms, end.error});
  if (end.stopper != EventState::pending)
    disk_.settle(entry, at->second, end.stopper, end.stopper_reason, printable(end.error, kAnswerBytes), now_ms);
}

/// Events that are never queued end with the walk that had them: before the one that stopped it they were answered,
/// from it on they were not.
void MemoryStore::settle_never_waiting(MemoryLane& entry, EndedWalk& ended, std::int64_t now_ms) {
  const std::int64_t head = disk_.first_pending(entry);
  if (head == 0) return;
  const auto end = entry.events.upper_bound(ended.walk.last);
  for (auto at = entry.events.lower_bound(head); at != end; ++at) {
    StoredEvent& event = at->second;
    if (event.state != EventState::pending || waits_after_failure(event.event.kind)) continue;
    if (at->first < ended.end.stopped_by) {
      disk_.settle(entry, event, EventState::delivered, {}, {}, now_ms);
      continue;
    }
    disk_.settle(entry, event, EventState::discarded, std::string(to_text(Deferral::not_responding)),
                 printable(ended.end.error, kAnswerBytes), now_ms);
    ended.dropped.push_back(as_read(entry, event, false));
  }
}

Result<void> MemoryStore::advance_mark(const Walk& walk, std::int64_t through, std::int64_t /*now_ms*/) {
  const std::lock_guard guard(mutex_);
  fault_point("store.advance_mark.begin");
  MemoryLane* const found = disk_.lane(walk.lane);
  if (found == nullptr || !is_under_way(found->lane.last_walk, walk)) return not_under_way(walk);
  if (through < 0 || through > walk.last)
    return fail(Status::argument, fmt::format("walk {} of lane {} ends at {} and cannot have had everything up to {} "
                                              "answered",
                                              walk.ordinal, walk.lane, walk.last, through));
  fault_point("store.advance_mark.before_commit");
  disk_.move_mark(*found, through, found->lane.last_walk.started_at_ms, &found->advanced);
  fault_point("store.advance_mark.after_commit");
  return {};
}

Result<Failures> MemoryStore::failures(const Place& place) {
  const std::lock_guard guard(mutex_);
  const MemoryLane* const found = disk_.lane(place.lane);
  if (found == nullptr) return Failures{};
  const auto at = found->failures.find(place.sequence);
  return at == found->failures.end() ? Failures{} : at->second.seen;
}

Result<std::vector<FailedAttempt>> MemoryStore::failed_attempts(const Place& place) {
  const std::lock_guard guard(mutex_);
  const MemoryLane* const found = disk_.lane(place.lane);
  if (found == nullptr) return std::vector<FailedAttempt>();
  const auto at = found->failures.find(place.sequence);
  return at == found->failures.end() ? std::vector<FailedAttempt>() : at->second.attempts;
}

Result<void> MemoryStore::settle(const Place& place, EventState state, const std::string& reason,
                                 const std::string& answer, std::int64_t now_ms, const Walk* /*walk*/) {
  const std::lock_guard guard(mutex_);
  fault_point("store.settle.begin");
  StoredEvent* const event = disk_.event(place);
  if (event == nullptr)
    return fail(Status::not_found, fmt::format("there is no event at place {} of lane {}", place.sequence, place.lane));
  if (state == EventState::pending || (state == EventState::discarded && reason.empty()))
    return fail(Status::argument, "an event is settled as delivered, refused, parked or discarded with a reason");
  if (event->state == EventState::delivered || event->state == EventState::discarded)
    return fail(Status::refused, fmt::format("event {} of lane {} is {} already, which is final", place.sequence,
                                             place.lane, to_text(event->state)));
  fault_point("store.settle.before_commit");
  disk_.settle(*disk_.lane(place.lane), *event, state, reason, printable(answer, kAnswerBytes), now_ms);
  fault_point("store.settle.after_commit");
  return {};
}

}  // namespace ptb::test
