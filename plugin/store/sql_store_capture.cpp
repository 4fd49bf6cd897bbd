// The capture path of SqlStore: what it writes for an event is one row, and its lane where that is new. Keys follow,
// many at a time.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "store/event_rows.h"
#include "store/lane_keys.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

/// So many keys are entered together: sorted, they touch each page of event_key once, where one capture would write a
/// page of its own for a key of 16 bytes. The store's opening reads as many events.
constexpr std::size_t kKeysEnteredTogether = 1024;

/// Equal settings are shared over so many events of a lane, so that an event that holds some is not kept much longer
/// than those around it.
constexpr std::int64_t kSharingReach = 1024;
constexpr std::size_t kMaxRecentSettings = 1024;

constexpr const char* kFindKey = "SELECT place FROM event_key WHERE event_id = ?1";
constexpr const char* kInsertKey = "INSERT INTO event_key (event_id, place) VALUES (?1, ?2)";
constexpr const char* kInsertEvent =
    "INSERT INTO event (place, event_id, waits, kind, captured_as, walks_before, snapshot, occurred_at, captured_at, "
    "operation, course_id, content_id, context, arguments, settings, not_before) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0), ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
constexpr const char* kInsertCrossing = "INSERT INTO crossing (place, lane, after) VALUES (?1, ?2, ?3)";

std::span<const unsigned char> bytes_of(const EventId& id) { return {id.begin(), id.size()}; }

bool is_crossing(const LanePart& part) {
  return part.split == "course" && !part.other.empty() && part.other != part.name;
}
LanePart other_part(const LanePart& part) { return {part.split, part.other, {}}; }

}  // namespace

Result<void> SqlStore::capture(std::span<CaptureBatch* const> batches, const DecideCapture& decide) {
  auto result = change<void>(
      {"store.capture.begin", "store.capture.before_commit", "store.capture.after_commit"},
      [&] {
        Scope scope;
        for (const CaptureBatch* const batch : batches)
          for (const CaptureItem& item : batch->items) {
            learn(item.event.locator);
            add_family(scope, item.event.locator);
          }
        return scope;
      },
      [&](Draft& draft) -> Result<void> {
        connection_->needs_room();
        if (mirror_.unentered_keys().size() >= kKeysEnteredTogether) enter_keys(draft);
        for (CaptureBatch* const batch : batches) {
          batch->answers.clear();
          batch->answers.reserve(batch->items.size());
          for (const CaptureItem& item : batch->items) batch->answers.push_back(capture_item(draft, item, decide));
        }
        return {};
      },
      Wants::what_it_names);
  if (!result)
    for (CaptureBatch* const batch : batches) batch->answers.clear();
  return result;
}

CaptureAnswer SqlStore::capture_item(Draft& draft, const CaptureItem& item, const DecideCapture& decide) {
  CaptureAnswer answer;
  answer.id = item.event.id;
  const auto fresh = draft.unentered_key(item.event.id);
  if (const auto known = fresh ? fresh : key_to_ask_for(item.event.id)) {
    answer.kind = CaptureAnswer::Kind::duplicate;
    answer.place = place_of(*known);
    return answer;
  }
  // Asked about the lanes as they were before this transaction: the events of one call do not queue behind each other.
  const Locator& own = item.event.locator;
  const LaneChoice choice = choose_lane(draft, own, item.part);
  const MirrorLane* const before = item.part.split == "none" ? nullptr : draft.before().lane(choice.lane);
  const Tool* const tool = draft.before().tool(draft.front(own).tool);
  const bool behind = goes_behind_others(draft, item, choice);
  const CaptureDecision decision = decide(item, tool, before == nullptr ? nullptr : &before->lane, behind);
  if (decision.verdict == CaptureDecision::Verdict::ignore) {
    // Nothing is written that would meet the key of an earlier one.
    if (const auto known = shared_ && !asks_for_keys_ ? entered_key(item.event.id) : std::nullopt) {
      answer.kind = CaptureAnswer::Kind::duplicate;
      answer.place = place_of(*known);
      return answer;
    }
    answer.kind = CaptureAnswer::Kind::ignored;
    answer.ignored_as = decision.ignored_as;
    return answer;
  }
  MirrorLane& entry = lane_for(draft, choice, own, item.part.split, tool != nullptr);
  Lane& lane = entry.lane;
  if (lane.last_sequence == kMaxSequence)
    throw StoreFailure{{Status::store, fmt::format("store {}: lane {} is full", name_, lane.key)}};
  ++lane.last_sequence;
  if (lane.waiting == 0) entry.oldest_at = item.event.captured_at_ms;
  ++lane.waiting;
  if (shared_ && !sends_ && entry.holder == 0 && may_walk(lane, tool)) entry.wanted = Wanted::yes;
  insert_event(draft, item, entry, decision.deferral);
  if (is_crossing(item.part)) insert_crossing(draft, item, entry, tool != nullptr);
  answer.kind = CaptureAnswer::Kind::fresh;
  answer.place = {lane.id, lane.last_sequence};
  answer.deferral = decision.deferral;
  answer.tool = lane.tool;
  return answer;
}

