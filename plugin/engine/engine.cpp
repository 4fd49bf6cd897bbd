#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>

#include "core/fault_point.h"

namespace ptb {

namespace {

/// How long a waiter sleeps at most before it looks whether it must take over the pumping.
constexpr std::int64_t kHandoverMs = 20;

std::shared_ptr<const Policy> default_policy(const ReadPolicy& read) {
  auto policy = read({});
  return std::make_shared<const Policy>(policy ? std::move(*policy) : Policy{});
}

/// A bridge that only captures takes a tool up when it first captures for it, and anew where another process has
/// changed it since. nullptr: it cannot be used, and whoever sends says why.
std::shared_ptr<const ReadyTool> take_up_late(ToolTable& tools, const Tool& tool) {
  auto known = tools.find(tool.locator);
  if (known != nullptr && known->at_send.tool.descriptor == tool.descriptor &&
      known->at_send.tool.options.wire == tool.options.wire)
    return known;
  auto ready = tools.ready(tool);
  if (!ready) return nullptr;
  tools.put(*ready);
  return *ready;
}

}  // namespace

Engine::Engine(EngineParts parts, EngineOptions options)
    : options_(std::move(options)),
      store_(parts.store),
      transport_(parts.transport),
      clock_(parts.clock),
      random_(parts.random),
      host_(parts.host),
      read_descriptor_(parts.read_descriptor),
      read_policy_(parts.read_policy),
      presets_(parts.presets),
      open_store_(parts.open_store),
      bridge_id_(parts.store.identity().bridge),
      tools_(parts.read_descriptor, parts.find_wire, default_policy(parts.read_policy), options_.host,
             options_.connect_timeout_ms, options_.exchange_timeout_ms),
      context_{store_, host_, random_, tools_, options_.pump.contact_interval_ms},
      pump_(context_, transport_, clock_, operations_, options_.pump, [this](const StoreNews& news) { take_in(news); }),
      commits_([this](std::span<CaptureBatch* const> batches) { return commit(batches); }) {}

Result<std::unique_ptr<Engine>> Engine::open(EngineParts parts, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(std::move(parts), std::move(options)));
  if (auto taken = engine->take_up_policies(); !taken) return fail(taken.error());
  if (!engine->options_.capture_only)
    if (auto taken = engine->take_up_tools(); !taken) return fail(taken.error());
  if (auto taken = engine->take_up_generation(); !taken) return fail(taken.error());
  if (!engine->options_.capture_only)
    if (auto taken = engine->take_up_lanes(); !taken) return fail(taken.error());
  return engine;
}

/// A lower high_water under the same generation: the LMS was put back to an earlier state and would name new operations
/// as it named lost ones, so nothing is captured and every lane is held until a new generation begins.
Result<void> Engine::take_up_generation() {
  const StoreIdentity known = store_.identity();
  const bool same = known.generation == options_.generation;
  if (same && options_.high_water != 0 && options_.high_water < known.high_water) {
    put_back_ = "the LMS was put back to an earlier state (high_water is " + std::to_string(options_.high_water) +
                ", was " + std::to_string(known.high_water) + "): open with a new generation";
    if (options_.capture_only) return {};
    auto lanes = store_.lanes();
    if (!lanes) return fail(lanes.error());
    for (const Lane& lane : *lanes)
      if (auto held = store_.hold_lane(lane.id, LaneHold::held, put_back_); !held) return fail(held.error());
    return {};
  }
  const bool risen = options_.high_water > known.high_water;
  if (options_.capture_only || (same && !risen)) return {};
  return store_.put_generation(options_.generation, options_.high_water);
}

Result<void> Engine::take_up_policies() {
  auto policies = store_.policies();
  if (!policies) return fail(policies.error());
  for (const auto& [locator, document] : *policies)
    if (auto taken = take_up_policy(locator, document); !taken) return taken;
  return {};
}

Result<void> Engine::take_up_policy(const Locator& locator, const std::string& document) {
  auto policy = read_policy_(document);
  if (!policy)
    return fail(Status::damaged,
                "the stored policy of " + to_text(locator) + " cannot be used: " + policy.error().text);
  tools_.put_policy(locator, std::make_shared<const Policy>(std::move(*policy)));
  return {};
}

Result<void> Engine::take_up_tools() {
  auto tools = store_.tools();
  if (!tools) return fail(tools.error());
  for (const Tool& tool : *tools)
    if (auto taken = take_up_tool(tool); !taken) return taken;
  return {};
}

