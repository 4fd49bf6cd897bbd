// Carries out what a person ordered of single events, lanes and tools.
#include "engine/engine.h"
#include "engine/json.h"

namespace ptb {

namespace {

Result<StoredEvent> event_of(Store& store, const Json& order) {
  auto id = id_field(order, "id");
  if (!id) return fail(id.error());
  auto stored = store.find(*id);
  if (!stored) return fail(stored.error());
  if (!*stored) return fail(Status::not_found, "there is no event " + to_text(*id));
  return std::move(**stored);
}

std::string not_in_state(const StoredEvent& stored, std::string_view wanted) {
  return "event " + to_text(stored.event.id) + " is " + std::string(to_text(stored.state)) + ": only " +
         std::string(wanted);
}

/// Takes an event out of the line by a person's word.
Result<std::string> set_aside(Store& store, Pump& pump, const Json& order, EventState state, const std::string& reason,
                              std::int64_t now_ms) {
  auto stored = event_of(store, order);
  if (!stored) return fail(stored.error());
  const bool waits = stored->state == EventState::pending;
  const bool set_aside_before = stored->state == EventState::parked || stored->state == EventState::refused;
  if (!waits && (state != EventState::discarded || !set_aside_before))
    return fail(Status::refused, not_in_state(*stored, state == EventState::parked
                                                           ? "a pending event can be parked"
                                                           : "a pending, refused or parked event can be discarded"));
  const std::string word = state == EventState::parked && reason.empty() ? "by_person" : reason;
  if (auto settled = store.settle(stored->place, state, word, stored->answer, now_ms); !settled)
    return fail(settled.error());
  pump.post(RereadTrigger{stored->place.lane});
  return json_text({{"id", to_text(stored->event.id)}, {"state", to_text(state)}});
}

/// One by its key, those of a tool, or all.
Result<std::vector<Lane>> lanes_named(Store& store, const Json& order) {
  if (order.contains("tool")) {
    auto tool = locator_field(order, "tool");
    if (!tool) return fail(tool.error());
    auto lanes = store.lanes_of(*tool);
    if (lanes && lanes->empty())
      return fail(Status::not_found, "nothing was ever captured for " + to_text(*tool) + ": see the report of lanes");
    return lanes;
  }
  auto lanes = store.lanes();
  if (!lanes || (order.contains("all") && order["all"] == true)) return lanes;
  auto key = text_field(order, "lane");
  if (!key) return fail(key.error());
  std::erase_if(*lanes, [&](const Lane& lane) { return lane.key != *key; });
  if (lanes->empty())
    return fail(Status::not_found, "there is no lane '" + printable(*key, 100) + "': see the report of lanes");
  return lanes;
}

}  // namespace

Result<OrderAnswer> Engine::administer(std::string_view order_text) {
  if (auto allowed = require_pumping("carry out orders"); !allowed) return fail(allowed.error());
  auto order = parse_object(order_text, "order");
  if (!order) return fail(order.error());
  auto what = text_field(*order, "do");
  if (!what) return fail(what.error());
  auto answer = this->order(*what, *order);
  // What becomes of the whole store is noted with it.
  if (answer && *what != "stop" && *what != "restore" && *what != "migrate")
    note(*what, *order, answer->operation == 0 ? "done" : "begun");
  return answer;
}

Result<OrderAnswer> Engine::order(const std::string& what, const Json& order) {
  if (what == "retry" || what == "unpark") return send_again(order, what == "unpark");
  if (what == "replay") return replay(order);
  if (what == "pull_redeliver") return pull_redeliver(order);
  if (what == "ping") return ping(order);
  if (what == "reregister") return reregister(order);
  auto done = carry_out(what, order);
  if (!done) return fail(done.error());
  return OrderAnswer{std::move(*done), 0};
}

Result<OrderAnswer> Engine::ping(const Json& order) {
  auto tool = installed_tool(order);
  if (!tool) return fail(tool.error());
  const auto stored = store_.tool((*tool)->at_send.tool.locator);
  if (!stored || !*stored || (*stored)->state != ToolState::available)
    return fail(Status::refused, to_text((*tool)->at_send.tool.locator) +
                                     " is not available, so it is not pinged: save it as available first");
  const OperationId operation = operations_.open(1, clock_.now().monotonic_ms);
  pump_.post(ActTrigger{std::move(*tool), EventKind::ping, {}, operation});
  return OrderAnswer{"{}", operation};
}

/// The tool is unavailable from now on, until it has registered again and is saved.
Result<OrderAnswer> Engine::reregister(const Json& order) {
  auto tool = installed_tool(order);
  if (!tool) return fail(tool.error());
  auto password = text_field(order, "regpass");
  if (!password) return fail(password.error());
  auto profile = text_field(order, "tcprofileurl");
  if (!profile) return fail(profile.error());
  const ToolAtSend& known = (*tool)->at_send;
  if (!(*tool)->wire->can_say(EventKind::reregister) ||
      known.descriptor.action_for(EventKind::reregister, {}) == nullptr)
    return fail(Status::refused, to_text(known.tool.locator) +
                                     " cannot be asked to register again, since its descriptor or its wire has no "
                                     "reregister: nothing was changed");
  const OperationId operation = operations_.open(1, clock_.now().monotonic_ms);
  pump_.post(ActTrigger{
      std::move(*tool), EventKind::reregister, {{"regpass", *password}, {"tcprofileurl", *profile}}, operation});
  return OrderAnswer{"{}", operation};
}

Result<std::string> Engine::forget(const Json& order, std::int64_t now_ms) {
  ForgetTerms terms;
  for (const auto& [name, into] : {std::pair{"course", &terms.course}, std::pair{"user", &terms.user}}) {
    if (!order.contains(name)) continue;
    auto text = text_field(order, name);
    if (!text) return fail(text.error());
    *into = std::move(*text);
  }
  auto forgotten = store_.forget(terms, now_ms);
  pump_.post(RereadTrigger{});  // also where it failed half-way
  if (!forgotten) return fail(forgotten.error());
  return json_text({{"forgotten", forgotten->events}, {"discarded", forgotten->discarded}});
}

Result<std::shared_ptr<const ReadyTool>> Engine::installed_tool(const Json& order) const {
  auto locator = locator_field(order, "tool");
  if (!locator) return fail(locator.error());
  auto tool = tools_.find(*locator);
  if (tool == nullptr) return fail(Status::not_found, "no tool " + to_text(*locator) + " is installed");
  return tool;
}

Result<OrderAnswer> Engine::send_again(const Json& order, bool only_parked) {
  auto stored = event_of(store_, order);
  if (!stored) return fail(stored.error());
  const bool pending = stored->state == EventState::pending;
  const bool parked = stored->state == EventState::parked;
  if (only_parked ? !parked : !pending && !parked && stored->state != EventState::refused)
    return fail(Status::refused,
                not_in_state(*stored, only_parked ? "a parked event can be unparked"
                                                  : "a pending, refused or parked one can be sent again"));
  auto standing = lane_standing(viewer(), stored->place.lane);
  if (!standing) return fail(standing.error());
  const std::string tool = to_text(standing->lane.tool);
  if (standing->tool_state != ToolState::available)
    return fail(Status::refused, "nothing is sent to " + tool + ", which is not available: save it as available first");
  if (!standing->lane.released)
    return fail(Status::refused, "lane " + standing->lane.key + " waits for an administrator's save of " + tool +
                                     ": save it as available");
  const OperationId operation = operations_.open(1, clock_.now().monotonic_ms);
  if (pending)
    pump_.post(ContactTrigger{stored->place.lane, operation, true});
  else
    pump_.post(SingleTrigger{stored->event.id, operation});
  return OrderAnswer{"{}", operation};
}

Result<std::string> Engine::hold(const Json& order, bool hold) {
  auto lanes = lanes_named(store_, order);
  if (!lanes) return fail(lanes.error());
  std::string reason;
  if (hold) {
    auto said = order.contains("reason") ? text_field(order, "reason") : Result<std::string>("held by a person");
    if (!said) return fail(said.error());
    reason = printable(*said, 200);
  }
  Json keys = Json::array();
  for (const Lane& lane : *lanes) {
    if (auto held = store_.hold_lane(lane.id, hold ? LaneHold::held : LaneHold::none, reason); !held)
      return fail(held.error());
    keys.push_back(lane.key);
    if (hold)
      pump_.post(StopTrigger{std::nullopt, lane.id});
    else
      pump_.post(ContactTrigger{lane.id, 0, true});
  }
  Json json{{"lanes", keys}, {"held", hold}};
  if (order.contains("lane")) json["lane"] = order["lane"];
  return json_text(json);
}

Result<std::string> Engine::carry_out(const std::string& what, const Json& order) {
  const std::int64_t now_ms = clock_.now().wall_ms;
  if (what == "discard") {
    auto reason = text_field(order, "reason");
    if (!reason) return fail(reason.error());
    if (reason->empty()) return fail(Status::argument, "a reason is needed to discard an event: say why in \"reason\"");
    return set_aside(store_, pump_, order, EventState::discarded, printable(*reason, 200), now_ms);
  }
  if (what == "park") {
    auto reason = order.contains("reason") ? text_field(order, "reason") : Result<std::string>(std::string());
    if (!reason) return fail(reason.error());
    return set_aside(store_, pump_, order, EventState::parked, printable(*reason, 200), now_ms);
  }
  if (what == "policy") return set_policy(order);
  if (what == "pull_take") return pull_take(order);
  if (what == "pull_ack" || what == "pull_give_back") return pull_end(order, what == "pull_ack");
  if (what == "import") return import_events(order);
  if (what == "hold" || what == "release") return hold(order, what == "hold");
  if (what == "claim") {
    auto from = locator_field(order, "from");
    if (!from) return fail(from.error());
    auto to = locator_field(order, "to");
    if (!to) return fail(to.error());
    // A save that began before the claim must not release what was claimed.
    if (pump_.is_being_saved(*to))
      return fail(Status::refused, to_text(*to) + " is being saved: claim once that is over, then save it again");
    auto lanes = store_.lanes_of(*from);
    if (auto claimed = store_.claim(*from, *to, now_ms); !claimed) return fail(claimed.error());
    for (const Lane& lane : lanes ? *lanes : std::vector<Lane>{}) pump_.post(StopTrigger{std::nullopt, lane.id});
    pump_.post(LookTrigger{*to});  // what waits is as old as the policy of its new tool allows
    return json_text({{"from", to_text(*from)}, {"to", to_text(*to)}});
  }
  if (what == "forget") return forget(order, now_ms);
  if (what == "backup") return back_up(order);
  if (what == "restore") return put_back_store(order);
  if (what == "migrate") return move_store(order);
  if (what == "stop") {
    StopTrigger stop;
    if (order.contains("tool")) {
      auto tool = locator_field(order, "tool");
      if (!tool) return fail(tool.error());
      stop.tool = std::move(*tool);
    }
    pump_.post(std::move(stop));
    return std::string("{}");
  }
  return fail(Status::argument, "there is no order '" + printable(what, 60) +
                                    "': use retry, replay, park, unpark, discard, hold, release, policy, pull_take, "
                                    "pull_ack, pull_give_back, pull_redeliver, import, claim, stop, ping, reregister, "
                                    "forget, backup, restore or migrate");
}

}  // namespace ptb
