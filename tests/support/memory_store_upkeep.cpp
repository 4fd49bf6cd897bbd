// Upkeep of MemoryStore: forgetting, and removing what is settled, in pieces.
#include <algorithm>
#include <array>

#include "core/fault_point.h"
#include "store/lane_keys.h"
#include "support/memory_store.h"

namespace ptb::test {

namespace {

constexpr const char* kReasonGone = "the reason was forgotten together with an event";

bool is_meant(const ForgetTerms& terms, const Event& event) {
  if (!terms.user.empty()) return find_encoded(event.context, "user_id") == terms.user;
  if (event.course_id == terms.course) return true;
  constexpr std::array<const char*, 3> kCourses = {"course_id", "oldCourseId", "newCourseId"};
  return std::any_of(kCourses.begin(), kCourses.end(),
                     [&](const char* name) { return find_encoded(event.arguments, name) == terms.course; });
}

}  // namespace

Result<Forgotten> MemoryStore::forget(const ForgetTerms& terms, std::int64_t now_ms) {
  if (terms.course.empty() == terms.user.empty())
    return fail(Status::argument, "name a course or a user to be forgotten, one of the two");
  const std::lock_guard guard(mutex_);
  fault_point("store.forget.begin");
  fault_point("store.forget.before_commit");
  Forgotten all;
  for (auto& [id, entry] : disk_.lanes) {
    const std::int64_t before = all.events;
    for (auto& [sequence, event] : entry.events) {
      if (!is_meant(terms, event.event)) continue;
      ++all.events;
      if (!terms.course.empty() && !event.event.content_id.empty())
        std::erase_if(disk_.known, [&](const auto& each) {
          const auto& [tool, what, whose, key] = each.first;
          return (what == "setting:content" || what == "item") && whose == event.event.content_id;
        });
      if (forget_event(entry, event, now_ms)) ++all.discarded;
    }
    if (all.events != before) forget_answers(entry);
  }
  if (!terms.course.empty()) forget_course(terms.course);
  fault_point("store.forget.after_commit");
  return all;
}

/// What walks of a lane say of their end may hold words of the tool.
void MemoryStore::forget_answers(MemoryLane& entry) {
  entry.lane.last_walk.error.clear();
  if (!entry.lane.hold_reason.empty()) entry.lane.hold_reason = kReasonGone;
  for (auto& [sequence, failures] : entry.failures)
    for (FailedAttempt& attempt : failures.attempts) attempt.text.clear();
  const auto tool = disk_.tools.find(entry.lane.tool);
  if (tool != disk_.tools.end() && !tool->second.suspended.empty()) tool->second.suspended = kReasonGone;
}

/// What is known of the course, and its lanes' names. A lane in which something else waits keeps its name.
void MemoryStore::forget_course(const std::string& course) {
  std::erase_if(disk_.known, [&](const auto& each) {
    const auto& [tool, what, whose, key] = each.first;
    return what == "setting:course" && whose == course;
  });
  for (auto& [id, entry] : disk_.lanes) {
    if (entry.lane.split != "course" || entry.lane.waiting > 0) continue;
    const std::string key = lane_key(entry.own, {entry.lane.split, course, {}});
    if (entry.lane.key == key || entry.lane.key == further_lane_key(key, entry.lane.epoch))
      disk_.rename_lane(entry, forgotten_lane_key(entry.own, id));
  }
}

/// True: it had been waiting or parked.
bool MemoryStore::forget_event(MemoryLane& entry, StoredEvent& event, std::int64_t now_ms) {
  const bool discarded = event.state == EventState::pending || event.state == EventState::parked;
  if (discarded) disk_.settle(entry, event, EventState::discarded, {}, {}, now_ms);
  disk_.release_settings(event);
  Event& content = event.event;
  for (std::string* const text : {&content.operation, &content.course_id, &content.content_id, &content.arguments,
                                  &content.context, &event.answer})
    *text = std::string();
  event.reason = kForgotten;
  return discarded;
}

struct MemoryStore::Reclaiming {
  std::int64_t settled_until_ms;  ///< events settled at or before it go
  std::int64_t keys_until_ms;     ///< keys of events captured at or before it go
  int& pieces;
};

Result<bool> MemoryStore::reclaim(std::int64_t now_ms, const ReceiptRetention& retention, std::int64_t key_retention_ms,
                                  int pieces) {
  if (pieces < 1 || !retention || key_retention_ms < 0)
    return fail(Status::argument, "reclaim wants at least one piece, and retentions of 0 ms or more");
  const std::lock_guard guard(mutex_);
  fault_point("store.reclaim.begin");
  fault_point("store.reclaim.before_commit");
  bool more = false;
  for (auto at = disk_.lanes.upper_bound(round_lane_); at != disk_.lanes.end(); ++at) {
    more = true;
    if (pieces <= 0) break;
    MemoryLane& entry = at->second;
    Lane& lane = entry.lane;
    // A lane in which every event was settled one by one has no walk that would move its mark.
    if (lane.waiting == 0 && lane.mark < lane.last_sequence && !walked_here_.contains(lane.id)) {
      disk_.move_mark(entry, lane.last_sequence, now_ms);
      lane.stopping_sequence = 0;
      lane.stopping_count = 0;
      entry.reached = 0;
    }
    Reclaiming terms{now_ms - std::max<std::int64_t>(retention(lane.tool), 0), now_ms - key_retention_ms, pieces};
    reclaim_events(entry, terms);
    if (pieces <= 0) break;
    --pieces;
    round_lane_ = lane.id;
    round_sequence_ = 0;
    more = false;
  }
  if (!more) round_lane_ = 0;
  fault_point("store.reclaim.after_commit");
  return more;
}

void MemoryStore::reclaim_events(MemoryLane& entry, Reclaiming& terms) {
  const bool is_walked = walked_here_.contains(entry.lane.id);
  auto at = entry.events.upper_bound(round_sequence_);
  while (at != entry.events.end() && at->first <= entry.lane.mark && terms.pieces > 0) {
    const StoredEvent& event = at->second;
    round_sequence_ = at->first;
    ++at;
    --terms.pieces;
    if (event.state == EventState::parked || event.settled_at_ms > terms.settled_until_ms) continue;
    // What a walk under way has settled belongs to it.
    if (is_walked && event.state == EventState::delivered && event.place.sequence >= entry.lane.last_walk.first)
      continue;
    entry.spent[event.place.sequence] = {event.event.id, event.event.captured_at_ms};
    disk_.drop_event(entry, event.place.sequence);
  }
  while (!entry.spent.empty() && terms.pieces > 0) {
    const MemoryKey& key = entry.spent.begin()->second;
    if (key.captured_at_ms > terms.keys_until_ms) return;
    disk_.keys.erase(key.id);
    entry.spent.erase(entry.spent.begin());
    --terms.pieces;
  }
}

}  // namespace ptb::test