Result<void> Engine::take_up_tool(const Tool& tool) {
  auto ready = tools_.ready(tool);
  if (!ready)
    return fail(Status::damaged, "the stored tool " + to_text(tool.locator) + " cannot be used: " + ready.error().text);
  tools_.put(*ready);
  return {};
}

/// Where a walk was cut off, a time was set, or no walk has included the last events: whatever set these going may have
/// been cut off too.
bool Engine::goes_on_by_itself(const Lane& lane) const {
  const LastWalk& last = lane.last_walk;
  const bool cut_off = last.ordinal != 0 && last.ended_at_ms == 0;
  if (!cut_off && last.not_before_ms == 0 && lane.last_sequence <= last.last) return false;
  const auto tool = tools_.find(lane.tool);
  return tool != nullptr && tool->at_send.tool.state == ToolState::available;
}

/// After a walk that failed, whoever made it.
Result<void> Engine::keep_distance(const Lane& lane, const Moment& now) {
  const LastWalk& last = lane.last_walk;
  const std::int64_t since_ms = std::max<std::int64_t>(now.wall_ms - last.ended_at_ms, 0);
  const bool keeps_distance =
      last.stopped_by != 0 && last.ended_at_ms != 0 && since_ms < options_.pump.contact_interval_ms;
  // A clock that was put back makes nobody wait longer than was meant.
  const std::int64_t longest_ms =
      last.stopped_by != 0 ? std::max<std::int64_t>(last.not_before_ms - last.ended_at_ms, 0) : 0;
  const std::int64_t asked_ms = std::clamp<std::int64_t>(last.not_before_ms - now.wall_ms, 0, longest_ms);
  const bool asks_for_time = keeps_distance || asked_ms > 0;
  const auto stopper = asks_for_time && lane.waiting > 0
                           ? store_.read_waiting(lane.id, last.stopped_by - 1, last.stopped_by, 1)
                           : std::vector<StoredEvent>();
  if (!stopper) return fail(stopper.error());
  if (!stopper->empty())  // else it was given up, and what is behind it has not failed
    pump_.remember_failure(lane.id, now.monotonic_ms - since_ms,
                           last.not_before_ms != 0 ? now.monotonic_ms + asked_ms : 0);
  return {};
}

/// The trigger "bridge opened": lanes with events that no finished walk has included are walked, at once or, after a
/// failed walk, when their distance has passed.
Result<void> Engine::take_up_lanes() {
  auto lanes = store_.lanes();
  if (!lanes) return fail(lanes.error());
  const Moment now = clock_.now();
  std::set<Locator> to_look_at;
  for (const Lane& lane : *lanes) {
    if (auto kept = keep_distance(lane, now); !kept) return kept;
    if (lane.waiting > 0 && goes_on_by_itself(lane)) pump_.post(ContactTrigger{lane.id, 0, false});
    if (lane.waiting > 0) to_look_at.insert(lane.tool);
    const auto tool = tools_.find(lane.tool);
    const bool tool_suspended = tool != nullptr && !tool->at_send.tool.suspended.empty();
    if (lane.waiting > 0 && (lane.hold == LaneHold::suspended || tool_suspended))
      pump_.remember_suspension(lane.tool, lane.id);
  }
  for (const Locator& tool : to_look_at) {
    const auto policy = tools_.policy(tool);
    if (gives_up_by_age(*policy) || policy->watch_waiting != 0 || policy->watch_age_ms != 0)
      pump_.post(LookTrigger{tool});
  }
  return {};
}

// ---- capture

/// Who only captures is told of nothing, but splits lanes by policies that others may change.
void Engine::keep_policies(const Moment& now) {
  constexpr std::int64_t kBetweenLooksMs = 1000;
  if (!options_.capture_only) return;
  const std::lock_guard lock(policies_mutex_);
  if (policies_due_ms_ == 0)
    policies_due_ms_ = now.monotonic_ms + kBetweenLooksMs;  // they were taken up at the opening
  if (now.monotonic_ms < policies_due_ms_) return;
  policies_due_ms_ = now.monotonic_ms + kBetweenLooksMs;
  const auto policies = store_.policies();
  if (!policies) return;  // the capture itself will say so
  std::set<Locator> found;
  for (const auto& [locator, document] : *policies) {
    found.insert(locator);
    if (auto taken = take_up_policy(locator, document); !taken) host_.log(LogLevel::error, taken.error().text);
  }
  tools_.keep_policies(found);
}

