// Walks of SqlStore: how they begin and end, and what is settled meanwhile. Progress of a lane is one mark.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr const char* kInsertWalk =
    "INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kEndWalk =
    "UPDATE walk SET reached = ?3, ended_at = ?4, completed = ?5, stopped_by = ?6, error = ?7, not_before = ?8, "
    "last = ?9, settled = CASE WHEN settled < ?10 THEN ?10 ELSE settled END WHERE lane = ?1 AND ordinal = ?2";
constexpr const char* kAdvanceWalk =
    "UPDATE walk SET settled = CASE WHEN settled < ?3 THEN ?3 ELSE settled END WHERE lane = ?1 AND ordinal = ?2";
constexpr const char* kForgetStoppedWalks =
    "DELETE FROM walk WHERE lane = ?1 AND ordinal IN (SELECT ordinal FROM walk INDEXED BY walk_stopped "
    "WHERE lane = ?1 AND settled = 0 AND ended_at <> 0 AND ordinal < ?2 ORDER BY ordinal DESC LIMIT 1000000 OFFSET 19)";
constexpr const char* kNeverWaiting = "SELECT " PTB_EVENT_COLUMNS
                                      " FROM event INDEXED BY event_never_waits "
                                      "WHERE waits = 0 AND place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place";
constexpr const char* kSettle =
    "UPDATE event SET state = ?2, reason = ?3, answer = ?4, settled_at = ?5, walks = CASE WHEN ?6 > walks_before THEN "
    "?6 - walks_before ELSE 0 END "
    "WHERE place = ?1";
constexpr const char* kForgetLease = "DELETE FROM lease WHERE place = ?1";
constexpr const char* kStateOf = "SELECT state FROM event WHERE place = ?1";
constexpr std::size_t kAnswerBytes = 200;

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
  if (end.through != 0 || end.settled < 0 || end.settled > walk.last ||
      (end.stopped_by != 0 && end.settled >= end.stopped_by))
    return false;
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

Result<std::optional<Walk>> SqlStore::begin_walk(std::int64_t lane, std::int64_t now_ms) {
  return change<std::optional<Walk>>(
      {"store.begin_walk.begin", "store.begin_walk.before_commit", "store.begin_walk.after_commit"},
      [&] { return scope_of_lane(lane); },
      [&](Draft& draft) -> Result<std::optional<Walk>> {
        if (draft.before().lane(lane) == nullptr)
          return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
        return begin_in(draft, lane, now_ms);
      });
}

std::optional<Walk> SqlStore::begin_in(Draft& draft, std::int64_t lane, std::int64_t now_ms) {
  const MirrorLane& seen = *draft.find(lane);
  if (!may_walk(seen.lane, draft.tool(seen.lane.tool))) return std::nullopt;
  if (draft.before().family(seen.own_locator)->waits_before(seen.lane.epoch)) return std::nullopt;
  MirrorLane& entry = draft.lane(lane);
  if (is_walked_elsewhere(entry)) return std::nullopt;  // who walks it sees what has come meanwhile
  if (entry.leases > 0) {
    remove_over_leases(entry, now_ms);
    if (entry.leases > 0) return std::nullopt;
  }
  if (entry.crossed) remove_idle_crossings(draft, lane, false);
  const std::int64_t first = first_pending(entry.lane, entry.lane.last_sequence);
  if (first == 0)
    throw StoreFailure{{Status::damaged, fmt::format("store {}: lane {} has lost its waiting events: restore it from a "
                                                     "backup",
                                                     name_, entry.lane.key)}};
  const std::int64_t last = reach_of(draft, entry, first).last;
  if (last < first) return std::nullopt;
  return write_walk(entry, first, last, now_ms);
}

Walk SqlStore::write_walk(MirrorLane& entry, std::int64_t first, std::int64_t last, std::int64_t now_ms) {
  Lane& lane = entry.lane;
  const LastWalk& previous = lane.last_walk;
  if (previous.ordinal != 0 && previous.ended_at_ms == 0) {
    // It may have sent all of its batch before it was cut off.
    entry.reached = std::max(entry.reached, previous.last);
    if (lane.kept_through == 0 && previous.last > lane.mark) lane.kept_through = previous.last;
    connection_->query(kEndWalk)
        .bind(lane.id, previous.ordinal, previous.last, moment(now_ms), 0, 0, std::string("cut off"), 0, previous.last,
              0)
        .run();
    update_lane(*connection_, entry);
    fault_point("store.begin_walk.previous_written");
  }
  LastWalk next;
  next.ordinal = previous.ordinal + 1;
  next.first = first;
  next.last = last;
  next.started_at_ms = now_ms;
  connection_->query(kInsertWalk).bind(lane.id, next.ordinal, next.first, next.last, now_ms).run();
  fault_point("store.begin_walk.walk_written");
  lane.last_walk = next;
  entry.walked_here = true;
  if (shared_ && connection_->node().number == 0) connection_->confirm();  // it may not have joined yet
  entry.holder = connection_->node().number;
  entry.wanted = Wanted::no;
  const std::int64_t waiting = last == lane.last_sequence ? lane.waiting : count_waiting(*connection_, lane, last);
  return {lane.id, next.ordinal, first, last, waiting, entry.reached > lane.mark ? entry.reached : 0, entry.holder};
}

