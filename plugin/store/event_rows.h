// Events between their rows and StoredEvent, and the arithmetic of places. Knows nothing of transactions.
#pragma once

#include <cstdint>

#include "core/event.h"
#include "store/connection.h"
#include "store/store_mirror.h"

namespace ptb {

inline constexpr int kSequenceBits = 40;
inline constexpr std::int64_t kMaxSequence = (std::int64_t{1} << kSequenceBits) - 1;
inline constexpr std::int64_t kMaxLane = (std::int64_t{1} << 23) - 1;

/// The key of the event table: lane * 2^40 + sequence.
constexpr std::int64_t place_number(std::int64_t lane, std::int64_t sequence) {
  return lane << kSequenceBits | (sequence > kMaxSequence ? kMaxSequence : sequence);
}
constexpr Place place_of(std::int64_t number) { return {number >> kSequenceBits, number & kMaxSequence}; }

/// A time to be stored where 0 means "not yet".
constexpr std::int64_t moment(std::int64_t now_ms) { return now_ms > 0 ? now_ms : 1; }

/// The columns that read_event wants, in its order.
#define PTB_EVENT_COLUMNS                                                                                     \
  "place, event_id, state, captured_as, walks_before, snapshot, occurred_at, captured_at, settled_at, kind, " \
  "operation, course_id, content_id, reason, answer, context, arguments, walks, not_before"

/// The settings of a row of event, whoever holds them.
#define PTB_EVENT_SETTINGS                                      \
  "CASE WHEN settings <> '' OR snapshot IS NULL THEN settings " \
  "ELSE (SELECT settings FROM event AS holder WHERE holder.place = event.snapshot) END"

/// A row as a value. An event that the mark of its lane has passed is `delivered`, at the end of the walk that moved it
/// there, or at its start while that is under way. Throws StoreFailure where the row makes no sense.
StoredEvent read_event(Connection& connection, const Query& row, const Mirror& mirror);
/// Appends a row that was asked for in the order of places, from `first` on. Throws StoreFailure where it is not: in a
/// damaged file it may be out of its turn.
void append_in_order(std::vector<StoredEvent>& found, StoredEvent event, std::int64_t first);

}  // namespace ptb
