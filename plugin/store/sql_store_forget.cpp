// Taking the content off events that somebody asks to be forgotten, in pages, and overwriting what it was on disk.
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "store/event_rows.h"
#include "store/lane_keys.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr int kPageRows = 500;

constexpr const char* kRowsAfter =
    "SELECT place, state, course_id, arguments, context, content_id FROM event WHERE place > ?1 ORDER BY place LIMIT "
    "?2";
constexpr const char* kFirstSharing =
    "SELECT min(place) FROM event INDEXED BY event_sharing WHERE settings = '' AND snapshot IS NOT NULL AND snapshot = "
    "?1";
constexpr const char* kTakeSettings =
    "UPDATE event SET snapshot = place, settings = (SELECT settings FROM event WHERE place = ?2) WHERE place = ?1";
constexpr const char* kFollowHolder =
    "UPDATE event SET snapshot = ?1 WHERE settings = '' AND snapshot IS NOT NULL AND snapshot = ?2";
constexpr const char* kErase =
    "UPDATE event SET operation = '', course_id = '', content_id = '', answer = '', context = '', arguments = '', "
    "snapshot = NULL, settings = '', reason = CASE WHEN state = 0 THEN '' ELSE 'forgotten' END WHERE place = ?1";
constexpr const char* kForgetErrors = "UPDATE walk SET error = '' WHERE lane = ?1";
constexpr const char* kForgetFailures = "UPDATE failure SET error = '' WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kForgetOfCourse = "DELETE FROM known WHERE what = 'setting:course' AND whose = ?1";
constexpr const char* kForgetOfItem = "DELETE FROM known WHERE what IN ('setting:content', 'item') AND whose = ?1";
constexpr std::string_view kReasonGone = "the reason was forgotten together with an event";
constexpr const char* kDiscard =
    "UPDATE event SET state = ?2, reason = 'forgotten', settled_at = ?3, walks = CASE WHEN ?4 > walks_before THEN ?4 - "
    "walks_before ELSE 0 END WHERE place "
    "= ?1";

bool is_meant(const ForgetTerms& terms, std::string_view course_id, std::string_view arguments,
              std::string_view context) {
  if (!terms.user.empty()) return find_encoded(context, "user_id") == terms.user;
  if (course_id == terms.course) return true;
  constexpr std::array<const char*, 3> kCourses = {"course_id", "oldCourseId", "newCourseId"};
  return std::any_of(kCourses.begin(), kCourses.end(),
                     [&](const char* name) { return find_encoded(arguments, name) == terms.course; });
}

}  // namespace

