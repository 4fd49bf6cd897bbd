#include "engine/pump.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/deferral.h"
#include "core/fault_point.h"

namespace ptb {

namespace {

constexpr std::int64_t kUpkeepIntervalMs = 3'600'000;
constexpr int kUpkeepPiece = 500;
/// While exchanges never cease, settled events go in single pieces at this distance.
constexpr std::int64_t kBusyUpkeepMs = 1'000;
constexpr std::int64_t kReceiptRetentionMs = 30LL * 24 * 3'600'000;
constexpr std::int64_t kKeyRetentionMs = 400LL * 24 * 3'600'000;
constexpr std::int64_t kMaxPollMs = 60'000;

/// A ticket says what it is for in its two lowest bits; a lane has one exchange at a time, so its id is enough.
enum class TicketKind : std::uint8_t { walk = 0, single = 1, save = 2, act = 3 };
std::uint64_t ticket_for(TicketKind kind, std::uint64_t number) {
  return number << 2U | static_cast<std::uint64_t>(kind);
}

OperationResult failed_part(std::string text) {
  OperationResult part;
  part.ok = false;
  part.text = std::move(text);
  return part;
}

}  // namespace

Pump::Pump(SendContext& context, Transport& transport, Clock& clock, Operations& operations, PumpOptions options)
    : context_(context), transport_(transport), clock_(clock), operations_(operations), options_(options) {}

template <typename Ended>
void Pump::go_on(SingleSend& send, std::uint64_t ticket, bool doubtful, Ended ended) {
  if (auto request = send.advance(clock_.now()))
    start_exchange(ticket, std::move(*request), doubtful);
  else
    ended();
}

void Pump::post(Trigger trigger) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(trigger));
  }
  transport_.wake();
}

void Pump::remember_failure(std::int64_t lane, std::int64_t failed_monotonic_ms, std::int64_t not_before_monotonic_ms) {
  LaneRun& run = lanes_[lane];
  run.doubtful = true;
  run.failed_at_ms = failed_monotonic_ms;
  run.not_before_ms = not_before_monotonic_ms;
}

std::uint32_t Pump::run(std::int64_t deadline_monotonic_ms, bool return_when_idle, const std::function<bool()>& done) {
  for (;;) {
    handle_results();
    take_triggers();
    Moment now = clock_.now();
    fire_timers(now);
    start_ready();
    if (in_flight_.empty()) tell_idle();
    if (done && done()) break;
    const bool idle = in_flight_.empty();
    const bool more_upkeep = upkeep(now, !idle) && idle;
    if (idle && return_when_idle && !more_upkeep) {
      const std::lock_guard lock(inbox_mutex_);
      if (inbox_.empty()) break;
    }
    now = clock_.now();
    const bool over = now.monotonic_ms >= deadline_monotonic_ms;
    std::int64_t wait_ms = std::clamp<std::int64_t>(deadline_monotonic_ms - now.monotonic_ms, 0, kMaxPollMs);
    if (!timers_.empty()) wait_ms = std::clamp<std::int64_t>(timers_.begin()->first - now.monotonic_ms, 0, wait_ms);
    if (more_upkeep) wait_ms = 0;
    // Also in a turn of no length: many such turns move exchanges on.
    if (!over || !idle) transport_.poll(results_, static_cast<int>(wait_ms));
    handle_results();
    if (over) break;
  }
  if (!in_flight_.empty() || !ready_.empty() || !ready_doubtful_.empty()) return 0;
  if (timers_.empty()) return std::numeric_limits<std::uint32_t>::max();
  const std::int64_t left_ms = timers_.begin()->first - clock_.now().monotonic_ms;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(left_ms, 0, std::numeric_limits<std::uint32_t>::max() - 1LL));
}

