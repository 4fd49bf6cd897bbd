#include "engine/gatekeeper.h"

namespace ptb {

std::string Gatekeeper::known(const StoredEvent& stored, const Delay& delay) const {
  KnownValue asked;
  asked.tool = lane_.tool;
  if (delay.until == Delay::Until::item) {
    asked.what = "item";
    asked.whose = stored.event.content_id;
  } else {
    asked.what = "setting:" + std::string(to_text(delay.scope));
    asked.key = delay.key;
    if (delay.scope == Scope::course) asked.whose = stored.event.course_id;
    if (delay.scope == Scope::content) asked.whose = stored.event.content_id;
  }
  const auto found = store_.known(asked);
  return found && *found ? **found : std::string();
}

Gate Gatekeeper::gate(const StoredEvent& stored, std::int64_t now_ms) const {
  return gate_of(policy_, stored.event, stored.settings, now_ms,
                 [&](const Delay& delay) { return !known(stored, delay).empty(); });
}

std::int64_t Gatekeeper::given_up_at(const StoredEvent& stored) const {
  return ptb::given_up_at(policy_, condition_, stored.event.captured_at_ms, lane_.condition_since_ms);
}

bool gives_up_by_age(const Policy& policy) {
  const GiveUp& limits = policy.give_up;
  return limits.not_installed_ms != 0 || limits.unavailable_ms != 0 || limits.down_ms != 0;
}

bool looks_at_events(const Policy& policy) {
  return gives_up_by_age(policy) || !policy.delays.empty() || !policy.maintenance.empty();
}

GivenUp given_up(GiveUp::Then then) {
  if (then == GiveUp::Then::suspend) return {EventState::pending, true};
  return {then == GiveUp::Then::discard ? EventState::discarded : EventState::parked, false};
}

}  // namespace ptb