Result<Forgotten> SqlStore::forget(const ForgetTerms& terms, std::int64_t now_ms) {
  if (terms.course.empty() == terms.user.empty())
    return fail(Status::argument, "name a course or a user to be forgotten, one of the two");
  Forgotten all;
  std::int64_t after = 0;
  do {
    Forgotten page;
    auto last = change<std::int64_t>(
        {"store.forget.begin", "store.forget.before_commit", "store.forget.after_commit"}, [&] { return everything(); },
        [&](Draft& draft) -> Result<std::int64_t> {
          page = {};
          return forget_page(draft, terms, after, now_ms, page);
        });
    if (!last) return fail(last.error());
    after = *last;
    all.events += page.events;
    all.discarded += page.discarded;
  } while (after != 0);
  // Until then the log still has the pages as they were, also those of an earlier order that a crash has cut off.
  if (!shared_)
    return look<Forgotten>([&]() -> Result<Forgotten> {
      connection_->scrub();
      return all;
    });
  // A shared connection is never exchanged for another, and does this beside all else.
  try {
    connection_->scrub();
    return all;
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

/// The place of the last row of the page, or 0 where there is no further one.
std::int64_t SqlStore::forget_page(Draft& draft, const ForgetTerms& terms, std::int64_t after, std::int64_t now_ms,
                                   Forgotten& forgotten) {
  struct Meant {
    std::int64_t place;
    EventState state;
    std::string item;
  };
  std::vector<Meant> meant;
  int seen = 0;
  {
    auto rows = connection_->query(kRowsAfter);
    rows.bind(after, kPageRows);
    for (; rows.row(); ++seen) {
      after = rows.integer(0);
      if (is_meant(terms, rows.text(2), rows.text(3), rows.text(4)))
        meant.push_back({after, static_cast<EventState>(rows.integer(1)), std::string(rows.text(5))});
    }
  }
  std::set<std::int64_t> lanes;
  for (const auto& [place, state, item] : meant) {
    forget_event(draft, place, state, now_ms, forgotten);
    lanes.insert(place_of(place).lane);
    if (!terms.course.empty() && !item.empty()) connection_->query(kForgetOfItem).bind(item).run();
  }
  for (const std::int64_t lane : lanes) forget_answers(draft, lane);
  if (seen == kPageRows) return after;
  if (!terms.course.empty()) forget_course(draft, terms.course);
  return 0;
}

/// What is known of the course, and its lanes' names. A lane in which something else waits keeps its name.
void SqlStore::forget_course(Draft& draft, const std::string& course) {
  connection_->query(kForgetOfCourse).bind(course).run();
  fault_point("store.forget.known_removed");
  for (const auto& [id, seen] : draft.before().lanes()) {
    if (seen.lane.split != "course") continue;
    const std::string key = lane_key(seen.own_locator, {seen.lane.split, course, {}});
    const bool is_its = seen.lane.key == key || seen.lane.key == further_lane_key(key, seen.lane.epoch);
    if (!is_its || draft.find(id)->lane.waiting > 0) continue;
    MirrorLane& entry = draft.lane(id);
    entry.lane.key = forgotten_lane_key(entry.own_locator, id);
    update_lane(*connection_, entry);
    fault_point("store.forget.lane_renamed");
  }
}

/// What walks of a lane say of their end may hold words of the tool.
void SqlStore::forget_answers(Draft& draft, std::int64_t lane) {
  connection_->query(kForgetErrors).bind(lane).run();
  connection_->query(kForgetFailures).bind(place_number(lane, 1), place_number(lane, kMaxSequence)).run();
  MirrorLane& entry = draft.lane(lane);
  entry.lane.last_walk.error.clear();
  if (!entry.lane.hold_reason.empty()) entry.lane.hold_reason = kReasonGone;
  if (const Tool* const tool = draft.tool(entry.lane.tool); tool != nullptr && !tool->suspended.empty()) {
    Tool changed = *tool;
    changed.suspended = kReasonGone;
    put_tool_row(*connection_, changed);
    draft.put(std::move(changed));
  }
  update_lane(*connection_, entry);
  fault_point("store.forget.answers_erased");
}

void SqlStore::forget_event(Draft& draft, std::int64_t number, EventState state, std::int64_t now_ms,
                            Forgotten& forgotten) {
  const Place place = place_of(number);
  give_settings_away(number);
  connection_->query(kErase).bind(number).run();
  fault_point("store.forget.erased");
  ++forgotten.events;
  const bool waiting = state == EventState::pending && place.sequence > draft.mark(place.lane);
  if (!waiting && state != EventState::parked) return;
  MirrorLane& entry = draft.lane(place.lane);
  connection_->query(kDiscard)
      .bind(number, static_cast<int>(EventState::discarded), moment(now_ms), entry.lane.last_walk.ordinal)
      .run();
  fault_point("store.forget.discarded");
  ++forgotten.discarded;
  if (waiting) entry.settled(1);
  drop_what_waiting_needed(entry, place.sequence, EventState::discarded);
}

/// The first of the events that share the settings of that one holds them from now on.
void SqlStore::give_settings_away(std::int64_t place) {
  std::int64_t heir = 0;
  {
    auto sharing = connection_->query(kFirstSharing);
    sharing.bind(place);
    if (!sharing.row() || sharing.is_null(0)) return;
    heir = sharing.integer(0);
  }
  connection_->query(kTakeSettings).bind(heir, place).run();
  connection_->query(kFollowHolder).bind(heir, place).run();
  fault_point("store.forget.settings_given_away");
}

}  // namespace ptb
