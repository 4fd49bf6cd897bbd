#include "oracle.h"

#include <algorithm>

namespace ptb::test {

namespace {

constexpr std::int64_t kContactIntervalMs = 5'000;

bool always_waits(EventKind kind) {
  return kind == EventKind::course_imported || kind == EventKind::group_imported || kind == EventKind::content_imported;
}

}  // namespace

Oracle::Oracle(SmallWorld& world, std::vector<Locator> tools) : world_(world) {
  for (const Locator& tool : tools) {
    own_[tool].now.heir = tool;
    policies_[tool] = {std::make_shared<const Policy>(default_policy())};
  }
  step_begins();
}

void Oracle::object(const std::string& what) {
  if (objection_.empty()) objection_ = what;
}

void Oracle::objection_to(const Accepted& event, const std::string& what) {
  object(what + " (event " + event.reported.operation + " of " + to_text(event.reported.locator) + ", place " +
         std::to_string(event.place.sequence) + " of lane " + std::to_string(event.place.lane) + ")");
}

// ---- what is done to the bridge

void Oracle::step_begins() {
  step_began_ms_ = world_.clock.wall_ms;
  touched_.clear();
  wanted_saves_.clear();
  failed_this_step_.clear();
  for (auto& [tool, all] : policies_) all.erase(all.begin(), all.end() - 1);
  for (auto& [locator, own] : own_) own.before = own.now;
}

void Oracle::person_acts_on(const Locator& tool) {
  ++act_;
  ++acts_[tool];
}

void Oracle::person_saves(const Locator& tool) {
  person_acts_on(tool);
  saves_[tool] = act_;
}

void Oracle::person_removes(const Locator& tool) {
  person_acts_on(tool);
  for (Accepted& event : events_)
    if (event.state == EventState::pending && heir_of(event.reported.locator) == tool) wants_a_save(event);
}

void Oracle::person_claims(const Locator& from) {
  claimed_.insert(from);
  person_acts_on(from);
  for (Accepted& event : events_) {
    if (event.state != EventState::pending || event.reported.locator != from) continue;
    event.failed_lately = 0;  // under another policy
    wants_a_save(event);
  }
}

void Oracle::wants_a_save(Accepted& event) {
  wanted_saves_.emplace_back(event.number, event.must_be_saved_after);
  event.must_be_saved_after = act_;
}

void Oracle::person_stops_walks() {
  ++stops_;
  stopped_at_ms_ = world_.clock.wall_ms;
}

void Oracle::policy_set(const Locator& tool, const Policy& policy) {
  person_acts_on(tool);
  policies_[tool].push_back(std::make_shared<const Policy>(policy));
  policy_set_at_[tool] = world_.clock.wall_ms;
  for (Accepted& event : events_) event.failed_lately = 0;
}

void Oracle::value_known(const KnownValue& known) {
  known_[{known.tool, known.what, known.whose, known.key}] = known.value;
}

void Oracle::crashed() {
  ++crashes_;
  in_flight_.clear();
  for (auto& [id, lane] : lanes_) lane.in_flight = false;
  // What it had settled it may not have told.
  for (Accepted& event : events_) {
    event.alone = 0;
    touched_.insert(event.number);
  }
  // Whether the last failures were written down is not known.
  for (const std::int64_t number : failed_this_step_) {
    Accepted& event = events_[static_cast<std::size_t>(number)];
    event.failed_lately = std::max(event.failed_lately - 1, 0);
  }
  failed_this_step_.clear();
  // Nor whether the tool was removed or the lane claimed.
  for (const auto& [number, before] : wanted_saves_)
    events_[static_cast<std::size_t>(number)].must_be_saved_after = before;
  wanted_saves_.clear();
}

void Oracle::reopened() {
  // A value or a policy that was being set may or may not be there.
  for (auto& [name, value] : known_) {
    const auto& [tool, what, whose, key] = name;
    const auto stored = world_.store->known({tool, what, whose, key, {}});
    value = stored && *stored ? **stored : "";
  }
  std::erase_if(known_, [](const auto& one) { return one.second.empty(); });
  const auto stored = world_.store->policies();
  for (auto& [tool, all] : policies_) {
    std::string document;
    for (const auto& [locator, text] : *stored)
      if (locator == tool) document = text;
    if (all.back()->document == document || (document.empty() && all.back()->document == default_policy().document))
      continue;
    const auto read = document.empty() ? Result<Policy>(default_policy()) : read_policy(document);
    all.push_back(std::make_shared<const Policy>(*read));
  }
}

std::shared_ptr<const Policy> Oracle::policy_of(const Locator& tool) const { return policies_.at(tool).back(); }

std::vector<std::shared_ptr<const Policy>> Oracle::policies_of_step(const Locator& tool) const {
  return policies_.at(tool);
}

Accepted* Oracle::find(const EventId& id) {
  const auto at = by_id_.find(to_text(id));
  return at == by_id_.end() ? nullptr : &events_[static_cast<std::size_t>(at->second)];
}

/// Whom the events of a locator are delivered to.
Locator Oracle::heir_of(const Locator& own) {
  const auto& parts = own_[own].last_of_part;
  if (parts.empty()) return own;
  const auto lane = world_.store->lane(parts.begin()->second.lane);
  return lane ? lane->tool : own;
}

// ---- captures

void Oracle::captured(const Reported& reported, const Pairs& arguments, const std::string& settings,
                      const CaptureAnswer& answer, bool may_be_known) {
  if (answer.kind == CaptureAnswer::Kind::ignored) {
    const bool is_copy = reported.kind == EventKind::course_copied || reported.kind == EventKind::group_copied ||
                         reported.kind == EventKind::content_copied || reported.kind == EventKind::content_deleted;
    if (always_waits(reported.kind) || (is_copy && answer.ignored_as != "tool_not_installed"))
      object("P1: " + reported.operation + " was ignored as " + std::string(answer.ignored_as));
    return;
  }
  if (Accepted* const known = find(answer.id); known != nullptr) {
    const bool is_same = known->reported.locator == reported.locator && known->reported.kind == reported.kind &&
                         known->reported.operation == reported.operation;
    if (!is_same)
      return objection_to(*known, "P4: two events have one id, the other is of " + to_text(reported.locator));
    if (answer.kind != CaptureAnswer::Kind::duplicate || answer.place != known->place)
      objection_to(*known, "P4: the same operation made another event");
    return;
  }
  for (const Accepted& other : events_)
    if (other.reported.operation == reported.operation && other.reported.locator == reported.locator &&
        other.reported.kind == reported.kind)
      return objection_to(other, "P4: the same operation made another event");
  if (answer.kind == CaptureAnswer::Kind::duplicate && !may_be_known)
    return object("P4: " + reported.operation + " was captured for the first time and taken for a duplicate");

  Accepted& made = events_.emplace_back();
  made.reported = reported;
  made.number = static_cast<std::int64_t>(events_.size()) - 1;
  made.id = answer.id;
  made.place = answer.place;
  made.arguments = arguments;
  made.settings = settings;
  by_id_[to_text(answer.id)] = made.number;
  touched_.insert(made.number);
  const auto stored = world_.store->find(answer.id);
  if (!stored || !*stored) return objection_to(made, "P1: accepted, and not in the store");
  made.captured_at_ms = (*stored)->event.captured_at_ms;
  made.part = lane_part(*policy_of(reported.locator), (*stored)->event);
  OwnRecord& own = own_[reported.locator];
  const auto tool = world_.store->tool(own.any ? heir_of(reported.locator) : reported.locator);
  if (!tool || !*tool) made.must_be_saved_after = std::max<std::int64_t>(act_, 1);
  if (own.any && own.split != made.part.split) ++own.epoch;
  own.any = true;
  own.split = made.part.split;
  made.epoch = own.epoch;
  own.open[made.epoch].insert(made.number);
  if (made.part.split == "course")
    for (const std::string& course : {made.part.name, made.part.other})
      if (!course.empty()) own.open_of_course[{made.epoch, course, course != made.part.name}].insert(made.number);
  lanes_[made.place.lane].events[made.place.sequence] = made.number;
  const std::string part = made.part.split == "none" ? to_text(made.id) : made.part.name;
  const auto [last, is_first] = own.last_of_part.try_emplace({made.epoch, part}, made.place);
  if (!is_first && (last->second.lane != made.place.lane || last->second.sequence >= made.place.sequence))
    objection_to(made, "P2: does not stand behind what its lane had before");
  last->second = made.place;
}

void Oracle::leased(const std::string& token, std::int64_t until_ms, const std::vector<EventId>& events) {
  for (const EventId& id : events) {
    Accepted* const event = find(id);
    if (event == nullptr) return object("P1: an event can be pulled that nobody captured");
    if (event->leased_until_ms > world_.clock.wall_ms) objection_to(*event, "P2: two pullers hold it");
    event->token = token;
    event->leased_until_ms = until_ms;
  }
}

// ---- checks

void Oracle::observe_conditions() {
  for (auto& [locator, own] : own_) {
    const Locator heir = heir_of(locator);
    const auto tool = world_.store->tool(heir);
    const std::optional<ToolState> state = tool && *tool ? std::optional((*tool)->state) : std::nullopt;
    // Switched off is switched off, in either way.
    const bool is_same = state.has_value() == own.now.state.has_value() &&
                         (state == ToolState::available) == (own.now.state == ToolState::available);
    own.now = {heir, state, is_same ? own.now.since_ms : step_began_ms_};
  }
}

void Oracle::check_step(Chance& chance) {
  observe_conditions();
  const auto many = static_cast<std::int64_t>(events_.size());
  for (; told_ < world_.host.told.size(); ++told_)
    if (const auto at = by_id_.find(world_.host.told[told_].id); at != by_id_.end()) touched_.insert(at->second);
  for (int i = 0; i < 3 && many > 0; ++i) touched_.insert(chance.below(many));
  for (const std::int64_t number : touched_) check_state(events_[static_cast<std::size_t>(number)]);
}

void Oracle::check_state(Accepted& event) {
  const auto found = world_.store->find(event.id);
  if (!found || !*found) {
    if (!may_be_reclaimed(event)) return objection_to(event, "P1: is lost");
    if (event.state == EventState::pending) event.state = EventState::discarded;
    return;
  }
  const StoredEvent& stored = **found;
  if (stored.place != event.place) objection_to(event, "P2: was moved to another place");
  if (stored.state == event.state && stored.state != EventState::pending) return;
  const bool final = event.state == EventState::delivered || event.state == EventState::discarded;
  if (stored.state != event.state && (final || stored.state == EventState::pending))
    objection_to(event, "P1: was " + std::string(to_text(event.state)) + " and is " +
                            std::string(to_text(stored.state)) + " again");
  if (stored.state != EventState::pending && !is_explained(event, stored))
    objection_to(event, "P1: is " + std::string(to_text(stored.state)) + " (" + stored.reason +
                            "), which neither its policy nor a person explains: it failed " +
                            std::to_string(event.failed) + " times, last: " + std::string(to_text(event.last_failure)) +
                            "; it was told: " + stored.answer);
  event.state = stored.state;
}

/// A year later: it was settled, so that its time to be kept is over.
bool Oracle::may_be_reclaimed(const Accepted& event) {
  if (!clock_stepped_) return false;
  const bool is_final = event.state == EventState::delivered || event.state == EventState::refused ||
                        event.state == EventState::discarded;
  return is_final || event.acknowledged || event.refused || event.pulled || event.discarded_by_person ||
         !waits_after_failure(event.reported.kind) || was_too_old(event, world_.clock.wall_ms);
}

bool Oracle::is_explained(const Accepted& event, const StoredEvent& stored) {
  if (stored.state == EventState::delivered) return event.acknowledged || event.pulled;
  if (stored.state == EventState::refused) return event.refused;
  const bool is_parked = stored.state == EventState::parked;
  if (is_parked ? event.parked_by_person && stored.reason == "by_person"
                : event.discarded_by_person && stored.reason == "by the simulation")
    return true;
  if (stored.reason == "not_responding") return !is_parked && !waits_after_failure(event.reported.kind);
  if (stored.reason == "too_old") return was_too_old(event, stored.settled_at_ms);
  const auto wanted = is_parked ? GiveUp::Then::park : GiveUp::Then::discard;
  const OwnRecord& own = own_[event.reported.locator];
  // Of this step, and of its last exchange, which may have begun before.
  std::vector<std::shared_ptr<const Policy>> policies = policies_of_step(own.now.heir);
  const auto more = policies_of_step(own.before.heir);
  policies.insert(policies.end(), more.begin(), more.end());
  if (event.last_policy != nullptr) policies.push_back(event.last_policy);
  return std::any_of(policies.begin(), policies.end(), [&](const auto& policy) {
    const auto& at_once = policy->parks_at_once;
    if (stored.reason == "cannot_be_cured")
      return is_parked && std::find(at_once.begin(), at_once.end(), event.last_failure) != at_once.end();
    const GiveUp& terms = policy->give_up;
    return stored.reason == "attempts_used_up" && terms.then == wanted && terms.attempts > 0 &&
           event.failed >= terms.attempts;
  });
}

/// By any of the policies and conditions of this step.
bool Oracle::was_too_old(const Accepted& event, std::int64_t at_ms) {
  const OwnRecord& own = own_[event.reported.locator];
  for (const Condition& condition : {own.now, own.before})
    for (const auto& policy : policies_of_step(condition.heir)) {
      const std::int64_t limit = given_up_at(*policy, condition.state, event.captured_at_ms, condition.since_ms);
      // Where the clock steps, an age is what it says.
      if (limit != 0 && (limit <= at_ms || clock_stepped_)) return true;
    }
  return false;
}

bool Oracle::is_known(const Locator& tool, const Accepted& event, const Delay& delay) const {
  std::tuple<Locator, std::string, std::string, std::string> name{tool, "item", event.reported.item, ""};
  if (delay.until == Delay::Until::setting) {
    const std::string whose = delay.scope == Scope::course    ? event.reported.course
                              : delay.scope == Scope::content ? event.reported.item
                                                              : "";
    name = {tool, "setting:" + std::string(to_text(delay.scope)), whose, delay.key};
  }
  return known_.contains(name);
}

Gate Oracle::gate(const Accepted& event, const Policy& policy, const Locator& tool) const {
  Event asked;
  asked.kind = event.reported.kind;
  asked.course_id = event.reported.course;
  asked.content_id = event.reported.item;
  asked.arguments = encode_pairs(event.arguments);
  asked.captured_at_ms = event.captured_at_ms;
  asked.not_before_ms = event.reported.not_before_ms;
  return gate_of(policy, asked, event.settings, world_.clock.wall_ms,
                 [&](const Delay& delay) { return is_known(tool, event, delay); });
}

void Oracle::clock_stepped() {
  clock_stepped_ = true;
  for (Accepted& event : events_) event.leased_until_ms = 0;
}

void Oracle::check_nobody_sleeps() {
  const auto lanes = world_.store->lanes();
  for (const Lane& lane : *lanes) {
    const auto tool = world_.store->tool(lane.tool);
    const bool is_available = *tool && (*tool)->state == ToolState::available && (*tool)->suspended.empty();
    if (lane.waiting == 0 || !is_available || lane.hold != LaneHold::none || !lane.released) continue;
    const auto head = world_.store->first_waiting(lane.id);
    const auto block = world_.store->block_of(lane.id, world_.clock.wall_ms);
    Accepted* const event = find((*head)->event.id);
    if (event == nullptr) return object("P4: lane " + lane.key + " holds an event that nobody captured");
    const Gate open = gate(*event, *policy_of(lane.tool), lane.tool);
    const std::int64_t at_ms = *block ? (*block)->until_ms : open.at_ms;
    // Others go first, or a value has yet to become known.
    if ((*block && at_ms == 0) || (!open.open && at_ms == 0)) continue;
    object("P6: lane " + lane.key + " sleeps" + (at_ms != 0 ? " until " + rfc3339(at_ms) : "") +
           ", its last walk: " + lane.last_walk.error + ", not before " + rfc3339(lane.last_walk.not_before_ms));
  }
}

void Oracle::check_nothing_due(const std::function<bool(const Locator&)>& healthy) {
  if (clock_stepped_) return;
  for (const auto& [locator, own] : own_) {
    const auto lanes = world_.store->lanes_of(locator);
    const auto tool = world_.store->tool(locator);
    const bool is_available = *tool && (*tool)->state == ToolState::available && (*tool)->suspended.empty();
    // A save waits for what is under way, and what is captured meanwhile for the save.
    const bool is_busy = std::any_of(in_flight_.begin(), in_flight_.end(), [&host = locator.vendor](const auto& one) {
      return one.second.host == host + ".example";
    });
    const bool is_well = is_available && healthy(locator);
    for (const Lane& lane : *lanes) {
      if (lane.waiting == 0 || is_busy) continue;
      if (const std::string what = why_undone(lane, *policy_of(locator), is_well); !what.empty())
        return object("P6: lane " + lane.key + " (" + std::to_string(lane.id) + ") " + what);
    }
  }
}

/// Empty: nothing is due there.
std::string Oracle::why_undone(const Lane& lane, const Policy& policy, bool healthy) {
  const std::int64_t now_ms = world_.clock.wall_ms;
  const auto head = world_.store->first_waiting(lane.id);
  if (!head || !*head) return "waits, but nothing is first in it";
  Accepted* const event = find((*head)->event.id);
  if (event == nullptr) return "holds an event that nobody captured";
  const auto tool = world_.store->tool(lane.tool);
  const std::optional<ToolState> state = tool && *tool ? std::optional((*tool)->state) : std::nullopt;
  const std::int64_t too_old_at = given_up_at(policy, state, event->captured_at_ms, lane.condition_since_ms);
  if (too_old_at != 0 && too_old_at < now_ms && policy.give_up.then != GiveUp::Then::suspend)
    return "holds " + event->reported.operation + ", which its policy gave up at " + rfc3339(too_old_at);
  if (!healthy || lane.hold != LaneHold::none || !lane.released) return {};
  const auto block = world_.store->block_of(lane.id, now_ms);
  if (!block || *block || !gate(*event, policy, lane.tool).open) return {};
  const LastWalk& last = lane.last_walk;
  if (last.ordinal == 0) return "was never walked";
  if (last.ended_at_ms == 0) return "is walked, and nothing goes out";
  if (last.completed)
    return "holds " + event->reported.operation + " though its last walk was completed up to " +
           std::to_string(last.last);
  if (last.stopped_by == 0)
    return last.ended_at_ms <= stopped_at_ms_ ? std::string() : "was stopped (" + last.error + ") and not walked again";
  if (last.ended_at_ms + kContactIntervalMs > now_ms || last.not_before_ms > now_ms) return {};
  if (const auto set = policy_set_at_.find(lane.tool); set != policy_set_at_.end() && set->second >= last.ended_at_ms) {
    // The new policy has planned it anew.
    const auto failures = world_.store->failures({lane.id, last.stopped_by});
    const auto decision = after_failure(policy, FailureKind::unreachable, *failures, 1.0);
    if (decision.kind == FailureDecision::Kind::retry && decision.at_ms > now_ms) return {};
  }
  if (last.not_before_ms != 0) return "was to be tried again at " + rfc3339(last.not_before_ms);
  // What stands behind the walk's batch may have been captured before: then another lane had to go first.
  const auto behind = world_.store->read_waiting(lane.id, last.last, lane.last_sequence, 1'000);
  for (const StoredEvent& stored : behind ? *behind : std::vector<StoredEvent>{})
    if (stored.walks_before >= last.ordinal) return "got more events since its last walk, and was not walked";
  return {};
}

void Oracle::check_end() {
  observe_conditions();
  for (Accepted& event : events_) {
    check_state(event);
    if (event.state != EventState::pending) continue;
    const auto lane = world_.store->lane(event.place.lane);
    objection_to(event, "P1: still waits at the end, in lane " + lane->key + " of " + to_text(lane->tool) +
                            ", last walk: " + lane->last_walk.error);
  }
}

}  // namespace ptb::test
