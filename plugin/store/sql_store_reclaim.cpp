// Upkeep of SqlStore: settled rows go, in bounded pieces, once nobody needs them. A round visits the lanes (settled
// events by the walks that settled them, then keys grown too old) and the exceptions. An event that holds the settings
// of others goes after them.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr int kMaxPieces = 100000;

// One that a crash has cut off counts from its start.
constexpr const char* kOldestSettlingWalk =
    "SELECT ordinal, first, settled, coalesce(nullif(ended_at, 0), started_at) FROM walk "
    "WHERE lane = ?1 AND ordinal > ?2 AND settled > 0 ORDER BY ordinal LIMIT 1";
constexpr const char* kForgetWalk = "DELETE FROM walk WHERE lane = ?1 AND ordinal = ?2";
#define PTB_SHARED_BY_NONE                                                                                             \
  "(settings = '' OR NOT EXISTS (SELECT 1 FROM event AS sharing INDEXED BY event_sharing WHERE sharing.settings = '' " \
  "AND sharing.snapshot IS NOT NULL AND sharing.snapshot = event.place))"
#define PTB_REMOVABLE_RANGE "place BETWEEN ?1 AND ?2 AND state = 0 AND " PTB_SHARED_BY_NONE " ORDER BY place LIMIT ?3"
constexpr const char* kSpendRange =
    "INSERT INTO spent_key (place, event_id, captured_at) SELECT place, event_id, captured_at FROM event "
    "WHERE " PTB_REMOVABLE_RANGE;
constexpr const char* kRemoveRange =
    "DELETE FROM event WHERE place IN (SELECT place FROM event WHERE " PTB_REMOVABLE_RANGE ")";
constexpr const char* kAnyInRange = "SELECT 1 FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 LIMIT 1";
constexpr const char* kSpend =
    "INSERT INTO spent_key (place, event_id, captured_at) SELECT place, event_id, captured_at FROM event "
    "WHERE place = ?1 AND " PTB_SHARED_BY_NONE;
constexpr const char* kRemove = "DELETE FROM event WHERE place = ?1 AND " PTB_SHARED_BY_NONE;
constexpr const char* kSpentKeys =
    "SELECT place, event_id, captured_at FROM spent_key WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
constexpr const char* kForgetKey = "DELETE FROM event_key WHERE event_id = ?1";
constexpr const char* kForgetSpent = "DELETE FROM spent_key WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kExceptions =
    "SELECT place, settled_at FROM event INDEXED BY event_exception WHERE state <> 0 AND state = ?1 AND place > ?2 "
    "ORDER BY place LIMIT ?3";

}  // namespace

struct SqlStore::Reclaiming {
  std::int64_t now_ms;
  const ReceiptRetention& retention;
  std::int64_t keys_until_ms;  ///< keys of events captured at or before it go

  /// Events of a tool that were settled at or before it go.
  [[nodiscard]] std::int64_t settled_until_ms(const Locator& tool) const {
    return now_ms - std::max<std::int64_t>(retention(tool), 0);
  }
};

Result<bool> SqlStore::reclaim(std::int64_t now_ms, const ReceiptRetention& retention, std::int64_t key_retention_ms,
                               int pieces) {
  if (pieces < 1 || !retention || key_retention_ms < 0)
    return fail(Status::argument, "reclaim wants at least one piece, and retentions of 0 ms or more");
  return change<bool>(
      {"store.reclaim.begin", "store.reclaim.before_commit", "store.reclaim.after_commit"},
      [&] { return everything(); },
      [&](Draft& draft) -> Result<bool> {
        // A rollback may leave the round ahead of the file: the next round sees what it passed over.
        const Reclaiming terms{now_ms, retention, now_ms - key_retention_ms};
        int left = std::min(pieces, kMaxPieces);
        if (round_.phase == ReclaimRound::Phase::lanes) reclaim_lanes(draft, terms, left);
        if (round_.phase == ReclaimRound::Phase::exceptions) reclaim_exceptions(draft, terms, left);
        const bool more = round_.phase != ReclaimRound::Phase::done;
        if (!more) round_ = {};
        return more;
      });
}

void SqlStore::reclaim_lanes(Draft& draft, const Reclaiming& terms, int& pieces) {
  const auto& lanes = draft.before().lanes();
  for (auto at = lanes.upper_bound(round_.lane); at != lanes.end(); ++at) {
    if (pieces <= 0) return;
    move_idle_mark(draft, at->second);
    const Lane& lane = at->second.lane;
    // Those into a lane that may be walked go when it is: until then they tell which lane may go on.
    if (at->second.crossed && !may_walk(lane, draft.before().tool(lane.tool)))
      remove_idle_crossings(draft, at->first, true);
    reclaim_acknowledged(draft, at->second, terms, pieces);
    reclaim_keys(at->first, terms, pieces);
    if (pieces <= 0) return;
    --pieces;
    round_.lane = at->first;
  }
  round_.phase = ReclaimRound::Phase::exceptions;
}

