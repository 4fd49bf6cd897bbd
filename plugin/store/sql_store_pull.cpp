// Pulling from SqlStore: events that somebody takes to deal with them, for as long as a lease runs.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr int kTakenTogether = 1000;
constexpr int kSettingsColumn = 19;  // behind PTB_EVENT_COLUMNS

constexpr const char* kFreeRows =
    "SELECT " PTB_EVENT_COLUMNS ", " PTB_EVENT_SETTINGS
    " FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 "
    "AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.place = event.place) ORDER BY place LIMIT ?3";
constexpr const char* kInsertLease = "INSERT INTO lease (place, token, until) VALUES (?1, ?2, ?3)";
constexpr const char* kLeaseAt = "SELECT token, until FROM lease WHERE place = ?1";
constexpr const char* kDropLease = "DELETE FROM lease WHERE place = ?1";

bool is_token(const std::string& token) {
  return token.size() == 32 && token.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// A puller may have events of it, as far as the lane itself is concerned.
bool may_pull(const MirrorLane& entry, bool tool_suspended) {
  const Lane& lane = entry.lane;
  if (lane.waiting == 0 || !lane.released || entry.is_walked() || lane.hold == LaneHold::held) return false;
  return tool_suspended || lane.hold != LaneHold::none;
}

}  // namespace

Result<Lease> SqlStore::take(const Locator& tool, int limit, const std::string& token, std::int64_t until_ms,
                             std::int64_t now_ms) {
  if (limit < 1 || !is_token(token) || until_ms <= now_ms)
    return fail(Status::argument, "a lease wants at least one event, a token of 32 hex digits and an end to come");
  return change<Lease>(
      {"store.take.begin", "store.take.before_commit", "store.take.after_commit"}, [&] { return scope_of_tool(tool); },
      [&](Draft& draft) -> Result<Lease> {
        const Mirror& mirror = draft.before();
        const Tool* const installed = mirror.tool(tool);
        const bool suspended = installed != nullptr && !installed->suspended.empty();
        Lease lease{token, until_ms, {}};
        int left = std::min(limit, kTakenTogether);
        for (const std::int64_t id : mirror.lanes_to(tool).lanes) {
          if (left == 0) break;
          const MirrorLane& entry = *mirror.lane(id);
          const bool all_leased = entry.leases >= entry.lane.waiting && !lease_is_over(entry.leased_until, now_ms);
          if (!may_pull(entry, suspended) || all_leased) continue;
          if (mirror.family(entry.own_locator)->waits_before(entry.lane.epoch)) continue;
          left -= static_cast<int>(take_in(draft, id, token, now_ms, left, lease));
        }
        return lease;
      });
}

std::int64_t SqlStore::take_in(Draft& draft, std::int64_t lane, const std::string& token, std::int64_t now_ms,
                               int limit, Lease& lease) {
  MirrorLane& entry = draft.lane(lane);
  if (entry.leases > 0) remove_over_leases(entry, now_ms);
  const std::int64_t first = first_pending(entry.lane, entry.lane.last_sequence);
  const Reach reach = reach_of(draft, entry, first);
  const std::size_t before = lease.events.size();
  {
    auto rows = connection_->query(kFreeRows);
    rows.bind(place_number(lane, first), place_number(lane, reach.last), limit);
    while (rows.row()) {
      lease.events.push_back(read_event(*connection_, rows, mirror_));
      lease.events.back().settings = rows.text(kSettingsColumn);
    }
  }
  for (auto at = lease.events.begin() + static_cast<std::ptrdiff_t>(before); at != lease.events.end(); ++at) {
    connection_->query(kInsertLease).bind(place_number(lane, at->place.sequence), token, lease.until_ms).run();
    fault_point("store.take.lease_written");
  }
  const auto taken = static_cast<std::int64_t>(lease.events.size() - before);
  if (taken > 0) {
    entry.leased_until = entry.leases == 0 ? lease.until_ms : std::min(entry.leased_until, lease.until_ms);
    entry.leases += taken;
  }
  return taken;
}

Result<void> SqlStore::end_lease(const EventId& id, const std::string& token, bool acknowledged, std::int64_t now_ms) {
  return change<void>(
      {"store.end_lease.begin", "store.end_lease.before_commit", "store.end_lease.after_commit"},
      [&] {
        const auto place = place_of_key(id);
        return place ? scope_of_lane(place_of(*place).lane) : Scope();
      },
      [&](Draft& draft) -> Result<void> {
        const auto place = place_of_key(id);
        bool holds = false;
        if (place) {
          auto row = connection_->query(kLeaseAt);
          holds = row.bind(*place).row() && row.text(0) == token && row.integer(1) > now_ms;
        }
        if (!holds)
          return fail(Status::refused, fmt::format("event {} is not in the hands of whoever holds this token, or not "
                                                   "any more: take it again",
                                                   to_text(id)));
        if (acknowledged) return settle_in(draft, place_of(*place), EventState::delivered, "", "", now_ms);
        connection_->query(kDropLease).bind(*place).run();
        fault_point("store.end_lease.given_back");
        --draft.lane(place_of(*place).lane).leases;
        return {};
      });
}

}  // namespace ptb