void Engine::prepare(ReportedEvent& reported, std::int64_t now_ms, CaptureItem& item) {
  Event& event = item.event;
  event.id = reported.operation.empty()
                 ? event_id_v4(random_)
                 : event_id_v5(bridge_id_, options_.generation, reported.operation, reported.locator, reported.kind,
                               reported.ordinal, reported.arguments);
  event.kind = reported.kind;
  event.locator = std::move(reported.locator);
  event.operation = std::move(reported.operation);
  event.course_id = std::move(reported.course_id);
  event.content_id = std::move(reported.content_id);
  event.arguments = encode_pairs(reported.arguments);
  event.context = encode_pairs(reported.context);
  event.occurred_at_ms = reported.occurred_at_ms != 0 ? reported.occurred_at_ms : now_ms;
  event.captured_at_ms = now_ms;
  event.not_before_ms = reported.not_before_ms > now_ms ? reported.not_before_ms : 0;
  item.part = lane_part(*tools_.policy(event.locator), event);
}

/// Asks the host once for each distinct tool, course and item, on this thread and under no lock.
Result<void> Engine::load_settings(CaptureBatch& batch) {
  using Whose = std::tuple<const Locator&, std::string_view, std::string_view>;
  std::map<Whose, const CaptureItem*> loaded;
  for (CaptureItem& item : batch.items) {
    const Event& event = item.event;
    const auto [first, is_new] = loaded.try_emplace(Whose(event.locator, event.course_id, event.content_id), &item);
    if (!is_new) {
      item.settings = first->second->settings;
      continue;
    }
    auto settings = host_.load_settings(event.locator, event.course_id, event.content_id);
    if (!settings) return fail(settings.error());
    item.settings = std::move(*settings);
  }
  return {};
}

Result<OperationId> Engine::capture(std::vector<ReportedEvent> events, std::vector<CaptureAnswer>& answers,
                                    bool want_operation) {
  if (!put_back_.empty()) return fail(Status::refused, put_back_);
  const Moment now = clock_.now();
  keep_policies(now);
  CaptureBatch batch;
  batch.items.resize(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) prepare(events[i], now.wall_ms, batch.items[i]);
  if (auto loaded = load_settings(batch); !loaded) return fail(loaded.error());
  fault_point("capture.before_commit");
  if (auto committed = commits_.submit(batch); !committed) return fail(committed.error());
  fault_point("capture.after_commit");

  const std::set<std::int64_t> lanes = options_.capture_only ? std::set<std::int64_t>() : announce(batch);
  answers = std::move(batch.answers);
  const OperationId operation = want_operation ? operations_.open(lanes.size(), now.monotonic_ms) : 0;
  for (const std::int64_t lane : lanes) pump_.post(ContactTrigger{lane, operation, false});
  return operation;
}

/// Tells the pump of what else has been captured; the lanes that may be walked are the caller's to tell.
std::set<std::int64_t> Engine::announce(const CaptureBatch& batch) {
  std::set<std::int64_t> lanes;
  std::set<std::pair<Locator, std::int64_t>> to_look_at;
  std::set<std::pair<Locator, std::string>> courses;
  for (std::size_t i = 0; i < batch.answers.size(); ++i) {
    const CaptureAnswer& answer = batch.answers[i];
    if (answer.kind != CaptureAnswer::Kind::fresh) continue;
    switch (answer.deferral) {
      case Deferral::first_attempt:
      case Deferral::behind_backlog:
      case Deferral::delayed:
      case Deferral::maintenance: lanes.insert(answer.place.lane); break;
      default: break;
    }
    const Event& event = batch.items[i].event;
    // Whoever has claimed the lane delivers it, by its own policy.
    const auto policy = tools_.policy(answer.tool);
    if (gives_up_by_age(*policy) || policy->watch_waiting != 0 || policy->watch_age_ms != 0)
      to_look_at.emplace(answer.tool, answer.place.lane);
    if (pump_.delayed_lanes() != 0 && !event.course_id.empty()) courses.emplace(answer.tool, event.course_id);
  }
  for (const auto& [tool, lane] : to_look_at) pump_.post(LookTrigger{tool, false, lane});
  for (const auto& [tool, course] : courses) pump_.post(DelayTrigger{tool, course, {}});
  return lanes;
}