void Pump::wind_down(std::int64_t deadline_monotonic_ms) {
  winding_down_ = true;
  handle_results();
  while (!in_flight_.empty()) {
    const std::int64_t left_ms = deadline_monotonic_ms - clock_.now().monotonic_ms;
    if (left_ms <= 0) break;
    transport_.poll(results_, static_cast<int>(std::min(left_ms, kMaxPollMs)));
    handle_results();
  }
  transport_.abandon_all();
  in_flight_.clear();
  for (const auto& queue : {ready_, ready_doubtful_})
    for (const std::int64_t lane : queue)
      if (lanes_[lane].walk != nullptr && lanes_[lane].walk->all_answered() &&
          !lanes_[lane].walk->advance(clock_.now()))
        over_.push_back(lane);
  if (!over_.empty()) finish_walks();
}

// ---- triggers

void Pump::take_triggers() {
  std::vector<Trigger> triggers;
  {
    const std::lock_guard lock(inbox_mutex_);
    triggers.swap(inbox_);
  }
  // Contacts of one lane that came together share a walk.
  std::map<std::int64_t, std::pair<std::vector<OperationId>, bool>> contacts;
  for (const auto& trigger : triggers) {
    if (const auto* one = std::get_if<ContactTrigger>(&trigger)) {
      auto& [operations, by_person] = contacts[one->lane];
      if (one->operation != 0) operations.push_back(one->operation);
      by_person = by_person || one->by_person;
    } else if (const auto* save = std::get_if<SaveTrigger>(&trigger)) {
      handle(*save);
    } else if (const auto* single = std::get_if<SingleTrigger>(&trigger)) {
      handle(*single);
    } else if (const auto* act = std::get_if<ActTrigger>(&trigger)) {
      handle(*act);
    } else if (const auto* reread = std::get_if<RereadTrigger>(&trigger)) {
      for (auto& [lane, run] : lanes_)
        if (run.walk != nullptr && (reread->lane == 0 || reread->lane == lane)) run.walk->reread();
    } else if (const auto* idle = std::get_if<IdleTrigger>(&trigger)) {
      waiting_for_idle_.push_back(idle->operation);
    } else {
      handle(std::get<StopTrigger>(trigger));
    }
  }
  for (const auto& [lane, one] : contacts) contact(lane, one.first, one.second);
}

void Pump::contact(std::int64_t lane_id, const std::vector<OperationId>& operations, bool by_person) {
  LaneRun& run = lanes_[lane_id];
  const auto lane = context_.store.lane(lane_id);
  if (!lane) return finish(operations, failed_part(lane.error().text));
  if (run.busy() || tool_is_saving(lane->tool)) {
    run.contact_waiting = true;
    run.next_operations.insert(run.next_operations.end(), operations.begin(), operations.end());
    return;
  }
  const std::int64_t due_ms = std::max(run.failed_at_ms + options_.contact_interval_ms, run.not_before_ms);
  if (!by_person && run.doubtful && clock_.now().monotonic_ms < due_ms) {
    if (!run.timer_set) timers_.emplace(due_ms, lane_id);
    run.timer_set = true;
    OperationResult deferred;
    deferred.tally.left = static_cast<std::uint64_t>(lane->waiting);
    deferred.text = lane->last_walk.error;
    return finish(operations, deferred);
  }
  begin_contact_walk(lane_id, operations);
}

void Pump::handle(const SaveTrigger& trigger) {
  const auto at = saves_.find(trigger.tool);
  if (at == saves_.end()) {
    SaveRun& save = saves_[trigger.tool];
    save.state = trigger.state;
    save.operations.push_back(trigger.operation);
    drive_save(trigger.tool);
    return;
  }
  SaveRun& save = at->second;
  if (!save.queued.empty() || save.state != trigger.state) {
    save.queued.push_back(trigger);
    if (trigger.state != ToolState::available) handle(StopTrigger{trigger.tool, 0});
  } else if (save.phase != SaveRun::Phase::walking) {
    save.operations.push_back(trigger.operation);
  } else {
    operations_.add_parts(trigger.operation, save.walks_left);
    for (auto& [lane, run] : lanes_)
      if (run.walk != nullptr && run.walk->lane().tool == trigger.tool) run.walk->join(trigger.operation);
    OperationResult joined;
    joined.tool_state = save.state;
    finish({trigger.operation}, joined);
  }
}

