#include "engine/pump.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/deferral.h"
#include "core/fault_point.h"
#include "core/planted_bug.h"

namespace ptb {

namespace {

constexpr std::int64_t kUpkeepIntervalMs = 3'600'000;
constexpr int kUpkeepPiece = 500;
/// While exchanges never cease, settled events go in single pieces at this distance.
constexpr std::int64_t kBusyUpkeepMs = 1'000;
constexpr std::int64_t kKeyRetentionMs = 400LL * 24 * 3'600'000;
constexpr std::int64_t kMaxPollMs = 60'000;
/// A shared store is looked at this often though nobody has told anything, and is asked at most so often who has.
constexpr std::int64_t kNewsMs = 1'000;
constexpr std::int64_t kHeardMs = 20;
constexpr std::int64_t kRenewalMs = 5'000;

}  // namespace

Pump::Pump(SendContext& context, Transport& transport, Clock& clock, Operations& operations, PumpOptions options,
           TakeIn take_in)
    : context_(context),
      transport_(transport),
      clock_(clock),
      operations_(operations),
      options_(options),
      watch_(context),
      take_in_(std::move(take_in)) {}

void Pump::post(Trigger trigger) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(trigger));
  }
  transport_.wake();
}

bool Pump::is_being_saved(const Locator& tool) {
  const std::lock_guard lock(inbox_mutex_);
  return being_saved_.contains(tool) || std::any_of(inbox_.begin(), inbox_.end(), [&](const Trigger& trigger) {
           const auto* const save = std::get_if<SaveTrigger>(&trigger);
           return save != nullptr && save->tool == tool;
         });
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
    if (context_.store.is_shared()) share(clock_.now());
    take_triggers();
    Moment now = clock_.now();
    fire_timers(now);
    start_ready(now);
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
    wait_ms = std::clamp<std::int64_t>(next_due_ms(now) - now.monotonic_ms, 0, wait_ms);
    if (more_upkeep) wait_ms = 0;
    // Also in a turn of no length: many such turns move exchanges on.
    if (!over || !idle) {
      build_ahead(now);
      transport_.poll(results_, static_cast<int>(wait_ms));
    }
    handle_results();
    if (over) break;
  }
  if (!in_flight_.empty() || !ready_.empty() || !ready_doubtful_.empty()) return 0;
  const Moment now = clock_.now();
  const std::int64_t due_ms = next_due_ms(now);
  if (due_ms == std::numeric_limits<std::int64_t>::max()) return std::numeric_limits<std::uint32_t>::max();
  const std::int64_t left_ms = due_ms - now.monotonic_ms;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(left_ms, 0, std::numeric_limits<std::uint32_t>::max() - 1LL));
}

std::int64_t Pump::monotonic_at(std::int64_t wall_ms) const {
  const Moment now = clock_.now();
  return now.monotonic_ms + std::max<std::int64_t>(wall_ms - now.wall_ms, 0);
}

/// When something is to be done without a trigger, monotonic; the largest number: never.
std::int64_t Pump::next_due_ms(const Moment& now) const {
  std::int64_t due_ms = std::numeric_limits<std::int64_t>::max();
  if (!timers_.empty()) due_ms = timers_.begin()->first;
  if (context_.store.is_shared()) due_ms = std::min(due_ms, news_due_ms_);
  if (const std::int64_t watch_ms = watch_.next_due_ms(); watch_ms != 0)
    due_ms = std::min(due_ms, now.monotonic_ms + std::max<std::int64_t>(watch_ms - now.wall_ms, 0));
  return due_ms;
}

