// Walks of SqliteStore: how they begin and end, and what is settled meanwhile. Progress of a lane is one mark.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sqlite_store.h"

namespace ptb {

namespace {

constexpr const char* kInsertWalk =
    "INSERT INTO walk (lane, ordinal, first, last, started_at) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kEndWalk =
    "UPDATE walk SET reached = ?3, ended_at = ?4, completed = ?5, stopped_by = ?6, error = ?7, not_before = ?8 "
    "WHERE lane = ?1 AND ordinal = ?2";
constexpr const char* kForgetStoppedWalks =
    "DELETE FROM walk WHERE lane = ?1 AND ordinal IN (SELECT ordinal FROM walk INDEXED BY walk_stopped "
    "WHERE lane = ?1 AND completed = 0 AND ended_at <> 0 AND ordinal < ?2 ORDER BY ordinal DESC LIMIT -1 OFFSET 19)";
constexpr const char* kFirstPending =
    "SELECT place FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place LIMIT 1";
constexpr const char* kNeverWaiting = "SELECT " PTB_EVENT_COLUMNS
                                      " FROM event INDEXED BY event_never_waits "
                                      "WHERE waits = 0 AND place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place";
constexpr const char* kSettle =
    "UPDATE event SET state = ?2, reason = ?3, answer = ?4, settled_at = ?5, walks = max(?6 - walks_before, 0) "
    "WHERE place = ?1";
constexpr const char* kStateOf = "SELECT state FROM event WHERE place = ?1";
constexpr std::size_t kAnswerBytes = 200;

bool may_walk(const Lane& lane, const Tool* tool) {
  return lane.waiting > 0 && lane.hold == LaneHold::none && lane.released && tool != nullptr &&
         tool->state == ToolState::available;
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

Result<std::optional<Walk>> SqliteStore::begin_walk(std::int64_t lane, std::int64_t now_ms) {
  return change<std::optional<Walk>>(
      {"store.begin_walk.begin", "store.begin_walk.before_commit", "store.begin_walk.after_commit"},
      [&](Draft& draft) -> Result<std::optional<Walk>> {
        const MirrorLane* const found = draft.before().lane(lane);
        if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
        if (!may_walk(found->lane, draft.before().tool(found->lane.tool))) return std::optional<Walk>();
        return std::optional<Walk>(begin_in(draft.lane(lane), now_ms));
      });
}

Walk SqliteStore::begin_in(MirrorLane& entry, std::int64_t now_ms) {
  Lane& lane = entry.lane;
  const LastWalk& previous = lane.last_walk;
  if (previous.ordinal != 0 && previous.ended_at_ms == 0) {
    // It may have sent all of its batch before it was cut off.
    entry.reached = std::max(entry.reached, previous.last);
    if (lane.kept_through == 0) lane.kept_through = previous.last;
    connection_.query(kEndWalk)
        .bind(lane.id, previous.ordinal, previous.last, moment(now_ms), 0, 0, std::string("cut off"), 0)
        .run();
    update_lane(connection_, entry);
    fault_point("store.begin_walk.previous_written");
  }
  LastWalk next;
  next.ordinal = previous.ordinal + 1;
  next.last = lane.last_sequence;
  next.started_at_ms = now_ms;
  {
    auto first = connection_.query(kFirstPending);
    first.bind(place_number(lane.id, lane.mark + 1), place_number(lane.id, next.last));
    if (!first.row())
      throw StoreFailure{
          {Status::damaged,
           fmt::format("store {}: lane {} has lost its waiting events: restore it from a backup", path_, lane.key)}};
    next.first = place_of(first.integer(0)).sequence;
  }
  connection_.query(kInsertWalk).bind(lane.id, next.ordinal, next.first, next.last, now_ms).run();
  fault_point("store.begin_walk.walk_written");
  lane.last_walk = next;
  entry.walked_here = true;
  return {lane.id, next.ordinal, next.first, next.last, lane.waiting, entry.reached > lane.mark ? entry.reached : 0};
}

Result<std::vector<Walk>> SqliteStore::save_tool(const Locator& locator, ToolState state, std::int64_t now_ms) {
  return change<std::vector<Walk>>(
      {"store.save_tool.begin", "store.save_tool.before_commit", "store.save_tool.after_commit"},
      [&](Draft& draft) -> Result<std::vector<Walk>> {
        const Tool* const found = draft.before().tool(locator);
        if (found == nullptr)
          return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
        Tool tool = *found;
        tool.state = state;
        connection_.query("UPDATE tool SET state = ?2 WHERE locator = ?1").bind(to_text(locator), to_text(state)).run();
        fault_point("store.save_tool.tool_written");
        draft.put(tool);
        std::vector<Walk> walks;
        if (state != ToolState::available) return walks;
        for (const std::int64_t id : draft.before().lanes_to(locator)) {
          MirrorLane& entry = draft.lane(id);
          Lane& lane = entry.lane;
          if (!lane.released || lane.hold == LaneHold::suspended) {
            lane.released = true;
            if (lane.hold == LaneHold::suspended) {
              lane.hold = LaneHold::none;
              lane.hold_reason.clear();
            }
            update_lane(connection_, entry);
            fault_point("store.save_tool.lane_written");
          }
          if (may_walk(lane, &tool)) walks.push_back(begin_in(entry, now_ms));
        }
        return walks;
      });
}

Result<void> SqliteStore::end_walks(std::span<EndedWalk> ended, std::int64_t now_ms) {
  auto result = change<void>({"store.end_walk.begin", "store.end_walk.before_commit", "store.end_walk.after_commit"},
                             [&](Draft& draft) -> Result<void> {
                               for (EndedWalk& one : ended)
                                 if (auto recorded = end_in(draft, one, now_ms); !recorded)
                                   return fail(recorded.error());
                               return {};
                             });
  if (!result)
    for (EndedWalk& one : ended) one.dropped.clear();
  return result;
}

Result<void> SqliteStore::end_in(Draft& draft, EndedWalk& ended, std::int64_t now_ms) {
  const auto& [walk, end, dropped] = ended;
  const MirrorLane* const found = draft.before().lane(walk.lane);
  if (found == nullptr || found->lane.last_walk.ordinal != walk.ordinal || found->lane.last_walk.ended_at_ms != 0)
    return fail(Status::state,
                fmt::format("walk {} of lane {} is not under way: nothing was recorded", walk.ordinal, walk.lane));
  if (end.reached < 0 || end.reached > walk.last || end.stopped_by < 0 || end.stopped_by > walk.last ||
      end.stopped_through > walk.last || (end.completed && end.stopped_by != 0))
    return fail(Status::argument, fmt::format("walk {} of lane {} cannot have ended so: reached {}, stopped by {} "
                                              "of {}",
                                              walk.ordinal, walk.lane, end.reached, end.stopped_by, walk.last));
  MirrorLane& entry = draft.lane(walk.lane);
  LastWalk& last = entry.lane.last_walk;
  last.reached = end.reached;
  last.ended_at_ms = moment(now_ms);
  last.completed = end.completed;
  last.stopped_by = end.stopped_by;
  last.error = end.error;
  last.not_before_ms = end.not_before_ms;
  entry.walked_here = false;
  connection_.query(kEndWalk)
      .bind(walk.lane, walk.ordinal, end.reached, last.ended_at_ms, end.completed ? 1 : 0, end.stopped_by, end.error,
            end.not_before_ms)
      .run();
  fault_point("store.end_walk.walk_written");
  if (end.completed) {
    entry.lane.mark = std::max(entry.lane.mark, walk.last);
    entry.lane.stopping_sequence = 0;
    entry.lane.stopping_count = 0;
    entry.lane.kept_from = 0;
    entry.lane.kept_through = 0;
    entry.reached = 0;
  } else {
    stop_walk(entry, walk, end, last.ended_at_ms, ended.dropped);
  }
  update_lane(connection_, entry);
  fault_point("store.end_walk.lane_written");
  entry.lane.waiting = count_waiting(connection_, entry.lane);
  return {};
}

void SqliteStore::stop_walk(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                            std::vector<StoredEvent>& dropped) {
  Lane& lane = entry.lane;
  entry.reached = std::max(entry.reached, end.reached);
  count_stop(lane, walk, end.stopped_by);
  if (end.stopped_by != 0) {
    lane.kept_from = end.stopped_through > end.stopped_by ? end.stopped_by : 0;
    lane.kept_through = lane.kept_from != 0 ? end.stopped_through : 0;
  }
  if (end.suspend && lane.hold == LaneHold::none) {
    lane.hold = LaneHold::suspended;
    lane.hold_reason = end.error;
  }
  if (end.stopped_by != 0) settle_never_waiting(entry, walk, end, now_ms, dropped);
  connection_.query(kForgetStoppedWalks).bind(lane.id, walk.ordinal).run();
  fault_point("store.end_walk.old_walks_removed");
}

/// Events that are never queued end with the walk that had them: before the one that stopped it they were answered,
/// from it on they were not.
void SqliteStore::settle_never_waiting(MirrorLane& entry, const Walk& walk, const WalkEnd& end, std::int64_t now_ms,
                                       std::vector<StoredEvent>& dropped) {
  std::vector<StoredEvent> pending;
  {
    auto rows = connection_.query(kNeverWaiting);
    rows.bind(place_number(walk.lane, entry.lane.mark + 1), place_number(walk.lane, walk.last));
    while (rows.row()) pending.push_back(read_event(connection_, rows, mirror_));
  }
  for (StoredEvent& event : pending) {
    const bool answered = event.place.sequence < end.stopped_by;
    event.state = answered ? EventState::delivered : EventState::discarded;
    event.reason = answered ? std::string() : std::string(to_text(Deferral::not_responding));
    event.answer = answered ? std::string() : printable(end.error, kAnswerBytes);
    event.settled_at_ms = now_ms;
    connection_.query(kSettle)
        .bind(place_number(walk.lane, event.place.sequence), static_cast<int>(event.state), event.reason, event.answer,
              now_ms, walk.ordinal)
        .run();
    fault_point("store.end_walk.event_settled");
    if (!answered) dropped.push_back(std::move(event));
  }
}

Result<std::vector<StoredEvent>> SqliteStore::read_waiting(std::int64_t lane, std::int64_t after, std::int64_t through,
                                                           int limit) {
  return look<std::vector<StoredEvent>>([&]() -> Result<std::vector<StoredEvent>> {
    const MirrorLane* const found = mirror_.lane(lane);
    if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
    return read_pending(found->lane, after, through, limit);
  });
}

Result<void> SqliteStore::settle(const Place& place, EventState state, const std::string& reason,
                                 const std::string& answer, std::int64_t now_ms) {
  return change<void>(
      {"store.settle.begin", "store.settle.before_commit", "store.settle.after_commit"},
      [&](Draft& draft) -> Result<void> {
        const MirrorLane* const lane = draft.before().lane(place.lane);
        const std::int64_t number = place_number(place.lane, place.sequence);
        auto row = connection_.query(kStateOf);
        row.bind(number);
        if (lane == nullptr || !row.row())
          return fail(Status::not_found,
                      fmt::format("there is no event at place {} of lane {}", place.sequence, place.lane));
        const auto stored = static_cast<EventState>(row.integer(0));
        const bool waiting = stored == EventState::pending && place.sequence > lane->lane.mark;
        if (state == EventState::pending || (state == EventState::discarded && reason.empty()))
          return fail(Status::argument, "an event is settled as delivered, refused, parked or discarded with a reason");
        if (!waiting && stored != EventState::refused && stored != EventState::parked)
          return fail(Status::refused,
                      fmt::format("event {} of lane {} is {} already, which is final", place.sequence, place.lane,
                                  stored == EventState::pending ? to_text(EventState::delivered) : to_text(stored)));
        connection_.query(kSettle)
            .bind(number, static_cast<int>(state), reason, printable(answer, kAnswerBytes), moment(now_ms),
                  lane->lane.last_walk.ordinal)
            .run();
        fault_point("store.settle.written");
        if (waiting) --draft.lane(place.lane).lane.waiting;
        return {};
      });
}

}  // namespace ptb
