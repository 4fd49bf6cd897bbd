// What an administrator does to a tool as a whole: saves, and acts that it hears of at once.
#include <algorithm>
#include <set>

#include "core/deferral.h"
#include "core/fault_point.h"
#include "engine/pump.h"

namespace ptb {

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

bool Pump::gives_way_to_save(std::int64_t lane_id) {
  if (saves_.empty()) return false;
  const auto lane = context_.store.lane(lane_id);
  if (!lane || !tool_is_saving(lane->tool)) return false;
  drive_save(lane->tool);
  return tool_is_saving(lane->tool);
}

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
  const auto lanes = context_.store.lanes_of(tool);
  const bool sends_alone = lanes && std::any_of(lanes->begin(), lanes->end(), [this](const Lane& lane) {
                             const auto run = lanes_.find(lane.id);
                             return run != lanes_.end() && run->second.single != nullptr;
                           });
  if (walks.empty() && !sends_alone) ask_state_change(tool, save);
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
  std::unordered_map<std::int64_t, const Walk*> begun;
  for (const Walk& walk : *walks) begun.emplace(walk.lane, &walk);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{}) {
    if (save.state == ToolState::available) watch_.note(tool, lane.id, false);
    const auto at = begun.find(lane.id);
    if (at == begun.end()) {
      give_up_old(lane);  // another condition of the tool has another age
      part.tally.left += static_cast<std::uint64_t>(lane.waiting);
      if (lane.hold == LaneHold::held && lane.waiting > 0 && part.text.empty())
        part.text = "lane " + lane.key + " is held and stays so: release it to send what waits";
      continue;
    }
    ++save.walks_left;
    for (const OperationId operation : save.operations) operations_.add_parts(operation, 1);
    activate(*at->second, lane, save.operations);
  }
  // What was ordered while the tool was asked would else wait for the whole walk.
  if (save.is_to_end()) handle(StopTrigger{tool, 0});
  watch_.look(tool, clock_.now());
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
  if (!saves_.contains(tool)) {
    const std::lock_guard lock(inbox_mutex_);
    being_saved_.erase(tool);
  }
  const auto lanes = context_.store.lanes_of(tool);
  for (const auto& lane : lanes ? *lanes : std::vector<Lane>{})
    if (const auto run = lanes_.find(lane.id); run != lanes_.end()) after_lane_freed(lane.id);
}

void Pump::handle(const ActTrigger& trigger) {
  if (winding_down_) return;
  const Locator& tool = trigger.tool->at_send.tool.locator;
  if (trigger.act == EventKind::reregister) {
    if (const auto save = saves_.find(tool); save != saves_.end()) {
      save->second.acts.push_back(trigger);
      handle(StopTrigger{tool, 0});
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

}  // namespace ptb
