// Upkeep of SqliteStore: settled rows go, in bounded pieces, once nobody needs them. A round visits the lanes (settled
// events by the walks that settled them, then keys grown too old), the exceptions, and the snapshots no event uses.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sqlite_store.h"

namespace ptb {

namespace {

constexpr int kMaxPieces = 100000;

constexpr const char* kOldestCompletedWalk =
    "SELECT ordinal, first, last, ended_at FROM walk WHERE lane = ?1 AND ordinal > ?2 AND completed = 1 "
    "ORDER BY ordinal LIMIT 1";
constexpr const char* kForgetWalk = "DELETE FROM walk WHERE lane = ?1 AND ordinal = ?2";
constexpr const char* kSpendRange =
    "INSERT INTO spent_key (place, event_id, captured_at) SELECT place, event_id, captured_at FROM event "
    "WHERE place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place LIMIT ?3";
constexpr const char* kRemoveRange =
    "DELETE FROM event WHERE place IN (SELECT place FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 "
    "ORDER BY place LIMIT ?3)";
constexpr const char* kSpend =
    "INSERT INTO spent_key (place, event_id, captured_at) SELECT place, event_id, captured_at FROM event WHERE place = "
    "?1";
constexpr const char* kRemove = "DELETE FROM event WHERE place = ?1";
constexpr const char* kSpentKeys =
    "SELECT place, event_id, captured_at FROM spent_key WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
constexpr const char* kForgetKey = "DELETE FROM event_key WHERE event_id = ?1";
constexpr const char* kForgetSpent = "DELETE FROM spent_key WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kExceptions =
    "SELECT place, settled_at FROM event INDEXED BY event_exception WHERE state <> 0 AND state = ?1 AND place > ?2 "
    "ORDER BY place LIMIT ?3";
constexpr const char* kUses =
    "SELECT snapshot, stretch, EXISTS (SELECT 1 FROM event WHERE place BETWEEN stretch << 10 AND stretch << 10 | 1023) "
    "FROM snapshot_use WHERE (snapshot, stretch) > (?1, ?2) ORDER BY snapshot, stretch LIMIT ?3";
constexpr const char* kForgetUse = "DELETE FROM snapshot_use WHERE snapshot = ?1 AND stretch = ?2";
constexpr const char* kForgetSnapshot =
    "DELETE FROM snapshot WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM snapshot_use WHERE snapshot = ?1)";

}  // namespace

struct SqliteStore::Reclaiming {
  std::int64_t settled_until_ms;  ///< events settled at or before it go
  std::int64_t keys_until_ms;     ///< keys of events captured at or before it go
};

Result<bool> SqliteStore::reclaim(std::int64_t now_ms, std::int64_t receipt_retention_ms, std::int64_t key_retention_ms,
                                  int pieces) {
  if (pieces < 1 || receipt_retention_ms < 0 || key_retention_ms < 0)
    return fail(Status::argument, "reclaim wants at least one piece, and retentions of 0 ms or more");
  return change<bool>({"store.reclaim.begin", "store.reclaim.before_commit", "store.reclaim.after_commit"},
                      [&](Draft& draft) -> Result<bool> {
                        // A rollback may leave the round ahead of the file: the next round sees what it passed over.
                        const Reclaiming terms{now_ms - receipt_retention_ms, now_ms - key_retention_ms};
                        int left = std::min(pieces, kMaxPieces);
                        if (round_.phase == ReclaimRound::Phase::lanes) reclaim_lanes(draft, terms, left);
                        if (round_.phase == ReclaimRound::Phase::exceptions) reclaim_exceptions(draft, terms, left);
                        if (round_.phase == ReclaimRound::Phase::snapshots) reclaim_snapshots(left);
                        return round_.phase != ReclaimRound::Phase::done || next_round();
                      });
}

/// False: nothing is left of this round.
bool SqliteStore::next_round() {
  const ReclaimRound past = round_;
  round_ = {};
  round_.removed = past.removed;
  round_.uses_seen = past.uses_seen;
  return false;
}

void SqliteStore::reclaim_lanes(Draft& draft, const Reclaiming& terms, int& pieces) {
  const auto& lanes = draft.before().lanes();
  for (auto at = lanes.upper_bound(round_.lane); at != lanes.end(); ++at) {
    if (pieces <= 0) return;
    move_idle_mark(draft, at->second);
    reclaim_acknowledged(at->second.lane, terms, pieces);
    reclaim_keys(at->first, terms, pieces);
    if (pieces <= 0) return;
    --pieces;
    round_.lane = at->first;
  }
  round_.phase = ReclaimRound::Phase::exceptions;
}

/// A lane in which every event was settled one by one has no walk that would move its mark.
void SqliteStore::move_idle_mark(Draft& draft, const MirrorLane& entry) {
  const Lane& lane = entry.lane;
  if (lane.waiting != 0 || lane.mark == lane.last_sequence || entry.walked_here) return;
  MirrorLane& changed = draft.lane(lane.id);
  changed.lane.mark = lane.last_sequence;
  changed.lane.stopping_sequence = 0;
  changed.lane.stopping_count = 0;
  changed.reached = 0;
  update_lane(connection_, changed);
  fault_point("store.reclaim.lane_written");
}

void SqliteStore::reclaim_acknowledged(const Lane& lane, const Reclaiming& terms, int& pieces) {
  std::int64_t ordinal = 0;
  while (pieces > 0) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    {
      auto walk = connection_.query(kOldestCompletedWalk);
      walk.bind(lane.id, ordinal);
      if (!walk.row() || walk.integer(3) > terms.settled_until_ms) return;
      ordinal = walk.integer(0);
      first = place_number(lane.id, walk.integer(1));
      last = place_number(lane.id, walk.integer(2));
    }
    connection_.query(kSpendRange).bind(first, last, pieces).run();
    fault_point("store.reclaim.keys_spent");
    connection_.query(kRemoveRange).bind(first, last, pieces).run();
    fault_point("store.reclaim.events_removed");
    const auto removed = static_cast<int>(connection_.changes());
    round_.removed += removed;
    pieces -= removed;
    if (pieces <= 0 || ordinal == lane.last_walk.ordinal) return;
    connection_.query(kForgetWalk).bind(lane.id, ordinal).run();
    fault_point("store.reclaim.walk_removed");
    --pieces;
  }
}