/// Events that are split in another way than those before begin an epoch, so that those before go first. A part whose
/// lane is of an earlier epoch takes that along if nothing waits in it, else it gets a further lane.
SqlStore::LaneChoice SqlStore::choose_lane(Draft& draft, const Locator& own, const LanePart& part) {
  const Draft::Front& front = draft.front(own);
  LaneChoice choice;
  choice.epoch = front.exists && part.split != front.split ? front.epoch + 1 : front.epoch;
  if (part.split == "none") {
    choice.lane = draft.idle_free_lane(own);
    if (choice.lane == 0) choice.key = free_lane_key(own, front.free_lanes + 1);
    return choice;
  }
  choice.key = lane_key(own, part);
  const MirrorLane* known = draft.find_key(choice.key);
  if (known != nullptr && known->lane.epoch < choice.epoch) {
    std::string further = further_lane_key(choice.key, choice.epoch);
    if (const MirrorLane* const later = draft.find_key(further); later != nullptr || known->lane.waiting > 0) {
      known = later;
      choice.key = std::move(further);
    }
  }
  if (known != nullptr) choice.lane = known->lane.id;
  return choice;
}

/// Events of other lanes that were there before this transaction would be sent before it.
bool SqlStore::goes_behind_others(Draft& draft, const CaptureItem& item, const LaneChoice& choice) {
  const Mirror& mirror = draft.before();
  const Family* const family = mirror.family(item.event.locator);
  if (family == nullptr) return false;
  if (family->waits_before(choice.epoch)) return true;
  const MirrorLane* const lane = mirror.lane(choice.lane);
  if (lane != nullptr && lane->crossed && reach_as_second(Draft(mirror_), *lane).block.lane != 0) return true;
  if (!is_crossing(item.part)) return false;
  const LaneChoice other = choose_lane(draft, item.event.locator, other_part(item.part));
  const MirrorLane* const first = mirror.lane(other.lane);
  return first != nullptr && first->lane.waiting > 0;
}

/// The claiming tool has not been saved since: then it gets nothing of that locator yet, whichever lane it is in.
bool SqlStore::awaits_save_after_claim(const Locator& own) const {
  const Family* const family = mirror_.family(own);
  if (family == nullptr || family->tool == own) return false;
  return std::any_of(family->lanes.begin(), family->lanes.end(),
                     [&](std::int64_t id) { return !mirror_.lane(id)->lane.released; });
}

/// The lane to append to, made where there is none. What is captured while no tool is there to get it may only go out
/// after an administrator's save.
MirrorLane& SqlStore::lane_for(Draft& draft, const LaneChoice& choice, const Locator& own, const std::string& split,
                               bool installed) {
  installed = installed && !awaits_save_after_claim(own);
  Draft::Front& front = draft.front(own);
  front.exists = true;
  front.epoch = choice.epoch;
  front.split = split;
  const bool free = split == "none";
  if (choice.lane != 0) {
    if (free) front.idle_used = choice.lane;
    MirrorLane& known = draft.lane(choice.lane);
    if (known.lane.epoch != choice.epoch) {
      known.lane.epoch = choice.epoch;
      known.lane.split = split;
      update_lane(*connection_, known);
      fault_point("store.capture.lane_moved_up");
    }
    // A free lane starts anew with each event.
    if (known.lane.released != installed && (free || !installed)) {
      known.lane.released = installed;
      update_lane(*connection_, known);
      fault_point("store.capture.lane_unreleased");
    }
    return known;
  }
  if (free) ++front.free_lanes;
  MirrorLane entry;
  entry.lane.key = choice.key;
  entry.own_locator = own;
  entry.lane.tool = front.tool;
  entry.lane.released = installed;
  entry.lane.epoch = choice.epoch;
  entry.lane.split = split;
  insert_lane(*connection_, entry);
  fault_point("store.capture.lane_written");
  return draft.add(std::move(entry));
}

