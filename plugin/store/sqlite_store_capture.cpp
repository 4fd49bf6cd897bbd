// The capture path of SqliteStore: what it writes for an event is the event, its key and, where they are new, its
// settings and its lane.
#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sqlite_store.h"

namespace ptb {

namespace {

constexpr const char* kFindKey = "SELECT place FROM event_key WHERE event_id = ?1";
constexpr const char* kInsertKey = "INSERT INTO event_key (event_id, place) VALUES (?1, ?2)";
constexpr const char* kInsertEvent =
    "INSERT INTO event (place, event_id, waits, kind, captured_as, walks_before, snapshot, occurred_at, captured_at, "
    "operation, course_id, content_id, context, arguments) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0), ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr const char* kFindSnapshot = "SELECT id FROM snapshot WHERE digest = ?1";
constexpr const char* kInsertSnapshot = "INSERT INTO snapshot (digest, content) VALUES (?1, ?2)";
constexpr const char* kUseSnapshot = "INSERT OR IGNORE INTO snapshot_use (snapshot, stretch) VALUES (?1, ?2 >> 10)";

std::span<const unsigned char> bytes_of(const EventId& id) { return {id.begin(), id.size()}; }

}  // namespace

Result<void> SqliteStore::capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) {
  auto result = change<void>({"store.capture.begin", "store.capture.before_commit", "store.capture.after_commit"},
                             [&](Draft& draft) -> Result<void> {
                               for (CaptureBatch* const batch : batches) {
                                 batch->answers.clear();
                                 batch->answers.reserve(batch->items.size());
                                 for (const CaptureItem& item : batch->items)
                                   batch->answers.push_back(capture_item(draft, item, decide));
                               }
                               return {};
                             });
  if (!result)
    for (CaptureBatch* const batch : batches) batch->answers.clear();
  return result;
}

CaptureAnswer SqliteStore::capture_item(Draft& draft, const CaptureItem& item, const DecideCapture& decide) {
  CaptureAnswer answer;
  answer.id = item.event.id;
  {
    auto known = connection_.query(kFindKey);
    known.bind(bytes_of(item.event.id));
    if (known.row()) {
      answer.kind = CaptureAnswer::Kind::duplicate;
      answer.place = place_of(known.integer(0));
      return answer;
    }
  }
  // Asked about the lane as it was before this transaction: the events of one call do not queue behind each other.
  const std::string key = to_text(item.event.locator);
  const MirrorLane* const before = draft.before().lane_of_key(key);
  const Tool* const tool = draft.before().tool(before == nullptr ? item.event.locator : before->lane.tool);
  const CaptureDecision decision = decide(item, tool, before == nullptr ? nullptr : &before->lane);
  if (decision.verdict == CaptureDecision::Verdict::ignore) {
    answer.kind = CaptureAnswer::Kind::ignored;
    answer.ignored_as = decision.ignored_as;
    return answer;
  }
  MirrorLane& entry = lane_for(draft, key, item.event.locator, tool != nullptr);
  if (entry.lane.last_sequence == kMaxSequence)
    throw StoreFailure{{Status::store, fmt::format("store {}: lane {} is full", path_, key)}};
  ++entry.lane.last_sequence;
  ++entry.lane.waiting;
  insert_event(item, entry, decision.deferral);
  answer.kind = CaptureAnswer::Kind::fresh;
  answer.place = {entry.lane.id, entry.lane.last_sequence};
  answer.deferral = decision.deferral;
  return answer;
}

/// The lane to append to, made where there is none. What is captured while no tool is there to get it may only go out
/// after an administrator's save.
MirrorLane& SqliteStore::lane_for(Draft& draft, const std::string& key, const Locator& locator, bool installed) {
  if (MirrorLane* const known = draft.lane_of_key(key); known != nullptr) {
    if (known->lane.released && !installed) {
      known->lane.released = false;
      update_lane(connection_, *known);
      fault_point("store.capture.lane_unreleased");
    }
    return *known;
  }
  MirrorLane entry;
  entry.lane.key = key;
  entry.own_locator = locator;
  entry.lane.tool = locator;
  entry.lane.released = installed;
  insert_lane(connection_, entry);
  fault_point("store.capture.lane_written");
  return draft.add(std::move(entry));
}

void SqliteStore::insert_event(const CaptureItem& item, const MirrorLane& entry, Deferral captured_as) {
  const Event& event = item.event;
  const std::int64_t place = place_number(entry.lane.id, entry.lane.last_sequence);
  const std::int64_t snapshot = snapshot_for(item.settings);
  if (snapshot != 0) {
    connection_.query(kUseSnapshot).bind(snapshot, place).run();
    fault_point("store.capture.snapshot_written");
  }
  connection_.query(kInsertEvent)
      .bind(place, bytes_of(event.id), waits_after_failure(event.kind) ? 1 : 0, to_text(event.kind),
            to_text(captured_as), entry.lane.last_walk.ordinal, snapshot, event.occurred_at_ms, event.captured_at_ms,
            event.operation, event.course_id, event.content_id, event.context, event.arguments)
      .run();
  fault_point("store.capture.event_written");
  connection_.query(kInsertKey).bind(bytes_of(event.id), place).run();
  fault_point("store.capture.key_written");
}

/// The id of the snapshot with that content, stored where it is new; 0 for no settings.
std::int64_t SqliteStore::snapshot_for(const std::string& settings) {
  if (settings.empty()) return 0;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(settings.data()), settings.size(), digest.data());
  const std::span<const unsigned char> key(digest);
  {
    auto known = connection_.query(kFindSnapshot);
    known.bind(key);
    if (known.row()) return known.integer(0);
  }
  connection_.query(kInsertSnapshot).bind(key, settings).run();
  return connection_.last_row_id();
}

}  // namespace ptb