void Pump::handle(const SingleTrigger& trigger) {
  const auto stored = context_.store.find(trigger.event);
  if (!stored || !*stored) {
    finish({trigger.operation}, failed_part(stored ? "the event is not there any more" : stored.error().text));
    return;
  }
  const std::int64_t lane = (*stored)->place.lane;
  LaneRun& run = lanes_[lane];
  if (run.busy())
    run.singles.push_back(trigger);
  else
    send_single(lane, trigger);
}

void Pump::handle(const StopTrigger& trigger) {
  for (auto& [lane, run] : lanes_) {
    if (run.walk == nullptr) continue;
    if (trigger.tool && run.walk->lane().tool != *trigger.tool) continue;
    if (trigger.lane != 0 && trigger.lane != lane) continue;
    run.walk->stop();
  }
}

void Pump::handle(const ActTrigger& trigger) {
  if (winding_down_) return;
  const Locator& tool = trigger.tool->at_send.tool.locator;
  if (trigger.act == EventKind::reregister) {
    if (const auto save = saves_.find(tool); save != saves_.end()) {
      save->second.acts.push_back(trigger);
      return;
    }
    const auto saved = context_.store.save_tool(tool, ToolState::unavailable, clock_.now().wall_ms);
    if (!saved) return finish({trigger.operation}, failed_part(saved.error().text));
    handle(StopTrigger{tool, 0});
  }
  StoredEvent stored;
  stored.event.kind = trigger.act;
  stored.event.locator = tool;
  stored.event.arguments = encode_pairs(trigger.arguments);
  const std::uint64_t ticket = ticket_for(TicketKind::act, ++last_act_ticket_);
  ActRun& run = acts_[ticket];
  run.send = std::make_unique<SingleSend>(trigger.tool, std::move(stored), context_);
  run.operation = trigger.operation;
  go_on(*run.send, ticket, false, [&] { act_ended(ticket); });
}

void Pump::act_ended(std::uint64_t ticket) {
  const ActRun run = std::move(acts_.extract(ticket).mapped());
  const StoredEvent& stored = run.send->stored();
  const Locator& tool = stored.event.locator;
  const Outcome& outcome = run.send->outcome();
  const ActResult result = judge_act(stored.event.kind, tool, ToolState::unavailable, outcome);
  const bool heard = outcome.kind == Outcome::Kind::acknowledged;
  if (!result.text.empty()) context_.host.log(LogLevel::warning, result.text);
  if (run.operation == 0)
    context_.host.outcome({0, &stored, heard ? EventState::delivered : EventState::discarded, {}, result.text});
  OperationResult part;
  part.ok = result.done;
  part.tally = {.sent = run.send->was_sent() ? 1U : 0U, .acknowledged = heard ? 1U : 0U};
  part.text = result.text;
  const auto known = context_.store.tool(tool);
  if (stored.event.kind == EventKind::reregister && known && *known) part.tool_state = (*known)->state;
  finish({run.operation}, part);
  // Who answers a ping can be sent what waits; remove and reregister start no walk.
  if (stored.event.kind != EventKind::ping || !heard) return;
  const auto lanes = context_.store.lanes_of(tool);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{})
    if (lane.waiting > 0) contact(lane.id, {}, false);
}

void Pump::fire_timers(const Moment& now) {
  while (!timers_.empty() && timers_.begin()->first <= now.monotonic_ms) {
    const std::int64_t lane = timers_.begin()->second;
    timers_.erase(timers_.begin());
    lanes_[lane].timer_set = false;
    contact(lane, {}, false);
  }
}

// ---- walks

