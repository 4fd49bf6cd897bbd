// Which lanes of SqlStore go before which: lanes of an earlier epoch, events of two courses, and events in a
// puller's hands. What goes first was always captured earlier, so that the event captured first of all that wait is
// never behind another.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr const char* kStateAt = "SELECT state FROM event WHERE place = ?1";
constexpr const char* kFirstPending =
    "SELECT place FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place LIMIT 1";
constexpr const char* kCrossingsInto = "SELECT place, after FROM crossing WHERE lane = ?1 ORDER BY after, place";
constexpr const char* kCrossingsOf =
    "SELECT place, lane, after FROM crossing WHERE place BETWEEN ?1 AND ?2 ORDER BY place";
constexpr const char* kForgetCrossing = "DELETE FROM crossing WHERE place = ?1";
constexpr const char* kLeaseEnd =
    "SELECT coalesce(max(until), 0) FROM lease WHERE place BETWEEN ?1 AND ?2 AND until <= ?3";
constexpr const char* kForgetOverLeases =
    "DELETE FROM lease WHERE place BETWEEN ?1 AND ?2 AND (until <= ?3 OR until > ?4)";
constexpr const char* kLeases = "SELECT count(*), coalesce(min(until), 0) FROM lease WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kCapturedAt = "SELECT captured_at FROM event WHERE place = ?1";
constexpr int kCrossingsSeenTogether = 1000;  // when those of one lane are looked at for removal

std::int64_t first_of(std::int64_t lane) { return place_number(lane, 1); }
std::int64_t last_of(std::int64_t lane) { return place_number(lane, kMaxSequence); }

}  // namespace

bool SqlStore::is_pending(const Draft& draft, std::int64_t place) {
  if (place_of(place).sequence <= draft.mark(place_of(place).lane)) return false;
  auto row = connection_->query(kStateAt);
  row.bind(place);
  return row.row() && static_cast<EventState>(row.integer(0)) == EventState::pending;
}

/// Its sequence; 0: nothing up to `through` waits.
std::int64_t SqlStore::first_pending(const Lane& lane, std::int64_t through) {
  if (lane.waiting == 0 || through <= lane.mark) return 0;
  auto row = connection_->query(kFirstPending);
  row.bind(place_number(lane.id, lane.mark + 1), place_number(lane.id, through));
  return row.row() ? place_of(row.integer(0)).sequence : 0;
}

/// As the second course of other lanes' events: it goes up to where the first of them that waits was captured.
SqlStore::Reach SqlStore::reach_as_second(const Draft& draft, const MirrorLane& entry) {
  auto row = connection_->query(kCrossingsInto);
  row.bind(entry.lane.id);
  while (row.row()) {
    const Place place = place_of(row.integer(0));
    // Events of this transaction are not among what was there before it.
    const MirrorLane* const holder = draft.find(place.lane);
    if (holder == nullptr || place.sequence > holder->lane.last_sequence) continue;
    if (is_pending(draft, row.integer(0))) return {row.integer(1), {place.lane, place.sequence, 0}};
  }
  return {entry.lane.last_sequence, {}};
}

SqlStore::Reach SqlStore::reach_of(const Draft& draft, const MirrorLane& entry, std::int64_t first) {
  if (!entry.crossed) return {entry.lane.last_sequence, {}};
  Reach reach = reach_as_second(draft, entry);
  auto row = connection_->query(kCrossingsOf);
  row.bind(place_number(entry.lane.id, first), place_number(entry.lane.id, reach.last));
  while (row.row()) {
    const MirrorLane* const other = draft.find(row.integer(1));
    const std::int64_t after = row.integer(2);
    if (other == nullptr || first_pending(other->lane, std::min(after, other->lane.last_sequence)) == 0) continue;
    if (!is_pending(draft, row.integer(0))) continue;
    return {place_of(row.integer(0)).sequence - 1, {other->lane.id, after, 0}};
  }
  return reach;
}

/// Crossings into this lane whose event is settled: they hold up nothing any more. `all`: also behind one that does.
void SqlStore::remove_idle_crossings(Draft& draft, std::int64_t lane, bool all) {
  std::vector<std::int64_t> over;
  {
    auto row = connection_->query(kCrossingsInto);
    row.bind(lane);
    for (int seen = 0; seen < kCrossingsSeenTogether && row.row(); ++seen) {
      if (!is_pending(draft, row.integer(0)))
        over.push_back(row.integer(0));
      else if (!all)
        break;
    }
  }
  for (const std::int64_t place : over) connection_->query(kForgetCrossing).bind(place).run();
  if (!over.empty()) fault_point("store.crossings.removed");
  auto into = connection_->query(kCrossingsInto);
  auto of = connection_->query(kCrossingsOf);
  if (!into.bind(lane).row() && !of.bind(first_of(lane), last_of(lane)).row()) draft.lane(lane).crossed = false;
}