/// A lane in which every event was settled one by one has no walk that would move its mark.
void SqlStore::move_idle_mark(Draft& draft, const MirrorLane& entry) {
  const Lane& lane = entry.lane;
  if (lane.waiting != 0 || lane.mark == lane.last_sequence || entry.is_walked()) return;
  MirrorLane& changed = draft.lane(lane.id);
  changed.lane.mark = lane.last_sequence;
  changed.lane.stopping_sequence = 0;
  changed.lane.stopping_count = 0;
  changed.reached = 0;
  update_lane(*connection_, changed);
  fault_point("store.reclaim.lane_written");
}

void SqlStore::reclaim_acknowledged(Draft& draft, const MirrorLane& entry, const Reclaiming& terms, int& pieces) {
  const Lane& lane = entry.lane;
  const std::int64_t settled_until_ms = terms.settled_until_ms(lane.tool);
  std::int64_t ordinal = 0;
  while (pieces > 0) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    {
      auto walk = connection_->query(kOldestSettlingWalk);
      walk.bind(lane.id, ordinal);
      if (!walk.row() || walk.integer(3) > settled_until_ms) return;
      if (entry.is_walked() && walk.integer(0) == lane.last_walk.ordinal) return;
      ordinal = walk.integer(0);
      first = place_number(lane.id, walk.integer(1));
      last = place_number(lane.id, walk.integer(2));
    }
    enter_keys(draft);
    // Twice, since what holds the settings of others comes before them.
    for (int removed = -1; removed != 0 && pieces > 0;) removed = remove_range(first, last, pieces);
    if (pieces <= 0 || ordinal == lane.last_walk.ordinal) return;
    {
      auto left = connection_->query(kAnyInRange);
      left.bind(first, last);
      if (left.row()) continue;
    }
    connection_->query(kForgetWalk).bind(lane.id, ordinal).run();
    fault_point("store.reclaim.walk_removed");
    --pieces;
  }
}

int SqlStore::remove_range(std::int64_t first, std::int64_t last, int& pieces) {
  connection_->query(kSpendRange).bind(first, last, pieces).run();
  fault_point("store.reclaim.keys_spent");
  connection_->query(kRemoveRange).bind(first, last, pieces).run();
  fault_point("store.reclaim.events_removed");
  const auto removed = static_cast<int>(connection_->changes());
  pieces -= removed;
  return removed;
}

void SqlStore::reclaim_keys(std::int64_t lane, const Reclaiming& terms, int& pieces) {
  if (pieces <= 0) return;
  const std::int64_t first = place_number(lane, 1);
  std::int64_t last = 0;
  {
    auto spent = connection_->query(kSpentKeys);
    spent.bind(first, place_number(lane, kMaxSequence), pieces);
    while (spent.row() && spent.integer(2) <= terms.keys_until_ms) {
      last = spent.integer(0);
      connection_->query(kForgetKey).bind(spent.bytes(1)).run();
      fault_point("store.reclaim.key_removed");
      --pieces;
    }
  }
  if (last != 0) connection_->query(kForgetSpent).bind(first, last).run();
}

void SqlStore::reclaim_exceptions(Draft& draft, const Reclaiming& terms, int& pieces) {
  for (const EventState state : {EventState::delivered, EventState::refused, EventState::discarded}) {
    const auto number = static_cast<int>(state);
    if (number < round_.state) continue;
    if (number > round_.state) {
      round_.state = number;
      round_.place = 0;
    }
    if (pieces <= 0) return;
    std::vector<std::int64_t> due;
    const int asked = pieces;
    {
      auto rows = connection_->query(kExceptions);
      rows.bind(number, round_.place, asked);
      while (rows.row()) {
        --pieces;
        round_.place = rows.integer(0);
        const Place place = place_of(round_.place);
        const MirrorLane* const lane = draft.find(place.lane);
        if (lane != nullptr && place.sequence <= lane->lane.mark &&
            rows.integer(1) <= terms.settled_until_ms(lane->lane.tool))
          due.push_back(round_.place);
      }
    }
    if (!due.empty()) enter_keys(draft);
    for (const std::int64_t place : due) {
      connection_->query(kSpend).bind(place).run();
      connection_->query(kRemove).bind(place).run();
      fault_point("store.reclaim.exception_removed");
    }
    if (pieces <= 0) return;
  }
  round_.phase = ReclaimRound::Phase::done;
}

}  // namespace ptb