void Pump::begin_contact_walk(std::int64_t lane_id, std::vector<OperationId> operations) {
  if (winding_down_) return;
  const Moment now = clock_.now();
  const auto walk = context_.store.begin_walk(lane_id, now.wall_ms);
  const auto lane = context_.store.lane(lane_id);
  if (!walk || !lane) {
    const std::string& text = !walk ? walk.error().text : lane.error().text;
    context_.host.log(LogLevel::error, "a walk could not begin: " + text);
    finish(operations, failed_part(text));
    return;
  }
  if (!*walk) {
    OperationResult nothing;
    nothing.tally.left = static_cast<std::uint64_t>(lane->waiting);
    finish(operations, nothing);
    return;
  }
  fault_point("walk.begun");
  activate(**walk, *lane, std::move(operations));
}

void Pump::activate(const Walk& walk, const Lane& lane, std::vector<OperationId> operations) {
  LaneRun& run = lanes_[walk.lane];
  const std::vector<OperationId> waiting = std::exchange(run.next_operations, {});
  operations.insert(operations.end(), waiting.begin(), waiting.end());
  run.walk = std::make_unique<ActiveWalk>(walk, lane, std::move(operations), context_, clock_.now());
  run.contact_waiting = false;
  (run.doubtful ? ready_doubtful_ : ready_).push_back(walk.lane);
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
  if (!recorded)
    context_.host.log(LogLevel::error,
                      "the end of a walk of " + walk->lane().key + " was not recorded: " + recorded.error().text);

  const auto lane = context_.store.lane(lane_id);
  OperationResult part;
  part.ok = recorded && end.completed;
  part.tally = walk->tally();
  part.tally.discarded += dropped.size();
  part.tally.left = lane ? static_cast<std::uint64_t>(lane->waiting) : 0;
  part.stopped_by = walk->stopped_by_id();
  part.text = recorded ? end.error : recorded.error().text;
  finish(walk->operations(), part);

  run.doubtful = end.stopped_by != 0;
  if (run.doubtful) run.failed_at_ms = now.monotonic_ms;
  run.not_before_ms = walk->retry_after_ms() != 0 ? now.monotonic_ms + walk->retry_after_ms() : 0;
  if (run.not_before_ms != 0 && !end.suspend) run.contact_waiting = true;  // tried again when that time has passed
  const Locator tool = walk->lane().tool;
  if (const auto save = saves_.find(tool); save != saves_.end()) {
    if (save->second.phase == SaveRun::Phase::walking && save->second.walks_left > 0) --save->second.walks_left;
    drive_save(tool);
  }
  if (lane && lane->tool != tool) drive_save(lane->tool);  // it was claimed while it was walked
  const bool more_behind = recorded && end.completed && lane && lane->waiting > 0;
  if (more_behind || run.contact_waiting) run.contact_waiting = true;
  after_lane_freed(lane_id);
}

/// The lane has nothing in flight: what waited for that goes on.
void Pump::after_lane_freed(std::int64_t lane_id) {
  LaneRun& run = lanes_[lane_id];
  if (run.busy() || winding_down_) return;
  if (!run.singles.empty()) {
    const SingleTrigger single = run.singles.front();
    run.singles.pop_front();
    send_single(lane_id, single);
    return;
  }
  if (!run.contact_waiting) return;
  run.contact_waiting = false;
  const std::vector<OperationId> operations = std::exchange(run.next_operations, {});
  contact(lane_id, operations, false);
}

/// Why a set-aside event cannot be sent now; empty where it can. Asked when its turn has come, which may be long after
/// the order.
std::string Pump::why_not_alone(const StoredEvent& stored, const Lane& lane) {
  const std::string id = to_text(stored.event.id);
  if (stored.state != EventState::refused && stored.state != EventState::parked)
    return "event " + id + " is " + std::string(to_text(stored.state)) + " by now: nothing was sent";
  if (stored.reason == kForgotten) return "the content of event " + id + " was forgotten: nothing is left to be sent";
  const auto tool = context_.store.tool(lane.tool);
  if (!tool || !*tool || (*tool)->state != ToolState::available || !lane.released)
    return to_text(lane.tool) + " is not available or waits for an administrator's save: save it as available first";
  return {};
}