/// When the last lease on an event of the lane ends; 0: none is under way.
std::int64_t SqlStore::lease_end(std::int64_t lane, std::int64_t now_ms) {
  auto row = connection_->query(kLeaseEnd);
  row.bind(first_of(lane), last_of(lane), now_ms + kLongestLeaseMs).row();
  const std::int64_t until = row.integer(0);
  return lease_is_over(until, now_ms) ? 0 : until;
}

void SqlStore::remove_over_leases(MirrorLane& entry, std::int64_t now_ms) {
  const std::int64_t lane = entry.lane.id;
  connection_->query(kForgetOverLeases).bind(first_of(lane), last_of(lane), now_ms, now_ms + kLongestLeaseMs).run();
  fault_point("store.leases.removed");
  auto left = connection_->query(kLeases);
  left.bind(first_of(lane), last_of(lane)).row();
  entry.leases = left.integer(0);
  entry.leased_until = left.integer(1);
}

Result<std::optional<LaneBlock>> SqlStore::block_of(std::int64_t lane, std::int64_t now_ms) {
  return look<std::optional<LaneBlock>>([&]() -> Result<std::optional<LaneBlock>> {
    const MirrorLane* const found = mirror_.lane(lane);
    if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
    if (found->lane.waiting == 0) return std::optional<LaneBlock>();
    const Family& family = *mirror_.family(found->own_locator);
    if (family.waits_before(found->lane.epoch))
      return std::optional(LaneBlock{*family.waiting.begin()->second.begin(), 0, 0});
    if (found->crossed) {
      const Draft draft(mirror_);
      const std::int64_t first = first_pending(found->lane, found->lane.last_sequence);
      const Reach reach = reach_of(draft, *found, first);
      if (reach.last < first) return std::optional(reach.block);
    }
    if (found->leases > 0)
      if (const std::int64_t until = lease_end(lane, now_ms); until != 0) return std::optional(LaneBlock{0, 0, until});
    return std::optional<LaneBlock>();
  });
}

Result<std::vector<std::int64_t>> SqlStore::lanes_behind(std::int64_t lane) {
  return look<std::vector<std::int64_t>>([&]() -> Result<std::vector<std::int64_t>> {
    const MirrorLane* const found = mirror_.lane(lane);
    if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
    std::set<std::int64_t> behind;
    // Lanes that are still behind others are named when the last of those has drained.
    for (const auto& [epoch, lanes] : mirror_.family(found->own_locator)->waiting) {
      if (epoch > found->lane.epoch) behind = lanes;
      if (epoch > found->lane.epoch || lanes.size() > 1 || !lanes.contains(lane)) break;
    }
    if (found->crossed) {
      const Draft draft(mirror_);
      const auto add = [&](std::int64_t other) {
        const MirrorLane* const known = mirror_.lane(other);
        if (known != nullptr && known->lane.waiting > 0) behind.insert(other);
      };
      auto into = connection_->query(kCrossingsInto);
      into.bind(lane);
      while (into.row())
        if (is_pending(draft, into.integer(0))) add(place_of(into.integer(0)).lane);
      auto of = connection_->query(kCrossingsOf);
      of.bind(first_of(lane), last_of(lane));
      while (of.row()) add(of.integer(1));
    }
    return std::vector<std::int64_t>(behind.begin(), behind.end());
  });
}

Result<Backlog> SqlStore::backlog(const Locator& tool) {
  return look<Backlog>([&]() -> Result<Backlog> {
    const ToolLanes& lanes = mirror_.lanes_to(tool);
    Backlog found{lanes.waiting, lanes.waiting_lanes, 0};
    if (found.lanes == 0) return found;
    for (const std::int64_t id : lanes.lanes) {
      const MirrorLane& entry = *mirror_.lane(id);
      if (entry.lane.waiting == 0) continue;
      if (entry.oldest_at == 0) {
        auto row = connection_->query(kCapturedAt);
        row.bind(place_number(id, first_pending(entry.lane, entry.lane.last_sequence)));
        mirror_.remember_oldest(id, row.row() ? row.integer(0) : 0);
      }
      if (found.oldest_at == 0 || entry.oldest_at < found.oldest_at) found.oldest_at = entry.oldest_at;
    }
    return found;
  });
}

}  // namespace ptb