Result<std::vector<Walk>> SqlStore::save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) {
  return change<std::vector<Walk>>(
      {"store.save_tool.begin", "store.save_tool.before_commit", "store.save_tool.after_commit"},
      [&] { return scope_of_tool(locator); },
      [&](Draft& draft) -> Result<std::vector<Walk>> {
        const Tool* const found = draft.before().tool(locator);
        if (found == nullptr)
          return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
        const bool available = state == ToolState::available;
        Tool tool = *found;
        tool.state = state;
        if (available) tool.suspended.clear();
        connection_->query("UPDATE tool SET state = ?2, suspended = ?3 WHERE locator = ?1")
            .bind(to_text(locator), to_text(state), tool.suspended)
            .run();
        fault_point("store.save_tool.tool_written");
        const bool changes = standing_of(found) != standing_of(&tool);
        const bool resumes = available && !found->suspended.empty();
        draft.put(std::move(tool));
        const auto& lanes = draft.before().lanes_to(locator).lanes;
        for (const std::int64_t id : lanes) {
          const Lane& seen = draft.find(id)->lane;
          const bool lifts = seen.hold == LaneHold::suspended || seen.hold == LaneHold::queued;
          if (!changes && !resumes && !(available && (lifts || !seen.released))) continue;
          MirrorLane& entry = draft.lane(id);
          Lane& lane = entry.lane;
          // What is too old by now would have it suspended again before anything is tried.
          if (changes || resumes || (available && lane.hold == LaneHold::suspended)) lane.condition_since_ms = now_ms;
          if (available) {
            lane.released = true;
            if (lifts) {
              lane.hold = LaneHold::none;
              lane.hold_reason.clear();
            }
          }
          update_lane(*connection_, entry);
          fault_point("store.save_tool.lane_written");
        }
        std::vector<Walk> walks;
        if (!available) return walks;
        for (const std::int64_t id : lanes) {
          if (auto walk = begin_in(draft, id, now_ms)) walks.push_back(*walk);
          if (const MirrorLane& lane = *draft.find(id); lane.holder != 0 && !is_mine(lane))
            draft.lane(id).wanted = Wanted::again;
        }
        return walks;
      });
}

Result<void> SqlStore::end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) {
  auto result = change<void>(
      {"store.end_walk.begin", "store.end_walk.before_commit", "store.end_walk.after_commit"},
      [&] {
        Scope scope;
        for (const EndedWalk& one : ended) scope.merge(scope_of_lane(one.walk.lane));
        return scope;
      },
      [&](Draft& draft) -> Result<void> {
        for (EndedWalk& one : ended) {
          one.dropped.clear();
          if (auto recorded = end_in(draft, one, now_ms); !recorded) return fail(recorded.error());
        }
        return {};
      });
  if (result) return result;
  for (EndedWalk& one : ended) one.dropped.clear();
  if (!shared_) forget_walkers(ended);
  return result;
}

/// Whose end could not be written has ended all the same: as after a crash the next walk of its lane says so.
void SqlStore::forget_walkers(std::span<const EndedWalk> ended) {
  const std::lock_guard guard(mutex_);
  for (const EndedWalk& one : ended) {
    const MirrorLane* const known = mirror_.lane(one.walk.lane);
    if (known == nullptr || known->lane.last_walk.ordinal != one.walk.ordinal) continue;
    MirrorLane entry = *known;
    entry.walked_here = false;
    mirror_.put(std::move(entry));
  }
}