void Pump::send_single(std::int64_t lane_id, const SingleTrigger& trigger) {
  const auto stored = context_.store.find(trigger.event);
  const auto lane = context_.store.lane(lane_id);
  if (!stored || !*stored || !lane) {
    finish({trigger.operation}, failed_part("the event is not there any more"));
    return after_lane_freed(lane_id);
  }
  if (const std::string problem = why_not_alone(**stored, *lane); !problem.empty()) {
    finish({trigger.operation}, failed_part(problem));
    return after_lane_freed(lane_id);
  }
  auto settings = context_.store.settings((*stored)->snapshot);
  if (!settings) {
    finish({trigger.operation}, failed_part(settings.error().text));
    return after_lane_freed(lane_id);
  }
  LaneRun& run = lanes_[lane_id];
  const std::int64_t attempt = std::max<std::int64_t>(lane->last_walk.ordinal - (*stored)->walks_before + 1, 2);
  run.single = std::make_unique<SingleSend>(lane->tool, **stored, std::move(*settings), attempt, context_);
  run.single_operation = trigger.operation;
  go_on(*run.single, ticket_for(TicketKind::single, static_cast<std::uint64_t>(lane_id)), run.doubtful,
        [&] { finish_single(lane_id); });
}

void Pump::finish_single(std::int64_t lane_id) {
  LaneRun& run = lanes_[lane_id];
  const std::unique_ptr<SingleSend> single = std::move(run.single);
  const StoredEvent& stored = single->stored();
  const Outcome& outcome = single->outcome();
  const bool acknowledged = outcome.kind == Outcome::Kind::acknowledged;
  OperationResult part;
  part.tally = {
      .sent = 1, .acknowledged = acknowledged ? 1U : 0U, .refused = outcome.kind == Outcome::Kind::refused ? 1U : 0U};
  EventState state = stored.state;
  std::string reason = stored.reason;
  if (acknowledged) {
    state = EventState::delivered;
    reason.clear();
  } else if (outcome.kind == Outcome::Kind::refused) {
    state = EventState::refused;
    reason = "refused";
  } else {
    part.tally.failed = 1;
    part.ok = false;
    part.text = outcome.text;
    part.stopped_by = to_text(stored.event.id);
  }
  if (const auto written = context_.store.settle(stored.place, state, reason, outcome.text, clock_.now().wall_ms);
      !written) {
    part.ok = false;
    part.text = written.error().text;
  }
  context_.host.outcome({run.single_operation, &stored, state, {}, outcome.text});
  finish({run.single_operation}, part);
  after_lane_freed(lane_id);
}

// ---- saves

bool Pump::tool_is_saving(const Locator& tool) const {
  const auto at = saves_.find(tool);
  return at != saves_.end() && at->second.phase != SaveRun::Phase::walking;
}

/// Moves the save of a tool on, as far as it can go now.
void Pump::drive_save(const Locator& tool) {
  const auto at = saves_.find(tool);
  if (at == saves_.end()) return;
  SaveRun& save = at->second;
  if (save.phase == SaveRun::Phase::walking && save.walks_left == 0) return end_save(tool);
  if (save.phase != SaveRun::Phase::draining) return;
  const std::vector<ActiveWalk*> walks = walks_of(tool);
  for (ActiveWalk* const walk : walks)
    if (save.state != ToolState::available || walk->lane().tool != tool) walk->stop();
  if (walks.empty()) ask_state_change(tool, save);
}

std::vector<ActiveWalk*> Pump::walks_of(const Locator& tool) {
  std::set<std::int64_t> given;
  const auto lanes = context_.store.lanes_of(tool);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{}) given.insert(lane.id);
  std::vector<ActiveWalk*> walks;
  for (auto& [id, run] : lanes_)
    if (run.walk != nullptr && (run.walk->lane().tool == tool || given.contains(id))) walks.push_back(run.walk.get());
  return walks;
}

