// What people do to what waits in a simulated world.
#include "simulation.h"

namespace ptb::test {

/// False: it was refused, which is nobody's fault.
bool Simulation::order(const Json& order, std::string* answer) {
  const auto done = world_.engine->administer(order.dump());
  if (done && answer != nullptr) *answer = done->json;
  return done.has_value();
}

Accepted* Simulation::some_event() {
  auto& all = oracle_.events();
  return all.empty() ? nullptr : &chance_.of(all);
}

void Simulation::person_acts() {
  switch (chance_.below(8)) {
    case 0:
    case 1:
    case 2: return person_on_event();
    case 3: return person_on_lanes();
    case 4: return person_redelivers();
    case 5: return person_replays();
    case 6: return person_pulls();
    default: break;
  }
  if (!chance_.one_in(4)) return person_pulls();
  say("stop");
  oracle_.person_stops_walks();
  order({{"do", "stop"}});
}

void Simulation::person_on_event() {
  Accepted* const event = some_event();
  if (event == nullptr) return;
  static constexpr std::array<const char*, 4> kActs = {"park", "discard", "unpark", "retry"};
  const std::string act = chance_.of(kActs);
  say(act + " " + event->reported.operation + " of " + to_text(event->reported.locator));
  oracle_.person_acts_on(event->reported.locator);
  Json json{{"do", act}, {"id", to_text(event->id)}};
  if (act == "park") event->parked_by_person = true;
  if (act == "discard") {
    event->discarded_by_person = true;
    json["reason"] = "by the simulation";
  }
  if (act == "unpark" || act == "retry") oracle_.person_asks_for(*event);
  order(json);
}

void Simulation::person_on_lanes() {
  Json json{{"do", chance_.one_in(2) ? "hold" : "release"}};
  Accepted* const event = some_event();
  if (event == nullptr) return;
  if (chance_.one_in(2)) {
    const auto lane = world_.store->lane(event->place.lane);
    json["lane"] = lane->key;
  } else {
    json["tool"] = to_text(chance_.of(tools_));
  }
  say(json.dump());
  for (const Locator& tool : tools_) oracle_.person_acts_on(tool);
  order(json);
}

void Simulation::person_redelivers() {
  const Locator& tool = chance_.of(tools_);
  Json json{{"do", "pull_redeliver"}, {"tool", to_text(tool)}};
  if (chance_.one_in(2)) {
    Accepted* const event = some_event();
    if (event == nullptr) return;
    json["ids"] = {to_text(event->id)};
    oracle_.person_asks_for(*event);
  }
  say(json.dump());
  for (const Locator& each : tools_) oracle_.person_acts_on(each);
  order(json);
}

void Simulation::person_replays() {
  const Locator& tool = chance_.of(tools_);
  Json json{{"do", "replay"}, {"tool", to_text(tool)}};
  if (!chance_.one_in(3)) {
    json["from_time"] = rfc3339(world_.clock.wall_ms - chance_.below(600'000));
    for (Accepted& event : oracle_.events())
      if (oracle_.heir_of(event.reported.locator) == tool) oracle_.person_asks_for(event);
  }
  say(json.dump());
  oracle_.person_acts_on(tool);
  order(json);
}

void Simulation::person_pulls() {
  std::vector<Accepted*> held;
  for (Accepted& event : oracle_.events())
    if (!event.token.empty()) held.push_back(&event);
  if (held.empty() || chance_.one_in(2)) {
    const Locator& tool = chance_.of(tools_);
    Json json{{"do", "pull_take"},
              {"tool", to_text(tool)},
              {"limit", chance_.between(1, 4)},
              {"lease_s", chance_.between(1, 300)}};
    std::string answer;
    if (!order(json, &answer)) return;
    const Json taken = Json::parse(answer);
    if (taken["token"].is_null()) return;
    std::vector<EventId> ids;
    for (const Json& event : taken["events"]) ids.push_back(*event_id_from(event["id"].get<std::string>()));
    say(json.dump() + ": " + std::to_string(ids.size()));
    oracle_.leased(taken["token"], *time_from(taken["until"].get<std::string>()), ids);
    return;
  }
  Accepted& event = *chance_.of(held);
  const bool acknowledges = chance_.one_in(2);
  const std::string token = std::exchange(event.token, {});
  say((acknowledges ? "acknowledge " : "give back ") + event.reported.operation);
  // The lease ends here or has ended: what comes of it is the store's word.
  // Where the clock steps, the store may take a lease for running that was over for a while.
  const bool may_run = event.leased_until_ms > world_.clock.wall_ms || clock_step_ms_ != 0;
  if (acknowledges && may_run) event.pulled = true;
  event.leased_until_ms = 0;
  oracle_.person_acts_on(event.reported.locator);
  order({{"do", acknowledges ? "pull_ack" : "pull_give_back"}, {"token", token}, {"ids", {to_text(event.id)}}});
}

}  // namespace ptb::test
