// What the oracle says of a request: may this event go out now, so, and in this place?
#include <algorithm>

#include "oracle.h"

namespace ptb::test {

namespace {

bool is_acknowledged(const Policy& policy, const std::string& answer) {
  if (answer == "ok") return true;
  if (!policy.acknowledged_by_2xx) return false;
  return answer == "error" || answer == "garbage" || answer.starts_with("20");
}

bool is_refused(const Policy& policy, const std::string& answer) {
  return answer == "error" && !policy.acknowledged_by_2xx && !policy.refusal_is_failure;
}

FailureKind kind_of(const std::string& answer) {
  if (answer == "timeout") return FailureKind::timed_out;
  if (answer == "garbage" || answer.starts_with("20")) return FailureKind::not_understood;
  if (answer == "error") return FailureKind::refused;
  if (answer.starts_with("4")) return FailureKind::client_error;
  if (answer.starts_with("5")) return FailureKind::server_error;
  return FailureKind::unreachable;
}

}  // namespace

/// Counts up whenever something happens after which the event may rightly be heard again.
std::int64_t Oracle::reasons_to_repeat(const Accepted& event) {
  const Locator& own = event.reported.locator;
  const std::int64_t reasons = crashes_ + stops_ + lanes_[event.place.lane].interruptions + acts_[own];
  // What is done to any tool may be done to an heir.
  return claimed_.contains(own) ? reasons + act_ : reasons;
}

void Oracle::sent(std::uint64_t ticket, const Received& request) {
  InFlight& exchange = in_flight_[ticket];
  exchange = InFlight();
  exchange.host = request.host;
  const auto text = [&](const char* name) {
    const auto at = request.parameters.find(name);
    return at == request.parameters.end() ? std::string() : at->second;
  };
  if (!nonces_.insert(text("nonce")).second) object("P5: a nonce was used twice");
  if (text("event_id").empty()) return;
  const auto at = by_id_.find(text("event_id"));
  if (at == by_id_.end()) return object("P1: an event goes out that nobody captured: " + text("event_id"));
  Accepted& event = events_[static_cast<std::size_t>(at->second)];
  touched_.insert(event.number);
  const auto stored = world_.store->find(event.id);
  const auto lane = world_.store->lane(event.place.lane);
  if (!stored || !*stored || !lane) return objection_to(event, "P1: goes out, but is not in the store");
  const Locator& tool = lane->tool;
  if (request.host != tool.vendor + ".example") objection_to(event, "P2: goes to another tool, " + request.host);
  const auto policy = policy_of(tool);
  check_arguments(event, request, tool);
  check_settings(event, request, *policy, tool);

  LaneRecord& record = lanes_[event.place.lane];
  if (record.in_flight) objection_to(event, "P2: goes out while another exchange of its lane is under way");
  record.in_flight = true;
  exchange.event = event.number;
  exchange.policy = policy;
  const auto installed = world_.store->tool(tool);
  const bool is_suspended = installed && *installed && !(*installed)->suspended.empty();
  exchange.alone = (*stored)->state != EventState::pending || lane->hold != LaneHold::none || is_suspended;
  if (event.must_be_saved_after != 0 && saves_[tool] <= event.must_be_saved_after)
    objection_to(event, "P2: goes out before an administrator has saved its tool");
  if (exchange.alone) {
    if (event.alone <= 0) objection_to(event, "P3: goes out by itself, and nobody asked for that");
    --event.alone;
  } else {
    if (!installed || !*installed || (*installed)->state != ToolState::available)
      objection_to(event, "P2: goes out though its tool is not available");
    check_walked(event, **stored, *lane, *policy);
    if (event.heard > 0 && reasons_to_repeat(event) <= event.reasons_at_last)
      objection_to(event, "P3: goes out again for no reason");
  }
  ++event.heard;
  event.reasons_at_last = reasons_to_repeat(event);
}

void Oracle::answered(std::uint64_t ticket, const Received& request) {
  const auto at = in_flight_.find(ticket);
  if (at == in_flight_.end()) return;
  const InFlight exchange = at->second;
  in_flight_.erase(at);
  if (exchange.event < 0) return;
  Accepted& event = events_[static_cast<std::size_t>(exchange.event)];
  LaneRecord& record = lanes_[event.place.lane];
  record.in_flight = false;
  touched_.insert(event.number);
  if (is_acknowledged(*exchange.policy, request.answer)) {
    event.acknowledged = true;
  } else if (is_refused(*exchange.policy, request.answer)) {
    event.refused = true;
  } else {
    event.last_failure = kind_of(request.answer);
    ++record.interruptions;
    if (exchange.alone) return;
    ++event.failed;
    event.last_policy = exchange.policy;
    // One that began under an older policy does not count towards the limit of the newer.
    if (policy_of(heir_of(event.reported.locator)) == exchange.policy) ++event.failed_lately;
    failed_this_step_.push_back(event.number);
  }
}

void Oracle::check_arguments(const Accepted& event, const Received& request, const Locator& tool) {
  for (const auto& [name, value] : event.arguments) {
    const auto at = request.parameters.find(name);
    if (at == request.parameters.end() || at->second != value)
      objection_to(event, "P5: the argument " + name + " goes out as '" +
                              (at == request.parameters.end() ? "nothing" : at->second) + "' and was '" + value + "'");
  }
  const auto item = request.parameters.find("external_content_id");
  if (item == request.parameters.end()) return;
  const auto known = known_.find({tool, "item", event.reported.item, ""});
  if (known == known_.end() || known->second != item->second)
    objection_to(event, "P5: goes out with an item id that nobody said");
}

void Oracle::check_settings(const Accepted& event, const Received& request, const Policy& policy, const Locator& tool) {
  const std::string expected =
      policy.current_settings ? encode_settings(world_.host.settings_of(tool, event.reported.course)) : event.settings;
  const auto read = effective_settings(expected);
  const PairViews* const effective = &read->pairs;
  for (const char* const name : {"colour", "licence"}) {
    const auto at = request.parameters.find(name);
    const auto wanted =
        std::find_if(effective->begin(), effective->end(), [&](const auto& pair) { return pair.first == name; });
    const std::string got = at == request.parameters.end() ? "nothing" : at->second;
    const std::string want = wanted == effective->end() ? "nothing" : std::string(wanted->second);
    if (got != want)
      objection_to(event, "P5: the setting " + std::string(name) + " goes out as '" + got + "' and " +
                              (policy.current_settings ? "is '" : "was '") + want + "'");
  }
}

void Oracle::check_walked(Accepted& event, const StoredEvent& stored, const Lane& lane, const Policy& policy) {
  const std::int64_t now_ms = world_.clock.wall_ms;
  if (!lane.released) objection_to(event, "P2: goes out in a lane that waits for a save");
  LaneRecord& record = lanes_[lane.id];
  for (const auto& [sequence, number] : record.events)
    if (events_[static_cast<std::size_t>(number)].leased_until_ms > now_ms)
      objection_to(event, "P2: goes out while somebody who pulls holds an event of its lane");
  if (lane.last_walk.ordinal != record.walk) {
    const auto head = world_.store->first_waiting(lane.id);
    if (!head || !*head || (*head)->place != stored.place)
      objection_to(event, "P3: a walk began behind the first waiting event");
  } else if (stored.place.sequence <= record.last_sent) {
    objection_to(event, "P2: a walk went back");
  } else {
    for (auto at = record.events.upper_bound(record.last_sent); at != record.events.end(); ++at) {
      if (at->first >= stored.place.sequence) break;
      Accepted& skipped = events_[static_cast<std::size_t>(at->second)];
      if (!is_over(skipped)) objection_to(event, "P2: overtakes " + skipped.reported.operation + " in its lane");
    }
  }
  record.walk = lane.last_walk.ordinal;
  record.last_sent = stored.place.sequence;
  check_order(event, lane);
  const Gate gate = this->gate(event, policy, lane.tool);
  if (!gate.open) objection_to(event, "P2: goes out though it waits for " + gate.waits_for);
  const std::int64_t limit = policy.give_up.attempts;
  if (limit > 0 && policy.give_up.then != GiveUp::Then::suspend && event.failed_lately >= limit)
    objection_to(event, "P3: goes out after it failed " + std::to_string(event.failed_lately) + " times");
}

/// What other lanes of its locator hold that goes first.
void Oracle::check_order(Accepted& event, const Lane& lane) {
  OwnRecord& own = own_[event.reported.locator];
  std::int64_t which = 0;
  for (auto& [epoch, open] : own.open) {
    if (epoch >= event.epoch) break;
    if (anything_before(open, event.number, which))
      objection_to(event, "P2: overtakes " + events_[static_cast<std::size_t>(which)].reported.operation +
                              " of an older policy, in lane " + lane.key);
  }
  if (event.part.split != "course") return;
  // A line holds the events of its course; those that only touch it stand behind some of these and before others, and
  // in no order to each other.
  const auto goes_first = [&](const std::string& course, bool touching) {
    if (!course.empty() && anything_before(own.open_of_course[{event.epoch, course, touching}], event.number, which))
      objection_to(event, "P2: overtakes " + events_[static_cast<std::size_t>(which)].reported.operation +
                              " of its course " + course);
  };
  goes_first(event.part.name, false);
  goes_first(event.part.name, true);
  goes_first(event.part.other, false);
}

bool Oracle::anything_before(std::set<std::int64_t>& open, std::int64_t number, std::int64_t& which) {
  while (!open.empty() && *open.begin() < number) {
    which = *open.begin();
    if (!is_over(events_[static_cast<std::size_t>(which)])) return true;
    open.erase(open.begin());
  }
  return false;
}

bool Oracle::is_over(Accepted& event) {
  if (event.acknowledged || event.refused || event.state != EventState::pending) return true;
  const auto stored = world_.store->find(event.id);
  if (stored && !*stored) return may_be_reclaimed(event);
  return stored && (*stored)->state != EventState::pending;
}

}  // namespace ptb::test
