#include "store/event_rows.h"

#include <algorithm>

namespace ptb {

namespace {

// The first walk that moved the mark among those begun after the event was captured is the one that delivered it.
constexpr const char* kCoveringWalk =
    "SELECT coalesce(nullif(ended_at, 0), started_at), ordinal FROM walk WHERE lane = ?1 AND ordinal > ?2 "
    "AND settled >= ?3 ORDER BY ordinal LIMIT 1";

}  // namespace

StoredEvent read_event(Connection& connection, const Query& row, const Mirror& mirror) {
  StoredEvent stored;
  stored.place = place_of(row.integer(0));
  const auto id = row.bytes(1);
  const MirrorLane* const lane = mirror.lane(stored.place.lane);
  const auto kind = event_kind_from(row.integer(9));
  const auto captured_as = deferral_from(row.integer(3));
  if (lane == nullptr || !kind || !captured_as || row.integer(2) < 0 || row.integer(2) > 4 ||
      id.size() != stored.event.id.size())
    throw StoreFailure{{Status::damaged, "the store holds an event that makes no sense: restore it from a backup"}};
  std::copy(id.begin(), id.end(), stored.event.id.begin());
  stored.state = static_cast<EventState>(row.integer(2));
  stored.captured_as = *captured_as;
  stored.walks_before = row.integer(4);
  stored.snapshot = row.integer(5);
  stored.event.occurred_at_ms = row.integer(6);
  stored.event.captured_at_ms = row.integer(7);
  stored.settled_at_ms = row.integer(8);
  stored.event.kind = *kind;
  stored.event.operation = row.text(10);
  stored.event.course_id = row.text(11);
  stored.event.content_id = row.text(12);
  stored.reason = row.text(13);
  stored.answer = row.text(14);
  stored.event.context = row.text(15);
  stored.event.arguments = row.text(16);
  stored.event.locator = lane->own_locator;
  stored.walks = row.integer(17);
  stored.event.not_before_ms = row.integer(18);
  if (stored.state == EventState::pending) stored.walks = lane->lane.last_walk.ordinal - stored.walks_before;
  if (stored.state == EventState::pending && stored.place.sequence <= lane->lane.mark) {
    stored.state = EventState::delivered;
    auto walk = connection.query(kCoveringWalk);
    walk.bind(stored.place.lane, stored.walks_before, stored.place.sequence);
    if (walk.row()) {
      stored.settled_at_ms = walk.integer(0);
      stored.walks = walk.integer(1) - stored.walks_before;
    }
  }
  return stored;
}

void append_in_order(std::vector<StoredEvent>& found, StoredEvent event, std::int64_t first) {
  const std::int64_t number = place_number(event.place.lane, event.place.sequence);
  const std::int64_t least =
      found.empty() ? first : place_number(found.back().place.lane, found.back().place.sequence) + 1;
  if (number < least)
    throw StoreFailure{{Status::damaged, "the store holds events out of their order: restore it from a backup"}};
  found.push_back(std::move(event));
}

}  // namespace ptb