void Pump::ask_state_change(const Locator& tool, SaveRun& save) {
  StoredEvent stored;
  stored.event.kind = EventKind::state_change;
  stored.event.locator = tool;
  stored.event.arguments = encode_pairs({{"state", std::string(to_text(save.state))}});
  save.phase = SaveRun::Phase::asking;
  save.state_change = std::make_unique<SingleSend>(tool, std::move(stored), std::string(), 1, context_);
  save.ticket = ticket_for(TicketKind::save, ++last_save_ticket_);
  go_on(*save.state_change, save.ticket, false, [&] { state_change_ended(tool); });
}

void Pump::state_change_ended(const Locator& tool) {
  SaveRun& save = saves_.at(tool);
  const Outcome outcome = save.state_change->outcome();
  save.state_change.reset();
  save.phase = SaveRun::Phase::walking;  // whatever comes, the lanes are free again
  const ActResult result = judge_act(EventKind::state_change, tool, save.state, outcome);
  OperationResult part;
  part.text = result.text;
  if (!result.done) {
    const auto known = context_.store.tool(tool);
    part.ok = false;
    if (known && *known) part.tool_state = (*known)->state;
    finish(save.operations, part);
    return end_save(tool);
  }
  fault_point("save.before_commit");
  const auto walks = context_.store.save_tool(tool, save.state, clock_.now().wall_ms);
  fault_point("save.after_commit");
  if (!walks) {
    part.ok = false;
    part.text = walks.error().text;
    finish(save.operations, part);
    return end_save(tool);
  }
  part.tool_state = save.state;
  const auto lanes = context_.store.lanes_of(tool);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{}) {
    const auto at = std::find_if(walks->begin(), walks->end(), [&](const Walk& walk) { return walk.lane == lane.id; });
    if (at == walks->end()) {
      part.tally.left += static_cast<std::uint64_t>(lane.waiting);
      if (lane.hold == LaneHold::held && lane.waiting > 0 && part.text.empty())
        part.text = "lane " + lane.key + " is held and stays so: release it to send what waits";
      continue;
    }
    ++save.walks_left;
    for (const OperationId operation : save.operations) operations_.add_parts(operation, 1);
    activate(*at, lane, save.operations);
  }
  finish(save.operations, part);
  if (save.walks_left == 0) end_save(tool);
}

void Pump::end_save(const Locator& tool) {
  const auto at = saves_.find(tool);
  std::deque<SaveTrigger> queued = std::move(at->second.queued);
  std::deque<ActTrigger> acts = std::move(at->second.acts);
  saves_.erase(at);
  for (const auto& trigger : acts) handle(trigger);
  for (const auto& trigger : queued) handle(trigger);
  const auto lanes = context_.store.lanes_of(tool);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{})
    if (const auto run = lanes_.find(lane.id); run != lanes_.end()) after_lane_freed(lane.id);
}

// ---- exchanges

/// Gives free places to walks that can go on; lanes whose last walk failed share at most half of the places.
void Pump::start_ready() {
  const auto advance_from = [this](std::deque<std::int64_t>& queue, bool doubtful) {
    const std::int64_t lane = queue.front();
    queue.pop_front();
    ActiveWalk* const walk = lanes_[lane].walk.get();
    if (walk == nullptr) return;
    if (auto request = walk->advance(clock_.now()))
      start_exchange(ticket_for(TicketKind::walk, static_cast<std::uint64_t>(lane)), std::move(*request), doubtful);
    else
      over_.push_back(lane);
  };
  if (winding_down_) return;
  const std::size_t half = std::max<std::size_t>(options_.max_exchanges / 2, 1);
  for (;;) {
    while (!ready_.empty() && in_flight_.size() < options_.max_exchanges) advance_from(ready_, false);
    while (!ready_doubtful_.empty() && in_flight_.size() < options_.max_exchanges && doubtful_in_flight_ < half)
      advance_from(ready_doubtful_, true);
    if (over_.empty()) break;
    finish_walks();  // may make lanes ready again
  }
}

