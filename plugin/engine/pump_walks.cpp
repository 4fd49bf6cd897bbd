// Walks of the pump: how they begin, end, and what goes on after them.
#include "core/fault_point.h"
#include "core/planted_bug.h"
#include "engine/pump.h"

namespace ptb {

namespace {

/// Where the simulation's planted second walker of a lane stands.
constexpr std::int64_t kSecondWalkers = 1LL << 40;

}  // namespace

void Pump::begin_contact_walk(std::int64_t lane_id, std::vector<OperationId> operations) {
  if (winding_down_) return;
  const Moment now = clock_.now();
  OperationResult nothing;
  if (const auto lane = context_.store.lane(lane_id); lane) {
    if (const auto gate = gate_of_head(*lane, now)) {
      nothing.tally.left = static_cast<std::uint64_t>(lane->waiting);
      nothing.text = "waits for " + gate->waits_for;
      return finish(operations, nothing);
    }
  }
  const auto walk = context_.store.begin_walk(lane_id, now.wall_ms);
  const auto lane = context_.store.lane(lane_id);
  if (!walk || !lane) {
    const std::string& text = !walk ? walk.error().text : lane.error().text;
    context_.host.log(LogLevel::error, "a walk could not begin: " + text);
    finish(operations, failed_part(text));
    if (is_temporary(!walk ? walk.error() : lane.error())) try_again_later(lane_id);
    return;
  }
  if (!*walk) {
    nothing.tally.left = static_cast<std::uint64_t>(lane->waiting);
    const auto block = lane->waiting > 0 ? context_.store.block_of(lane_id, now.wall_ms) : std::nullopt;
    if (block && *block && (*block)->until_ms != 0) {
      lanes_[lane_id].contact_waiting = true;
      arm(lane_id, monotonic_at((*block)->until_ms));
    }
    finish(operations, nothing);
    return;
  }
  fault_point("walk.begun");
  activate(**walk, *lane, std::move(operations));
}

std::optional<Gate> Pump::gate_of_head(const Lane& lane, const Moment& now) {
  if (lane.waiting == 0) return std::nullopt;
  const auto policy = context_.tools.policy(lane.tool);
  // Under any policy: the host may want the event later, and a walk that only looks would count as an attempt.
  const auto head = context_.store.first_waiting(lane.id);
  if (!head || !*head) return std::nullopt;
  const Gate gate = Gatekeeper(context_.store, *policy, lane, ToolState::available).gate(**head, now.wall_ms);
  if (gate.open) {
    forget_delay(lane.id);
    return std::nullopt;
  }
  delay(lane, **head, gate);
  return gate;
}

/// The lane waits until the gate opens by itself, or for a DelayTrigger.
void Pump::delay(const Lane& lane, const StoredEvent& head, const Gate& gate) {
  forget_delay(lane.id);
  delayed_[lane.tool][lane.id] = {head.event.course_id, head.event.content_id};
  delayed_tool_[lane.id] = lane.tool;
  delayed_count_ = delayed_tool_.size();
  if (gate.at_ms == 0) return;
  lanes_[lane.id].contact_waiting = true;
  arm(lane.id, monotonic_at(gate.at_ms));
}

void Pump::forget_delay(std::int64_t lane) {
  const auto at = delayed_tool_.find(lane);
  if (at == delayed_tool_.end()) return;
  const auto tool = delayed_.find(at->second);
  tool->second.erase(lane);
  if (tool->second.empty()) delayed_.erase(tool);
  delayed_tool_.erase(at);
  delayed_count_ = delayed_tool_.size();
}

bool Pump::give_up_old(const Lane& lane) {
  const auto policy = context_.tools.policy(lane.tool);
  LaneRun& run = lanes_[lane.id];
  if (!gives_up_by_age(*policy) || run.busy()) return false;
  const auto tool = context_.store.tool(lane.tool);
  if (!tool) return false;
  const Gatekeeper gatekeeper(context_.store, *policy, lane, *tool);
  bool gave_up = false;
  for (;;) {
    const auto head = context_.store.first_waiting(lane.id);
    const std::int64_t at_ms = head && *head ? gatekeeper.given_up_at(**head) : 0;
    const Moment now = clock_.now();
    if (at_ms > now.wall_ms) arm(lane.id, monotonic_at(at_ms));
    if (at_ms == 0 || at_ms > now.wall_ms) break;
    const GivenUp given = given_up(policy->give_up.then);
    const std::string text = "it waited longer than its policy allows";
    if (given.suspend_tool) {
      // What a person holds stays held: a save lifts a suspension, but never a hold.
      if (lane.hold != LaneHold::none) break;
      if (context_.store.hold_lane(lane.id, LaneHold::suspended, text)) watch_.note(lane.tool, lane.id, true);
      watch_.look(lane.tool, now);
      break;
    }
    if (!context_.store.settle((*head)->place, given.state, "too_old", text, now.wall_ms)) break;
    context_.host.outcome({0, &**head, given.state, {}, text});
    gave_up = true;
  }
  if (!gave_up) return false;
  forget_failure(run);
  watch_.look(lane.tool, clock_.now());
  contact_lanes_behind(lane.id);
  return true;
}

void Pump::forget_failure(LaneRun& run) {
  run.failed_at_ms = clock_.now().monotonic_ms - options_.contact_interval_ms;
  run.not_before_ms = 0;
}

bool Pump::stopper_waits(const Lane& lane) {
  const std::int64_t stopper = lane.last_walk.stopped_by;
  if (stopper == 0 || lane.last_walk.ended_at_ms == 0) return false;
  const auto waiting = context_.store.read_waiting(lane.id, stopper - 1, stopper, 1);
  return !waiting || !waiting->empty();
}

void Pump::settled_elsewhere(std::int64_t lane_id) {
  contact_lanes_behind(lane_id);
  const auto lane = context_.store.lane(lane_id);
  if (!lane) return;
  watch_.look(lane->tool, clock_.now());
  LaneRun& run = lanes_[lane_id];
  if (run.busy()) return;
  if (lane->last_walk.stopped_by != 0 && !stopper_waits(*lane)) forget_failure(run);
  if (run.contact_waiting || delayed_tool_.contains(lane_id)) contact(lane_id, {}, false);
}

void Pump::contact_lanes_behind(std::int64_t lane) {
  const auto behind = context_.store.lanes_behind(lane);
  for (const std::int64_t id : behind ? *behind : std::vector<std::int64_t>{}) {
    // One that failed by itself waits for what its policy says, whoever stood before it besides: else two lanes of
    // which each may be behind the other would set each other going for ever.
    const auto other = context_.store.lane(id);
    if (!other || !stopper_waits(*other)) contact(id, {}, false);
  }
}

void Pump::activate(const Walk& walk, const Lane& lane, std::vector<OperationId> operations) {
  const bool second_walker = planted(PlantedBug::two_walkers) && lanes_[walk.lane].walk != nullptr;
  const std::int64_t place = walk.lane + (second_walker ? kSecondWalkers : 0);
  LaneRun& run = lanes_[place];
  const std::vector<OperationId> waiting = std::exchange(run.next_operations, {});
  operations.insert(operations.end(), waiting.begin(), waiting.end());
  run.walk = std::make_unique<ActiveWalk>(walk, lane, std::move(operations), context_, clock_.now());
  run.contact_waiting = false;
  forget_delay(walk.lane);
  (run.doubtful ? ready_doubtful_ : ready_).push_back(place);
}

/// Walks that ended together are recorded together: one commit.
void Pump::finish_walks() {
  const std::vector<std::int64_t> lanes = std::exchange(over_, {});
  const Moment now = clock_.now();
  std::vector<EndedWalk> ended;
  ended.reserve(lanes.size());
  for (const std::int64_t lane : lanes) ended.push_back({lanes_[lane].walk->walk(), lanes_[lane].walk->end(), {}});
  fault_point("walk.before_end");
  std::vector<Result<void>> recorded(ended.size(), context_.store.end_walks(ended, now.wall_ms));
  if (ended.size() > 1 && !recorded.front())
    for (std::size_t i = 0; i < ended.size(); ++i) recorded[i] = context_.store.end_walks({&ended[i], 1}, now.wall_ms);
  fault_point("walk.after_end");
  for (std::size_t i = 0; i < lanes.size(); ++i) finish_walk(lanes[i], recorded[i], ended[i].dropped);
}

void Pump::finish_walk(std::int64_t lane_id, const Result<void>& recorded, const std::vector<StoredEvent>& dropped) {
  LaneRun& run = lanes_[lane_id];
  const std::unique_ptr<ActiveWalk> walk = std::move(run.walk);
  const Moment now = clock_.now();
  const WalkEnd& end = walk->end();
  for (const auto& stored : dropped)
    context_.host.outcome({0, &stored, EventState::discarded, {}, "not queued after a failure: " + end.error});
  if (!recorded && recorded.error().status == Status::state && context_.store.is_shared()) ++stale_walks_;
  if (!recorded)
    context_.host.log(LogLevel::error,
                      "the end of a walk of " + walk->lane().key + " was not recorded: " + recorded.error().text);

  const auto lane = context_.store.lane(lane_id);
  OperationResult part;
  part.ok = recorded && (end.completed || walk->closed_gate());  // to wait for one's time is no failure
  part.tally = walk->tally();
  part.tally.discarded += dropped.size();
  part.tally.left = lane ? static_cast<std::uint64_t>(lane->waiting) : 0;
  part.stopped_by = walk->stopped_by_id();
  part.text = recorded ? end.why() : recorded.error().text;
  finish(walk->operations(), part);

  const bool stays = end.hold != LaneHold::none || end.suspend_tool;
  run.doubtful = end.stopped_by != 0;
  run.failed_at_ms = now.monotonic_ms;
  const bool timed = end.stopped_by != 0 && end.not_before_ms != 0 && !walk->goes_on();
  run.not_before_ms = timed ? monotonic_at(end.not_before_ms) : 0;
  if (walk->goes_on()) forget_failure(run);
  // Tried again when that time has passed, or at once with the next event.
  if (!stays && (timed || (walk->goes_on() && lane && lane->waiting > 0))) run.contact_waiting = true;
  const Locator tool = walk->lane().tool;
  watch_.note(tool, lane_id, stays && end.hold != LaneHold::queued);
  watch_.look(tool, now);
  if (const auto save = saves_.find(tool); save != saves_.end()) {
    if (save->second.phase == SaveRun::Phase::walking && save->second.walks_left > 0) --save->second.walks_left;
    drive_save(tool);
  }
  if (lane && lane->tool != tool) drive_save(lane->tool);  // it was claimed while it was walked
  if (walk->closed_gate() && lane)
    delay(*lane, *walk->held_event(), *walk->closed_gate());
  else if (recorded && end.completed && lane && lane->waiting > 0)
    run.contact_waiting = true;
  const bool fewer_wait = end.completed || end.settled != 0 || walk->goes_on() || !dropped.empty() ||
                          walk->tally().refused + walk->tally().discarded != 0;
  if (recorded && fewer_wait) contact_lanes_behind(lane_id);
  if (walk->tally().acknowledged != 0 && delayed_lanes() != 0)
    handle(DelayTrigger{tool, walk->acknowledged_course(), {}});
  if (lane && lane->waiting > 0) run.age_unknown = true;  // what is first now has an age of its own
  if (!recorded && is_temporary(recorded.error())) return try_again_later(lane_id);
  after_lane_freed(lane_id);
}

void Pump::try_again_later(std::int64_t lane) {
  lanes_[lane].contact_waiting = true;
  arm(lane, clock_.now().monotonic_ms + options_.contact_interval_ms);
}

/// The lane has nothing in flight: what waited for that goes on.
void Pump::after_lane_freed(std::int64_t lane_id) {
  LaneRun& run = lanes_[lane_id];
  if (run.busy() || winding_down_) return;
  if (gives_way_to_save(lane_id)) return;
  if (!run.singles.empty()) {
    const SingleTrigger single = run.singles.front();
    run.singles.pop_front();
    send_single(lane_id, single);
    return;
  }
  if (!run.replays.empty()) return replay_next(lane_id);
  if (std::exchange(run.age_unknown, false))
    if (const auto lane = context_.store.lane(lane_id); lane && give_up_old(*lane)) run.contact_waiting = true;
  if (!run.contact_waiting) return;
  run.contact_waiting = false;
  const std::vector<OperationId> operations = std::exchange(run.next_operations, {});
  contact(lane_id, operations, false);
}

}  // namespace ptb