void SqliteStore::reclaim_keys(std::int64_t lane, const Reclaiming& terms, int& pieces) {
  if (pieces <= 0) return;
  const std::int64_t first = place_number(lane, 1);
  std::int64_t last = 0;
  {
    auto spent = connection_.query(kSpentKeys);
    spent.bind(first, place_number(lane, kMaxSequence), pieces);
    while (spent.row() && spent.integer(2) <= terms.keys_until_ms) {
      last = spent.integer(0);
      connection_.query(kForgetKey).bind(spent.bytes(1)).run();
      fault_point("store.reclaim.key_removed");
      --pieces;
    }
  }
  if (last != 0) connection_.query(kForgetSpent).bind(first, last).run();
}

void SqliteStore::reclaim_exceptions(Draft& draft, const Reclaiming& terms, int& pieces) {
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
      auto rows = connection_.query(kExceptions);
      rows.bind(number, round_.place, asked);
      while (rows.row()) {
        --pieces;
        round_.place = rows.integer(0);
        const Place place = place_of(round_.place);
        if (rows.integer(1) <= terms.settled_until_ms && place.sequence <= draft.mark(place.lane))
          due.push_back(round_.place);
      }
    }
    for (const std::int64_t place : due) {
      connection_.query(kSpend).bind(place).run();
      connection_.query(kRemove).bind(place).run();
      fault_point("store.reclaim.exception_removed");
    }
    round_.removed += static_cast<std::int64_t>(due.size());
    if (pieces <= 0) return;
  }
  round_.phase = ReclaimRound::Phase::snapshots;
}

/// Looks at every use of a snapshot, but only once so many events have gone since the last time that it is worth it.
void SqliteStore::reclaim_snapshots(int& pieces) {
  const bool under_way = round_.snapshot != 0;
  if (!under_way && (round_.removed == 0 || round_.removed < round_.uses_seen / 4)) {
    round_.phase = ReclaimRound::Phase::done;
    return;
  }
  if (pieces <= 0) return;
  struct Use {
    std::int64_t snapshot;
    std::int64_t stretch;
  };
  std::vector<Use> unused;
  {
    auto rows = connection_.query(kUses);
    rows.bind(round_.snapshot, round_.stretch, pieces);
    while (rows.row()) {
      --pieces;
      ++round_.uses_now;
      round_.snapshot = rows.integer(0);
      round_.stretch = rows.integer(1);
      if (rows.integer(2) == 0) unused.push_back({round_.snapshot, round_.stretch});
    }
  }
  for (const Use& use : unused) {
    connection_.query(kForgetUse).bind(use.snapshot, use.stretch).run();
    fault_point("store.reclaim.use_removed");
    connection_.query(kForgetSnapshot).bind(use.snapshot).run();
    fault_point("store.reclaim.snapshot_removed");
  }
  round_.uses_now -= static_cast<std::int64_t>(unused.size());
  if (pieces <= 0) return;
  round_.removed = 0;
  round_.uses_seen = round_.uses_now;
  round_.phase = ReclaimRound::Phase::done;
}

}  // namespace ptb