Result<void> SqlStore::end_in(Draft& draft, EndedWalk& ended, std::int64_t now_ms) {
  const auto& [walk, end, dropped] = ended;
  if (!is_under_way(draft.find(walk.lane), walk)) return not_under_way(walk);
  if (!is_possible(walk, end) || (end.through != 0 && end.through < draft.mark(walk.lane)))
    return fail(Status::argument,
                fmt::format("walk {} of lane {} cannot have ended so: reached {}, stopped by {}, settled {} of {}",
                            walk.ordinal, walk.lane, end.reached, end.stopped_by,
                            end.completed ? end.through : end.settled, walk.last));
  MirrorLane& entry = draft.lane(walk.lane);
  LastWalk& last = entry.lane.last_walk;
  if (end.completed && end.through != 0) last.last = end.through;
  last.reached = std::min(end.reached, last.last);
  last.ended_at_ms = moment(now_ms);
  last.completed = end.completed;
  last.stopped_by = end.stopped_by;
  last.error = end.error;
  last.not_before_ms = end.not_before_ms;
  entry.walked_here = false;
  entry.holder = 0;
  entry.wanted = Wanted::no;  // what is to be walked now, whoever walked it sees
  const std::int64_t settled = end.completed ? last.last : end.settled >= walk.first ? end.settled : 0;
  connection_->query(kEndWalk)
      .bind(walk.lane, walk.ordinal, last.reached, last.ended_at_ms, end.completed ? 1 : 0, end.stopped_by, end.error,
            end.not_before_ms, last.last, settled)
      .run();
  fault_point("store.end_walk.walk_written");
  move_mark(entry, settled);
  if (end.completed) {
    entry.lane.stopping_sequence = 0;
    entry.lane.stopping_count = 0;
  } else {
    stop_walk(draft, entry, ended, last.ended_at_ms);
  }
  update_lane(*connection_, entry);
  fault_point("store.end_walk.lane_written");
  return {};
}

void SqlStore::move_mark(MirrorLane& entry, std::int64_t through) {
  Lane& lane = entry.lane;
  if (through <= lane.mark) return;
  entry.settled(count_waiting(*connection_, lane, through));
  forget_failures(entry, lane.mark + 1, through);
  lane.mark = through;
  if (entry.reached <= through) entry.reached = 0;
  // Of a request that was not answered, what is left goes out together again.
  if (lane.kept_through <= through) lane.kept_through = 0;
  if (lane.kept_from != 0) lane.kept_from = lane.kept_through == 0 ? 0 : std::max(lane.kept_from, through + 1);
}

Result<void> SqlStore::advance_mark(const Walk& walk, std::int64_t through, std::int64_t now_ms) {
  static_cast<void>(now_ms);  // delivered at the end of the walk, or at its start while that is under way
  return change<void>(
      {"store.advance_mark.begin", "store.advance_mark.before_commit", "store.advance_mark.after_commit"},
      [&] { return scope_of_lane(walk.lane); },
      [&](Draft& draft) -> Result<void> {
        if (!is_under_way(draft.before().lane(walk.lane), walk)) return not_under_way(walk);
        if (through < 0 || through > walk.last)
          return fail(Status::argument, fmt::format("walk {} of lane {} goes to {}: the mark cannot move to {}",
                                                    walk.ordinal, walk.lane, walk.last, through));
        if (through <= draft.mark(walk.lane)) return {};
        MirrorLane& entry = draft.lane(walk.lane);
        connection_->query(kAdvanceWalk).bind(walk.lane, walk.ordinal, through).run();
        fault_point("store.advance_mark.walk_written");
        move_mark(entry, through);
        update_lane(*connection_, entry);
        fault_point("store.advance_mark.lane_written");
        return {};
      });
}

void SqlStore::stop_walk(Draft& draft, MirrorLane& entry, EndedWalk& ended, std::int64_t now_ms) {
  const auto& [walk, end, unused] = ended;
  Lane& lane = entry.lane;
  if (end.reached > lane.mark) entry.reached = std::max(entry.reached, end.reached);
  count_stop(lane, walk, end.stopped_by);
  if (end.stopped_by != 0) {
    lane.kept_from = end.stopped_through > end.stopped_by ? end.stopped_by : 0;
    lane.kept_through = lane.kept_from != 0 ? end.stopped_through : 0;
  }
  if (end.hold != LaneHold::none && lane.hold == LaneHold::none) {
    lane.hold = end.hold;
    lane.hold_reason = end.why();
  }
  if (end.suspend_tool) suspend_tool(draft, lane.tool, end.why());
  if (end.stopped_by != 0) {
    // A person may have settled it meanwhile.
    if (is_pending(draft, place_number(lane.id, end.stopped_by))) {
      record_failure(entry, end.stopped_by, end.error, now_ms);
      if (end.stopper != EventState::pending)
        settle_row(entry, end.stopped_by, end.stopper, end.stopper_reason, end.error, now_ms);
    }
    settle_never_waiting(entry, walk, end, now_ms, ended.dropped);
  }
  connection_->query(kForgetStoppedWalks).bind(lane.id, walk.ordinal).run();
  fault_point("store.end_walk.old_walks_removed");
}

/// Until it is saved. A tool that was removed meanwhile has nothing to suspend.
void SqlStore::suspend_tool(Draft& draft, const Locator& locator, const std::string& why) {
  const Tool* const found = draft.tool(locator);
  if (found == nullptr) return;
  Tool tool = *found;
  tool.suspended = why.empty() ? "suspended" : why;
  connection_->query("UPDATE tool SET suspended = ?2 WHERE locator = ?1").bind(to_text(locator), tool.suspended).run();
  fault_point("store.end_walk.tool_suspended");
  draft.put(std::move(tool));
}