Result<void> Engine::commit(std::span<CaptureBatch* const> batches) {
  const std::int64_t now_ms = clock_.now().wall_ms;
  const auto decide = [&](const CaptureItem& item, const Tool* tool, const Lane* lane, bool behind) {
    ToolCondition condition;
    condition.lane_has_backlog = behind;
    if (tool != nullptr) {
      condition.installed_as = tool->state;
      const auto ready = options_.capture_only ? take_up_late(tools_, *tool) : tools_.find(tool->locator);
      if (ready != nullptr) {
        const auto& [at_send, wire, policy] = *ready;
        const Event& event = item.event;
        condition.has_handler = at_send.descriptor.action_for(event.kind, event.content_handle()) != nullptr;
        condition.wire_can_say = wire->can_say(event.kind);
        condition.lane_suspended = !tool->suspended.empty();
        // What the store knows is asked before the walk; here only what goes with the event counts.
        const Gate gate = gate_of(*policy, event, item.settings, now_ms, [](const Delay&) { return false; });
        if (!gate.open) condition.gate = gate.deferral;
      }
    }
    if (lane != nullptr) {
      condition.lane_has_backlog = condition.lane_has_backlog || lane->waiting > 0;
      condition.lane_released = lane->released;
      condition.lane_held = lane->hold == LaneHold::held;
      condition.lane_suspended = condition.lane_suspended || lane->hold == LaneHold::suspended;
      condition.lane_queued = lane->hold == LaneHold::queued;
    }
    const CaptureDecision decision = decide_capture(item.event.kind, condition);
    if (!item.keep || decision.verdict != CaptureDecision::Verdict::ignore) return decision;
    const Deferral why = !condition.installed_as                           ? Deferral::not_installed
                         : *condition.installed_as != ToolState::available ? Deferral::not_available
                                                                           : Deferral::behind_backlog;
    return CaptureDecision{CaptureDecision::Verdict::defer, why, {}};
  };
  return store_.capture(batches, decide);
}

// ---- tools

Result<void> Engine::tool_installed(Tool tool, bool keep_state, const std::string& policy) {
  if (auto allowed = require_pumping("install a tool"); !allowed) return fail(allowed.error());
  std::shared_ptr<const Policy> asked;
  if (!policy.empty()) {
    auto read = read_policy_(policy);
    if (!read) return fail(read.error());
    asked = std::make_shared<const Policy>(std::move(*read));
  }
  auto known = store_.tool(tool.locator);
  if (!known) return fail(known.error());
  if (keep_state && *known) tool.state = (*known)->state;
  auto ready = tools_.ready(tool);
  if (!ready) return fail(ready.error());
  const Descriptor& descriptor = (*ready)->at_send.descriptor;
  const Locator described{descriptor.vendor, descriptor.program};
  if (described != tool.locator)
    return fail(Status::argument, "the descriptor is of " + to_text(described) + ", not of " + to_text(tool.locator) +
                                      ": register it under its own codes");
  if (auto put = store_.put_tool(tool, clock_.now().wall_ms); !put) return fail(put.error());
  tools_.put(*ready);
  if (asked != nullptr)
    if (auto put = set_policy(tool.locator, asked); !put) return fail(put.error());
  if (tool.state != ToolState::available) pump_.post(StopTrigger{tool.locator, 0});
  pump_.post(LookTrigger{tool.locator});  // another age may hold from now on
  Json noted{{"tool", to_text(tool.locator)}, {"state", to_text(tool.state)}};
  if (asked != nullptr) noted["policy"] = asked->name;
  note("install", noted, {});
  return {};
}

Result<void> Engine::require_pumping(std::string_view what) const {
  if (!options_.capture_only) return {};
  return fail(Status::state, "this bridge was opened with PTB_CAPTURE_ONLY and cannot " + std::string(what) +
                                 ": do it in a process that pumps");
}

Result<OperationId> Engine::tool_saved(const Locator& locator, ToolState state) {
  if (auto allowed = require_pumping("save a tool"); !allowed) return fail(allowed.error());
  if (tools_.find(locator) == nullptr)
    return fail(Status::not_found, "no tool " + to_text(locator) + " is installed: install it first");
  const OperationId operation = operations_.open(1, clock_.now().monotonic_ms);
  pump_.post(SaveTrigger{locator, state, operation});
  note("save", {{"tool", to_text(locator)}, {"state", to_text(state)}}, {});
  return operation;
}