/// The event that was just appended to `entry` goes after what is in the lane of its second course, and before what
/// comes there.
void SqlStore::insert_crossing(Draft& draft, const CaptureItem& item, MirrorLane& entry, bool installed) {
  const LaneChoice choice = choose_lane(draft, item.event.locator, other_part(item.part));
  MirrorLane& other = lane_for(draft, choice, item.event.locator, item.part.split, installed);
  connection_->query(kInsertCrossing)
      .bind(place_number(entry.lane.id, entry.lane.last_sequence), other.lane.id, other.lane.last_sequence)
      .run();
  entry.crossed = true;
  other.crossed = true;
  fault_point("store.capture.crossing_written");
}

void SqlStore::insert_event(Draft& draft, const CaptureItem& item, const MirrorLane& entry, Deferral captured_as) {
  const Event& event = item.event;
  const std::int64_t place = place_number(entry.lane.id, entry.lane.last_sequence);
  const std::int64_t holder = holder_of_settings(item.settings, place);
  connection_->query(kInsertEvent)
      .bind_in_place(place, bytes_of(event.id), waits_after_failure(event.kind) ? 1 : 0, static_cast<int>(event.kind),
                     static_cast<int>(captured_as), entry.lane.last_walk.ordinal, holder, event.occurred_at_ms,
                     event.captured_at_ms, event.operation, event.course_id, event.content_id, event.context,
                     event.arguments, holder == place ? std::string_view(item.settings) : std::string_view(),
                     event.not_before_ms)
      .run();
  draft.put_key(event.id, place);
  if (shared_) connection_->query(kInsertKey).bind(bytes_of(event.id), place).run();
  fault_point("store.capture.event_written");
}

/// The place of the event that holds those settings: a recent one of the same lane, else `place` itself; 0 for no
/// settings.
std::int64_t SqlStore::holder_of_settings(const std::string& settings, std::int64_t place) {
  if (settings.empty()) return 0;
  const std::size_t hash = std::hash<std::string>()(settings);
  const auto recent = recent_settings_.find(hash);
  if (recent != recent_settings_.end()) {
    // What is remembered may have been undone or removed, so the row itself decides.
    const std::int64_t holder = recent->second;
    const bool near = place_of(holder).lane == place_of(place).lane && holder < place && place - holder < kSharingReach;
    if (near && settings_at(holder) == settings) return holder;
  }
  if (recent_settings_.size() >= kMaxRecentSettings) recent_settings_.clear();
  recent_settings_[hash] = place;
  return place;
}

std::optional<std::int64_t> SqlStore::entered_key(const EventId& id) {
  auto known = connection_->query(kFindKey);
  known.bind(bytes_of(id));
  return known.row() ? std::optional(known.integer(0)) : std::nullopt;
}

std::optional<std::int64_t> SqlStore::place_of_key(const EventId& id) {
  const auto& fresh = mirror_.unentered_keys();
  const auto at = fresh.find(id);
  return at != fresh.end() ? std::optional(at->second) : entered_key(id);
}

void SqlStore::enter_keys(Draft& draft) {
  if (shared_) return;  // each is entered with its event, for all to see
  const auto& fresh = draft.before().unentered_keys();
  if (fresh.empty() || draft.has_entered_keys()) return;
  std::vector<std::pair<EventId, std::int64_t>> sorted(fresh.begin(), fresh.end());
  std::sort(sorted.begin(), sorted.end());
  std::set<std::int64_t> lanes;
  for (const auto& [id, place] : sorted) {
    connection_->query(kInsertKey).bind(bytes_of(id), place).run();
    lanes.insert(place_of(place).lane);
  }
  fault_point("store.keys.entered");
  for (const std::int64_t id : lanes) {
    MirrorLane& entry = draft.lane(id);
    entry.keyed = entry.lane.last_sequence;
    update_lane(*connection_, entry);
  }
  draft.keys_entered();
  fault_point("store.keys.lanes_written");
}

}  // namespace ptb