void Pump::start_exchange(std::uint64_t ticket, HttpRequest request, bool doubtful) {
  in_flight_.emplace(ticket, doubtful);
  if (doubtful) ++doubtful_in_flight_;
  transport_.start(ticket, std::move(request));
}

/// Each result is taken off before it is handled: where a callback of the host throws, it is not handled twice.
void Pump::handle_results() {
  while (results_handled_ < results_.size()) {
    const ExchangeResult result = std::move(results_[results_handled_++]);
    handle_result(result);
  }
  results_.clear();
  results_handled_ = 0;
}

void Pump::walk_answered(std::int64_t lane, const ExchangeResult& result, bool doubtful) {
  ActiveWalk& walk = *lanes_[lane].walk;
  try {
    walk.answered(result, clock_.now());
  } catch (...) {
    walk.stop();  // it ends, and another walk may begin
    ready_.push_back(lane);
    throw;
  }
  // A lane that was doubtful is so no longer once the tool has answered.
  const bool still = doubtful && walk.tally().acknowledged + walk.tally().refused == 0;
  (still ? ready_doubtful_ : ready_).push_back(lane);
}

void Pump::handle_result(const ExchangeResult& result) {
  const auto at = in_flight_.find(result.ticket);
  if (at == in_flight_.end()) return;
  const bool doubtful = at->second;
  if (doubtful) --doubtful_in_flight_;
  in_flight_.erase(at);
  const auto kind = static_cast<TicketKind>(result.ticket & 3U);
  const auto lane = static_cast<std::int64_t>(result.ticket >> 2U);
  if (kind == TicketKind::walk) return walk_answered(lane, result, doubtful);
  if (kind == TicketKind::single) {
    SingleSend& single = *lanes_[lane].single;
    single.answered(result);
    return go_on(single, result.ticket, doubtful, [&] { finish_single(lane); });
  }
  if (kind == TicketKind::act) {
    SingleSend& send = *acts_.at(result.ticket).send;
    send.answered(result);
    return go_on(send, result.ticket, doubtful, [&] { act_ended(result.ticket); });
  }
  for (auto& [tool, save] : saves_) {
    if (save.ticket != result.ticket || save.state_change == nullptr) continue;
    save.state_change->answered(result);
    return go_on(*save.state_change, result.ticket, false, [&] { state_change_ended(Locator(tool)); });
  }
}

void Pump::finish(const std::vector<OperationId>& operations, const OperationResult& part) {
  const std::int64_t now_ms = clock_.now().monotonic_ms;
  for (const OperationId operation : operations)
    if (operation != 0) operations_.finish_part(operation, part, now_ms);
}

/// Nothing is in flight; start_ready has left nothing ready either, and what has come in since is looked for here.
void Pump::tell_idle() {
  {
    const std::lock_guard lock(inbox_mutex_);
    if (!inbox_.empty()) return;
  }
  finish(std::exchange(waiting_for_idle_, {}), {});
}

/// Reclaims one bounded piece where that is due; true where there is more to do. `busy`: exchanges are under way, so
/// only where it is long overdue.
bool Pump::upkeep(const Moment& now, bool busy) {
  if (winding_down_ || now.monotonic_ms < upkeep_due_ms_ + (busy ? kBusyUpkeepMs : 0)) return false;
  const auto more = context_.store.reclaim(now.wall_ms, kReceiptRetentionMs, kKeyRetentionMs, kUpkeepPiece);
  if (!more) context_.host.log(LogLevel::warning, "settled events could not be reclaimed: " + more.error().text);
  if (more && *more) {
    if (busy) upkeep_due_ms_ = now.monotonic_ms;
    return true;
  }
  upkeep_due_ms_ = now.monotonic_ms + kUpkeepIntervalMs;
  return false;
}

}  // namespace ptb
