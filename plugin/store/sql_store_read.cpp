// Reading events from SqlStore, in pages.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr std::int64_t kPageLimit = 1000;
constexpr int kSettingsColumn = 19;  // of kPendingRows: behind PTB_EVENT_COLUMNS

constexpr const char* kPendingRows = "SELECT " PTB_EVENT_COLUMNS ", " PTB_EVENT_SETTINGS
                                     " FROM event WHERE place BETWEEN ?1 AND ?2 AND state = 0 ORDER BY place LIMIT ?3";
constexpr const char* kAllRows =
    "SELECT " PTB_EVENT_COLUMNS " FROM event WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
constexpr const char* kDeliveredRows =
    "SELECT " PTB_EVENT_COLUMNS " FROM event WHERE place BETWEEN ?1 AND ?2 AND state IN (0, 1) ORDER BY place LIMIT ?3";
constexpr const char* kExceptionRows = "SELECT " PTB_EVENT_COLUMNS
                                       " FROM event INDEXED BY event_exception WHERE state <> 0 AND state = ?4 "
                                       "AND place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
constexpr const char* kRowAt = "SELECT " PTB_EVENT_COLUMNS " FROM event WHERE place = ?1";
constexpr const char* kSettingsAt = "SELECT settings FROM event WHERE place = ?1 AND settings <> ''";

std::int64_t page_size(std::int64_t asked) { return std::clamp<std::int64_t>(asked, 1, kPageLimit); }

}  // namespace

Result<std::optional<StoredEvent>> SqlStore::find(const EventId& id) {
  return look<std::optional<StoredEvent>>([&]() -> Result<std::optional<StoredEvent>> {
    const auto place = place_of_key(id);
    if (!place) return std::optional<StoredEvent>();
    // Another process may have made its lane since this one looked.
    if (shared_ && mirror_.lane(place_of(*place).lane) == nullptr) take_in_changes();
    auto row = connection_->query(kRowAt);
    row.bind(*place);
    if (!row.row()) return std::optional<StoredEvent>();
    return std::optional<StoredEvent>(read_event(*connection_, row, mirror_));
  });
}

Result<std::optional<StoredEvent>> SqlStore::first_waiting(std::int64_t lane) {
  return look<std::optional<StoredEvent>>([&]() -> Result<std::optional<StoredEvent>> {
    const MirrorLane* const found = mirror_.lane(lane);
    if (found == nullptr) return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", lane));
    if (found->lane.waiting == 0) return std::optional<StoredEvent>();
    auto head = read_pending(found->lane, found->lane.mark, kMaxSequence, 1);
    if (head.empty()) return std::optional<StoredEvent>();
    return std::optional<StoredEvent>(std::move(head.front()));
  });
}

Result<std::string> SqlStore::settings(std::int64_t snapshot) {
  return look<std::string>([&]() -> Result<std::string> {
    if (snapshot == 0) return std::string();
    auto found = settings_at(snapshot);
    if (found.empty())
      return fail(Status::not_found, fmt::format("store {}: there is no snapshot {}", name_, snapshot));
    return found;
  });
}

/// Empty where no event at that place holds any.
std::string SqlStore::settings_at(std::int64_t place) {
  auto row = connection_->query(kSettingsAt);
  row.bind(place);
  return row.row() ? std::string(row.text(0)) : std::string();
}

std::vector<StoredEvent> SqlStore::read_pending(const Lane& lane, std::int64_t after, std::int64_t through, int limit) {
  auto rows = connection_->query(kPendingRows);
  const std::int64_t first = place_number(lane.id, std::max(after, lane.mark) + 1);
  rows.bind(first, place_number(lane.id, std::min(through, kMaxSequence)), page_size(limit));
  std::vector<StoredEvent> found;
  found.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(lane.waiting, 0, page_size(limit))));
  while (rows.row()) {
    append_in_order(found, read_event(*connection_, rows, mirror_), first);
    found.back().settings = rows.text(kSettingsColumn);
  }
  return found;
}

void SqlStore::append_rows(Query& rows, std::size_t limit, std::int64_t first, std::vector<StoredEvent>& found) {
  while (found.size() < limit && rows.row()) append_in_order(found, read_event(*connection_, rows, mirror_), first);
}

Result<std::vector<StoredEvent>> SqlStore::list(const EventFilter& filter) {
  return look<std::vector<StoredEvent>>([&]() -> Result<std::vector<StoredEvent>> {
    std::set<std::int64_t> chosen;
    if (filter.tool) {
      chosen = mirror_.lanes_to(*filter.tool).lanes;
      if (const Family* const own = mirror_.family(*filter.tool); own != nullptr)
        chosen.insert(own->lanes.begin(), own->lanes.end());
    }
    const auto limit = static_cast<std::size_t>(page_size(filter.limit));
    const Place after = filter.after.value_or(Place{});
    std::vector<StoredEvent> found;
    const auto& lanes = mirror_.lanes();
    for (auto at = lanes.lower_bound(after.lane); at != lanes.end() && found.size() < limit; ++at) {
      if (filter.tool && !chosen.contains(at->first)) continue;
      list_lane(at->second.lane, filter.state, at->first == after.lane ? after.sequence : 0, limit, found);
    }
    return found;
  });
}

void SqlStore::list_lane(const Lane& lane, EventFilterState state, std::int64_t after, std::size_t limit,
                         std::vector<StoredEvent>& found) {
  const auto append = [&](const char* sql, std::int64_t first, std::int64_t last, auto... only) {
    if (first > last || found.size() >= limit) return;
    auto rows = connection_->query(sql);
    rows.bind(place_number(lane.id, first), place_number(lane.id, last),
              static_cast<std::int64_t>(limit - found.size()), only...);
    append_rows(rows, limit, place_number(lane.id, first), found);
  };
  const std::int64_t last = lane.last_sequence;
  switch (state) {
    case EventFilterState::any: append(kAllRows, after + 1, last); return;
    case EventFilterState::pending:
      if (lane.waiting > 0) append(kPendingRows, std::max(after, lane.mark) + 1, last);
      return;
    case EventFilterState::delivered:
      append(kDeliveredRows, after + 1, lane.mark);
      append(kExceptionRows, std::max(after, lane.mark) + 1, last, static_cast<int>(EventState::delivered));
      return;
    case EventFilterState::refused:
      append(kExceptionRows, after + 1, last, static_cast<int>(EventState::refused));
      return;
    case EventFilterState::parked:
      append(kExceptionRows, after + 1, last, static_cast<int>(EventState::parked));
      return;
    case EventFilterState::discarded:
      append(kExceptionRows, after + 1, last, static_cast<int>(EventState::discarded));
      return;
  }
}

}  // namespace ptb
