// The failures of single events in SqlStore: kept while the event waits or is parked, the first and the last few.
#include "store/event_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr const char* kLastNumber = "SELECT coalesce(max(number), 0) FROM failure WHERE place = ?1";
constexpr const char* kInsert = "INSERT INTO failure (place, number, at, error) VALUES (?1, ?2, ?3, ?4)";
constexpr const char* kForgetMiddle = "DELETE FROM failure WHERE place = ?1 AND number > 1 AND number <= ?2";
constexpr const char* kForgetSettled =
    "DELETE FROM failure WHERE place BETWEEN ?1 AND ?2 "
    "AND coalesce((SELECT state FROM event WHERE event.place = failure.place), 0) <> 3";
constexpr const char* kAnyOfLane = "SELECT 1 FROM failure WHERE place BETWEEN ?1 AND ?2 LIMIT 1";
constexpr const char* kOfPlace = "SELECT number, at, error FROM failure WHERE place = ?1 ORDER BY number";
constexpr std::int64_t kLastKept = 19;

}  // namespace

void SqlStore::record_failure(MirrorLane& entry, std::int64_t sequence, const std::string& error, std::int64_t now_ms) {
  const std::int64_t place = place_number(entry.lane.id, sequence);
  std::int64_t number = 0;
  {
    auto last = connection_->query(kLastNumber);
    last.bind(place).row();
    number = last.integer(0) + 1;
  }
  connection_->query(kInsert).bind(place, number, now_ms, error).run();
  if (number > kLastKept + 1) connection_->query(kForgetMiddle).bind(place, number - kLastKept).run();
  entry.failed = true;
  fault_point("store.end_walk.failure_written");
}

/// Of the events first…last, which are settled now; those that are parked keep theirs.
void SqlStore::forget_failures(MirrorLane& entry, std::int64_t first, std::int64_t last) {
  if (!entry.failed || first > last) return;
  const std::int64_t lane = entry.lane.id;
  connection_->query(kForgetSettled).bind(place_number(lane, first), place_number(lane, last)).run();
  fault_point("store.failures.removed");
  auto left = connection_->query(kAnyOfLane);
  entry.failed = left.bind(place_number(lane, 1), place_number(lane, kMaxSequence)).row();
}

Result<Failures> SqlStore::failures(const Place& place) {
  return look<Failures>([&]() -> Result<Failures> {
    Failures found;
    auto row = connection_->query(kOfPlace);
    row.bind(place_number(place.lane, place.sequence));
    while (row.row()) {
      found.count = row.integer(0);
      if (found.count == 1) found.first_at_ms = row.integer(1);
      found.last_at_ms = row.integer(1);
    }
    return found;
  });
}

Result<std::vector<FailedAttempt>> SqlStore::failed_attempts(const Place& place) {
  return look<std::vector<FailedAttempt>>([&]() -> Result<std::vector<FailedAttempt>> {
    std::vector<FailedAttempt> found;
    auto row = connection_->query(kOfPlace);
    row.bind(place_number(place.lane, place.sequence));
    while (row.row()) found.push_back({row.integer(0), row.integer(1), std::string(row.text(2))});
    return found;
  });
}

}  // namespace ptb