Result<void> Engine::tool_removed(const Locator& locator) {
  if (auto allowed = require_pumping("remove a tool"); !allowed) return fail(allowed.error());
  auto tool = tools_.find(locator);
  if (tool == nullptr) return fail(Status::not_found, "no tool " + to_text(locator) + " is installed");
  const auto lanes = store_.lanes_of(locator);
  if (auto removed = store_.remove_tool(locator, clock_.now().wall_ms); !removed) return fail(removed.error());
  tools_.remove(locator);
  pump_.post(StopTrigger{locator, 0});
  pump_.post(ActTrigger{std::move(tool), EventKind::remove, {}, 0});
  // What it had claimed has gone back, to another policy perhaps.
  std::set<Locator> heirs = {locator};
  for (const Lane& was : lanes ? *lanes : std::vector<Lane>{})
    if (const auto lane = store_.lane(was.id); lane) heirs.insert(lane->tool);
  for (const Locator& heir : heirs) pump_.post(LookTrigger{heir});
  note("remove", {{"tool", to_text(locator)}}, {});
  return {};
}

Result<void> Engine::value_known(const KnownValue& known) {
  if (auto allowed = require_pumping("take a value"); !allowed) return fail(allowed.error());
  if (auto put = store_.put_known(known, clock_.now().wall_ms); !put) return fail(put.error());
  const bool of_course = known.what == "setting:course";
  const bool of_all = known.what == "setting:system";
  pump_.post(DelayTrigger{known.tool, of_course ? known.whose : "", of_course || of_all ? "" : known.whose});
  return {};
}

Result<void> Engine::set_policy(const Locator& locator, std::shared_ptr<const Policy> policy) {
  if (auto put = store_.put_policy(locator, policy->document); !put) return fail(put.error());
  tools_.put_policy(locator, std::move(policy));
  const auto tool = store_.tool(locator);
  if (tool && *tool) {
    auto ready = tools_.ready(**tool);
    if (!ready) return fail(ready.error());
    tools_.put(*ready);
  }
  pump_.post(LookTrigger{locator, true});
  return {};
}

Result<OperationId> Engine::tool_contacted(const Locator& locator) { return contact_lanes(locator, false); }

Result<OperationId> Engine::contact_lanes(const Locator& locator, bool by_person) {
  if (auto allowed = require_pumping("send"); !allowed) return fail(allowed.error());
  if (tools_.find(locator) == nullptr)
    return fail(Status::not_found, "no tool " + to_text(locator) + " is installed: what waits for it waits for that");
  auto lanes = store_.lanes_of(locator);
  if (!lanes) return fail(lanes.error());
  std::erase_if(*lanes, [](const Lane& lane) { return lane.waiting == 0; });
  const OperationId operation = operations_.open(lanes->size(), clock_.now().monotonic_ms);
  for (const Lane& lane : *lanes) pump_.post(ContactTrigger{lane.id, operation, by_person});
  return operation;
}

// ---- pumping

std::uint32_t Engine::run_once(std::uint32_t timeout_ms) {
  const std::int64_t deadline_ms = clock_.now().monotonic_ms + timeout_ms;
  const std::unique_lock lock(pumping_, std::try_to_lock);
  if (!lock) return static_cast<std::uint32_t>(kHandoverMs);
  return pump_.run(deadline_ms, true, [this] { return interrupted_.load(); });
}

void Engine::run_until(const std::function<bool()>& stop) {
  const std::unique_lock lock(pumping_);
  while (!stop()) pump_.run(std::numeric_limits<std::int64_t>::max(), false, stop);
}

Result<OperationResult> Engine::wait(OperationId operation, std::uint32_t timeout_ms, bool may_pump) {
  const std::int64_t deadline_ms = clock_.now().monotonic_ms + timeout_ms;
  if (operation == 0) {
    operation = operations_.open(1, clock_.now().monotonic_ms);
    pump_.post(IdleTrigger{operation});
  }
  while (!operations_.ended(operation) && !interrupted_) {
    const std::int64_t left_ms = deadline_ms - clock_.now().monotonic_ms;
    if (left_ms <= 0) break;
    std::unique_lock lock(pumping_, std::defer_lock);
    if (may_pump && lock.try_lock())
      pump_.run(deadline_ms, false, [&] { return operations_.ended(operation) || interrupted_; });
    else
      operations_.wait_ended(operation, std::chrono::milliseconds(may_pump ? std::min(left_ms, kHandoverMs) : left_ms),
                             interrupted_);
  }
  return operations_.take(operation);
}

void Engine::interrupt() {
  interrupted_ = true;
  operations_.wake_waiters();
  transport_.wake();
}

void Engine::wind_down(std::uint32_t timeout_ms) {
  const std::int64_t deadline_ms = clock_.now().monotonic_ms + timeout_ms;
  const std::unique_lock lock(pumping_, std::chrono::milliseconds(timeout_ms));
  if (lock) pump_.wind_down(deadline_ms);
}

}  // namespace ptb
