// The longer answers of Engine::report, and what they share with orders.
#pragma once

#include "engine/json.h"

namespace ptb {

/// What a question or an order says of the events that it means: tool, state, after, limit. Errors: Status::argument.
Result<EventFilter> event_filter(const Json& question);
/// Where the page behind these events begins; null where they did not fill theirs.
Json cursor_after(const std::vector<StoredEvent>& events, int limit);

/// One JSON an event, by `show`; each lane's standing is read once for the events of it that stand together. Errors:
/// those of `show`, which leaves an event out by null.
using ShowEvent = std::function<Result<Json>(const StoredEvent& stored, const LaneStanding& standing)>;
Result<Json> event_list(const Viewer& viewer, const std::vector<StoredEvent>& events, const ShowEvent& show);
/// By event_json.
Result<Json> event_list(const Viewer& viewer, const std::vector<StoredEvent>& events);

/// Why the event waits, since when, what is ahead of it, what would release it, what the last attempts said, and what a
/// person could do.
Result<Json> explanation(const Viewer& viewer, const StoredEvent& stored, const LaneStanding& standing);

/// What a puller may take.
Result<Json> pull_report(const Viewer& viewer, const Json& question);

/// Events as they are handed to another bridge.
Result<Json> export_report(const Viewer& viewer, const Json& question);
/// One of them, read again. Errors: Status::argument.
struct ImportedEvent {
  CaptureItem item;
  EventState state{};
};
Result<ImportedEvent> imported_event(const Json& line);

/// An order as the audit trail keeps it.
AuditEntry audit_entry(const std::string& what, const Json& order, std::int64_t now_ms);
Result<Json> audit_report(Store& store, const Json& question);

/// From where on a replay goes, lane by lane: those of the order's tool from its from_event, from_time or from_backup
/// on. Errors: Status::argument, Status::not_found.
struct ReplayRange {
  std::int64_t lane = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
Result<std::vector<ReplayRange>> replay_ranges(Store& store, const Json& order);
bool names_a_start(const Json& order);

}  // namespace ptb
