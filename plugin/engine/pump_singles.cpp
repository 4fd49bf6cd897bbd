// Events that a person has sent alone, outside any walk.
#include <algorithm>

#include "engine/pump.h"

namespace ptb {

void Pump::handle(const SingleTrigger& trigger) {
  const auto stored = context_.store.find(trigger.event);
  if (!stored || !*stored) {
    finish({trigger.operation}, failed_part(stored ? "the event is not there any more" : stored.error().text));
    return;
  }
  const std::int64_t lane = (*stored)->place.lane;
  LaneRun& run = lanes_[lane];
  if (run.busy() || gives_way_to_save(lane))
    run.singles.push_back(trigger);
  else
    send_single(lane, trigger);
}

/// Why a set-aside event cannot be sent now; empty where it can. Asked when its turn has come, which may be long after
/// the order.
std::string Pump::why_not_alone(const StoredEvent& stored, const Lane& lane) {
  const std::string id = to_text(stored.event.id);
  const auto tool = context_.store.tool(lane.tool);
  const bool tool_suspended = tool && *tool && !(*tool)->suspended.empty();
  const bool taken_out = lane.hold == LaneHold::queued || lane.hold == LaneHold::suspended || tool_suspended;
  const bool selected = stored.state == EventState::pending && taken_out;
  if (!selected && stored.state != EventState::refused && stored.state != EventState::parked)
    return "event " + id + " is " + std::string(to_text(stored.state)) + " by now: nothing was sent";
  if (stored.reason == kForgotten) return "the content of event " + id + " was forgotten: nothing is left to be sent";
  if (lane.walked_elsewhere)
    return "lane " + lane.key + " is being walked by another process: try again when that walk is over";
  if (lane.hold == LaneHold::held) return "lane " + lane.key + " is held: release it first";
  const auto block = selected ? context_.store.block_of(lane.id, clock_.now().wall_ms) : std::nullopt;
  if (block && *block && (*block)->until_ms != 0)
    return "an event of lane " + lane.key + " is in a puller's hands until " + rfc3339((*block)->until_ms) +
           " at most: have it given back or acknowledged first";
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
  if (std::exchange(run.single_is_replay, false)) {
    if (count_replayed(lane_id, *single)) replay_next(lane_id);
    return;
  }
  const StoredEvent& stored = single->stored();
  const Outcome& outcome = single->outcome();
  const bool acknowledged = outcome.kind == Outcome::Kind::acknowledged;
  OperationResult part;
  part.tally = {
      .sent = 1, .acknowledged = acknowledged ? 1U : 0U, .refused = outcome.kind == Outcome::Kind::refused ? 1U : 0U};
  EventState state = stored.state;
  std::string reason = stored.reason;
  bool changed = true;
  if (acknowledged) {
    state = EventState::delivered;
    reason.clear();
  } else if (outcome.kind == Outcome::Kind::refused) {
    state = EventState::refused;
    reason = "refused";
  } else {
    part.tally.failed = 1;
    changed = state != EventState::pending;
    part.ok = false;
    part.text = outcome.text;
    part.stopped_by = to_text(stored.event.id);
  }
  const Result<void> written =
      changed ? context_.store.settle(stored.place, state, reason, outcome.text, clock_.now().wall_ms) : Result<void>();
  if (!written) {
    part.ok = false;
    part.text = written.error().text;
  }
  contact_lanes_behind(lane_id);
  context_.host.outcome({run.single_operation, &stored, state, {}, outcome.text});
  finish({run.single_operation}, part);
  after_lane_freed(lane_id);
}

// ---- replays

void Pump::handle(const ReplayTrigger& trigger) {
  LaneRun& run = lanes_[trigger.lane];
  run.replays.push_back(trigger);
  if (!run.busy() && run.replays.size() == 1) replay_next(trigger.lane);
}

/// Sends the next event of the lane's first replay; ends the replay where there is none.
void Pump::replay_next(std::int64_t lane_id) {
  if (gives_way_to_save(lane_id)) return;
  LaneRun& run = lanes_[lane_id];
  ReplayTrigger& replay = run.replays.front();
  const auto lane = context_.store.lane(lane_id);
  if (!lane) return finish_replay(lane_id, failed_part(lane.error().text));
  EventFilter next;
  next.tool = lane->tool;
  next.after = Place{lane_id, replay.first - 1};
  next.limit = 1;
  for (;;) {
    const auto found = context_.store.list(next);
    if (!found) return finish_replay(lane_id, failed_part(found.error().text));
    if (found->empty() || found->front().place.lane != lane_id || found->front().place.sequence > replay.last)
      return finish_replay(lane_id, {});
    const StoredEvent& stored = found->front();
    replay.first = stored.place.sequence + 1;
    next.after = stored.place;
    const bool was_answered = stored.state == EventState::delivered || stored.state == EventState::refused;
    if (!was_answered || stored.reason == kForgotten) continue;
    if (lane->hold == LaneHold::held)
      return finish_replay(lane_id, failed_part("lane " + lane->key + " is held: release it, then replay again"));
    const auto tool = context_.store.tool(lane->tool);
    if (!tool || !*tool || (*tool)->state != ToolState::available || !lane->released)
      return finish_replay(
          lane_id, failed_part(to_text(lane->tool) + " is not available: save it as available, then replay again"));
    auto settings = context_.store.settings(stored.snapshot);
    if (!settings) return finish_replay(lane_id, failed_part(settings.error().text));
    run.single = std::make_unique<SingleSend>(lane->tool, stored, std::move(*settings), stored.walks + 1, context_);
    if (auto request = run.single->advance(clock_.now())) {
      run.single_is_replay = true;
      return start_exchange(ticket_for(TicketKind::single, static_cast<std::uint64_t>(lane_id)), std::move(*request),
                            run.doubtful);
    }
    const std::unique_ptr<SingleSend> unsent = std::move(run.single);
    if (!count_replayed(lane_id, *unsent)) return;
  }
}

/// What a replay is answered changes no event. False: the replay has ended with it.
bool Pump::count_replayed(std::int64_t lane_id, const SingleSend& single) {
  LaneRun& run = lanes_[lane_id];
  const Outcome& outcome = single.outcome();
  OperationResult& sum = run.replayed;
  if (single.was_sent()) {
    ++sum.tally.sent;
    ++sum.tally.repeated;
  }
  if (outcome.kind == Outcome::Kind::acknowledged) {
    ++sum.tally.acknowledged;
  } else if (outcome.kind == Outcome::Kind::refused) {
    ++sum.tally.refused;
  } else if (outcome.kind == Outcome::Kind::failed || outcome.kind == Outcome::Kind::suspended) {
    ++sum.tally.failed;
    OperationResult stopped = failed_part(outcome.text);
    stopped.stopped_by = to_text(single.stored().event.id);
    finish_replay(lane_id, std::move(stopped));
    return false;
  } else {
    ++sum.tally.discarded;
  }
  return true;
}

void Pump::finish_replay(std::int64_t lane_id, OperationResult result) {
  LaneRun& run = lanes_[lane_id];
  const OperationId operation = run.replays.front().operation;
  run.replays.pop_front();
  result.tally += std::exchange(run.replayed, {}).tally;
  finish({operation}, result);
  after_lane_freed(lane_id);
}

}  // namespace ptb