/// Events that are never queued end with the walk that had them: before the one that stopped it they were answered,
/// from it on they were not.
void SqlStore::settle_never_waiting(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                                    std::vector<StoredEvent>& dropped) {
  std::vector<StoredEvent> pending;
  {
    auto rows = connection_->query(kNeverWaiting);
    rows.bind(place_number(walk.lane, entry.lane.mark + 1), place_number(walk.lane, walk.last));
    while (rows.row()) pending.push_back(read_event(*connection_, rows, mirror_));
  }
  for (StoredEvent& event : pending) {
    const bool answered = event.place.sequence < end.stopped_by;
    event.state = answered ? EventState::delivered : EventState::discarded;
    event.reason = answered ? std::string() : std::string(to_text(Deferral::not_responding));
    event.answer = answered ? std::string() : printable(end.error, kAnswerBytes);
    event.settled_at_ms = now_ms;
    settle_row(entry, event.place.sequence, event.state, event.reason, event.answer, now_ms);
    if (!answered) dropped.push_back(std::move(event));
  }
}

Result<std::vector<StoredEvent>> SqlStore::read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                        int limit) {
  return look<std::vector<StoredEvent>>([&]() -> Result<std::vector<StoredEvent>> {
    const MirrorLane* const found = mirror_.lane(lane);
    if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
    return read_pending(found->lane, after, through, limit);
  });
}

Result<void> SqlStore::settle(const Place& place, EventState state, const std::string& reason,
                              const std::string& answer, std::int64_t now_ms, const Walk* walk) {
  return change<void>(
      {"store.settle.begin", "store.settle.before_commit", "store.settle.after_commit"},
      [&] { return scope_of_lane(place.lane); },
      [&](Draft& draft) -> Result<void> {
        if (walk != nullptr && !is_under_way(draft.find(walk->lane), *walk)) return not_under_way(*walk);
        return settle_in(draft, place, state, reason, answer, now_ms);
      });
}

Result<void> SqlStore::settle_in(Draft& draft, const Place& place, EventState state, const std::string& reason,
                                 const std::string& answer, std::int64_t now_ms) {
  const MirrorLane* const lane = draft.find(place.lane);
  auto stored = EventState::pending;
  {
    auto row = connection_->query(kStateOf);
    row.bind(place_number(place.lane, place.sequence));
    if (lane == nullptr || !row.row())
      return fail(Status::not_found,
                  fmt::format("there is no event at place {} of lane {}", place.sequence, place.lane));
    stored = static_cast<EventState>(row.integer(0));
  }
  const bool waiting = stored == EventState::pending && place.sequence > lane->lane.mark;
  if (state == EventState::pending || (state == EventState::discarded && reason.empty()))
    return fail(Status::argument, "an event is settled as delivered, refused, parked or discarded with a reason");
  if (!waiting && stored != EventState::refused && stored != EventState::parked)
    return fail(Status::refused,
                fmt::format("event {} of lane {} is {} already, which is final", place.sequence, place.lane,
                            stored == EventState::pending ? to_text(EventState::delivered) : to_text(stored)));
  MirrorLane& entry = draft.lane(place.lane);
  write_settled(entry, place.sequence, state, reason, answer, moment(now_ms));
  fault_point("store.settle.written");
  if (waiting) entry.settled(1);
  drop_what_waiting_needed(entry, place.sequence, state);
  return {};
}

void SqlStore::write_settled(const MirrorLane& entry, std::int64_t sequence, EventState state,
                             const std::string& reason, const std::string& answer, std::int64_t now_ms) {
  connection_->query(kSettle)
      .bind(place_number(entry.lane.id, sequence), static_cast<int>(state), reason, printable(answer, kAnswerBytes),
            now_ms, entry.lane.last_walk.ordinal)
      .run();
}

void SqlStore::settle_row(MirrorLane& entry, std::int64_t sequence, EventState state, const std::string& reason,
                          const std::string& answer, std::int64_t now_ms) {
  write_settled(entry, sequence, state, reason, answer, now_ms);
  fault_point("store.end_walk.event_settled");
  entry.settled(1);
  drop_what_waiting_needed(entry, sequence, state);
}

void SqlStore::drop_what_waiting_needed(MirrorLane& entry, std::int64_t sequence, EventState state) {
  if (state != EventState::parked) forget_failures(entry, sequence, sequence);
  if (entry.leases == 0) return;
  connection_->query(kForgetLease).bind(place_number(entry.lane.id, sequence)).run();
  entry.leases -= connection_->changes();
  fault_point("store.lease.removed");
}

}  // namespace ptb