void Pump::share(const Moment& now) {
  Store& store = context_.store;
  transport_.watch(store.listening_socket());
  if (winding_down_ || now.monotonic_ms < heard_due_ms_) return;
  heard_due_ms_ = now.monotonic_ms + kHeardMs;
  const bool look = now.monotonic_ms >= news_due_ms_;
  if (look) news_due_ms_ = now.monotonic_ms + kNewsMs;
  const auto news = store.news(look, now.wall_ms);
  if (news) taken_over_ += news->taken_over.size();
  if (news && take_in_) take_in_(*news);
  if (now.monotonic_ms < renewal_due_ms_) return;
  // Where it cannot be renewed, walks stop by themselves when their time is over.
  if (store.renew()) renewal_due_ms_ = now.monotonic_ms + kRenewalMs;
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
    for (const Trigger& trigger : triggers)
      if (const auto* save = std::get_if<SaveTrigger>(&trigger)) being_saved_.insert(save->tool);
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
    } else if (const auto* replay = std::get_if<ReplayTrigger>(&trigger)) {
      handle(*replay);
    } else if (const auto* delay = std::get_if<DelayTrigger>(&trigger)) {
      handle(*delay);
    } else if (const auto* look = std::get_if<LookTrigger>(&trigger)) {
      handle(*look);
    } else if (const auto* act = std::get_if<ActTrigger>(&trigger)) {
      handle(*act);
    } else if (const auto* reread = std::get_if<RereadTrigger>(&trigger)) {
      for (auto& [lane, run] : lanes_)
        if (run.walk != nullptr && (reread->lane == 0 || reread->lane == lane)) run.walk->reread();
      if (reread->lane != 0)
        settled_elsewhere(reread->lane);
      else
        watch_.look_at_all(clock_.now());
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
  auto lane = context_.store.lane(lane_id);
  if (!lane && is_temporary(lane.error())) try_again_later(lane_id);
  if (!lane) return finish(operations, failed_part(lane.error().text));
  // First, since it may set this very lane going.
  if (!tool_is_saving(lane->tool) && give_up_old(*lane)) lane = context_.store.lane(lane_id);
  if (!lane) return finish(operations, failed_part(lane.error().text));
  const bool second_walker = planted(PlantedBug::two_walkers) && run.walk != nullptr;
  if ((run.busy() && !second_walker) || tool_is_saving(lane->tool)) {
    run.contact_waiting = true;
    run.next_operations.insert(run.next_operations.end(), operations.begin(), operations.end());
    return;
  }
  // Where a time is set for it, that counts, also where it is sooner than a contact would be answered.
  const std::int64_t distance_ms = run.doubtful ? run.failed_at_ms + options_.contact_interval_ms : 0;
  const std::int64_t due_ms = run.not_before_ms != 0 ? run.not_before_ms : distance_ms;
  if (!by_person && clock_.now().monotonic_ms < due_ms) {
    run.contact_waiting = true;
    arm(lane_id, due_ms);
    OperationResult deferred;
    deferred.tally.left = static_cast<std::uint64_t>(lane->waiting);
    deferred.text = lane->last_walk.error;
    return finish(operations, deferred);
  }
  begin_contact_walk(lane_id, operations);
}

void Pump::handle(const StopTrigger& trigger) {
  for (auto& [lane, run] : lanes_) {
    if (run.walk == nullptr) continue;
    if (trigger.tool && run.walk->lane().tool != *trigger.tool) continue;
    if (trigger.lane != 0 && trigger.lane != lane) continue;
    run.walk->stop();
  }
}

void Pump::arm(std::int64_t lane, std::int64_t at_monotonic_ms) {
  LaneRun& run = lanes_[lane];
  at_monotonic_ms = std::max<std::int64_t>(at_monotonic_ms, 1);
  if (run.timer_ms != 0) {
    if (run.timer_ms <= at_monotonic_ms) return;
    timers_.erase({run.timer_ms, lane});
  }
  run.timer_ms = at_monotonic_ms;
  timers_.emplace(at_monotonic_ms, lane);
}

void Pump::fire_timers(const Moment& now) {
  watch_.look_at_due(now);
  while (!timers_.empty() && timers_.begin()->first <= now.monotonic_ms) {
    const std::int64_t id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    LaneRun& run = lanes_[id];
    run.timer_ms = 0;
    if (run.busy()) {
      run.age_unknown = true;
      continue;
    }
    if (std::exchange(run.contact_waiting, false)) {
      const std::vector<OperationId> operations = std::exchange(run.next_operations, {});
      contact(id, operations, false);
    } else if (const auto lane = context_.store.lane(id); lane && give_up_old(*lane)) {
      contact(id, {}, false);
    }
  }
}

void Pump::handle(const DelayTrigger& trigger) {
  const auto at = delayed_.find(trigger.tool);
  if (at == delayed_.end()) return;
  std::vector<std::int64_t> lanes;
  for (const auto& [lane, what] : at->second) {
    const bool other_course = !trigger.course.empty() && what.course != trigger.course;
    const bool other_item = !trigger.item.empty() && what.item != trigger.item;
    if (!other_course && !other_item) lanes.push_back(lane);
  }
  for (const std::int64_t lane : lanes) contact(lane, {}, false);
}

void Pump::handle(const LookTrigger& trigger) {
  const auto policy = context_.tools.policy(trigger.tool);
  const Moment now = clock_.now();
  Result<std::vector<Lane>> lanes = std::vector<Lane>();
  if (trigger.new_policy || (gives_up_by_age(*policy) && trigger.lane == 0))
    lanes = context_.store.lanes_of(trigger.tool);
  else if (gives_up_by_age(*policy))
    if (auto one = context_.store.lane(trigger.lane); one) lanes->push_back(std::move(*one));
  for (const Lane& lane : lanes ? *lanes : std::vector<Lane>{}) {
    if (lane.waiting == 0) continue;
    LaneRun& run = lanes_[lane.id];
    if (!trigger.new_policy) {
      if (give_up_old(lane)) contact(lane.id, {}, false);
      continue;
    }
    // A retry that the old policy planned is planned anew.
    if (run.not_before_ms != 0 && lane.last_walk.stopped_by != 0) {
      auto failures = context_.store.failures({lane.id, lane.last_walk.stopped_by});
      run.not_before_ms = now.monotonic_ms;
      if (failures && failures->count > 0) {
        // A clock that was put back since makes nobody wait longer than was meant.
        failures->last_at_ms = std::min(failures->last_at_ms, now.wall_ms);
        const auto decision = after_failure(*policy, FailureKind::unreachable, *failures, chance(context_.random));
        if (decision.kind == FailureDecision::Kind::retry) run.not_before_ms = monotonic_at(decision.at_ms);
      }
    }
    contact(lane.id, {}, false);
  }
  watch_.look(trigger.tool, now);
}

// ---- exchanges

/// Gives free places to walks that can go on; lanes whose last walk failed share at most half of the places.
void Pump::start_ready(const Moment& now) {
  const auto advance_from = [this, &now](std::deque<std::int64_t>& queue, bool doubtful) {
    const std::int64_t lane = queue.front();
    queue.pop_front();
    ActiveWalk* const walk = lanes_[lane].walk.get();
    if (walk == nullptr) return;
    if (!may_send(*walk)) walk->stop();
    if (auto request = walk->advance(now)) {
      start_exchange(ticket_for(TicketKind::walk, static_cast<std::uint64_t>(lane)), std::move(*request), doubtful);
      sent_.push_back(lane);
    } else {
      over_.push_back(lane);
    }
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

/// Another process may walk the lane once this one has not been heard of for a while.
bool Pump::may_send(const ActiveWalk& walk) {
  Store& store = context_.store;
  return store.may_send(walk.walk()) || (store.renew() && store.may_send(walk.walk()));
}

void Pump::start_exchange(std::uint64_t ticket, HttpRequest request, bool doubtful) {
  in_flight_.emplace(ticket, doubtful);
  if (doubtful) ++doubtful_in_flight_;
  transport_.start(ticket, std::move(request));
}

/// What a lone walk needs next is made while its tool is busy with what it has just been sent. Where there are more,
/// the time that one tool takes is another's already.
void Pump::build_ahead(const Moment& now) {
  if (in_flight_.size() != 1) sent_.clear();
  if (sent_.empty()) return;
  transport_.flush();
  for (const std::int64_t lane : std::exchange(sent_, {}))
    if (lanes_[lane].walk != nullptr) lanes_[lane].walk->build_ahead(now);
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
  const auto more = context_.store.reclaim(
      now.wall_ms, [this](const Locator& tool) { return context_.tools.policy(tool)->receipts_ms; }, kKeyRetentionMs,
      kUpkeepPiece);
  if (!more) context_.host.log(LogLevel::warning, "settled events could not be reclaimed: " + more.error().text);
  if (more && *more) {
    if (busy) upkeep_due_ms_ = now.monotonic_ms;
    return true;
  }
  upkeep_due_ms_ = now.monotonic_ms + kUpkeepIntervalMs;
  return false;
}

}  // namespace ptb
