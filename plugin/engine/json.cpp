#include "engine/json.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/snapshot.h"

namespace ptb {

Json time_json(std::int64_t wall_ms) {
  if (wall_ms == 0) return nullptr;
  return rfc3339(wall_ms);
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Result<LaneStanding> lane_standing(const Viewer& viewer, std::int64_t lane_id) {
  Store& store = viewer.store;
  auto lane = store.lane(lane_id);
  if (!lane) return fail(lane.error());
  LaneStanding standing;
  standing.lane = std::move(*lane);
  auto tool = store.tool(standing.lane.tool);
  if (!tool) return fail(tool.error());
  if (*tool) {
    standing.tool_state = (*tool)->state;
    standing.tool_suspended = (*tool)->suspended;
  }
  if (standing.lane.waiting == 0) return standing;
  auto head = store.first_waiting(lane_id);
  if (!head) return fail(head.error());
  standing.head = std::move(*head);
  auto block = store.block_of(lane_id, viewer.now_ms);
  if (!block) return fail(block.error());
  standing.block = *block;
  if (standing.block && standing.block->lane != 0)
    if (const auto other = store.lane(standing.block->lane); other) standing.behind = other->key;
  if (!standing.head) return standing;
  const auto policy = viewer.tools.policy(standing.lane.tool);
  const Gatekeeper gatekeeper(store, *policy, standing.lane, standing.tool_state);
  if (Gate gate = gatekeeper.gate(*standing.head, viewer.now_ms); !gate.open) standing.gate = std::move(gate);
  standing.given_up_at_ms = gatekeeper.given_up_at(*standing.head);
  return standing;
}

Deferral deferral_of(const StoredEvent& stored, const LaneStanding& standing) {
  ToolCondition condition;
  condition.installed_as = standing.tool_state;
  condition.lane_released = standing.lane.released;
  condition.lane_held = standing.lane.hold == LaneHold::held;
  condition.lane_suspended = standing.lane.hold == LaneHold::suspended || !standing.tool_suspended.empty();
  condition.lane_queued = standing.lane.hold == LaneHold::queued;
  condition.lane_has_backlog = !standing.behind.empty();
  if (standing.gate) condition.gate = standing.gate->deferral;
  const bool failed = standing.failed();
  return deferral_now(condition, stored.captured_as, stored.place.sequence == standing.head_sequence(), failed);
}

Result<Json> event_json(Store& store, const StoredEvent& stored, const LaneStanding& standing) {
  const auto arguments = decode_pairs(stored.event.arguments);
  if (!arguments) return fail(arguments.error());
  const auto content = store.settings(stored.snapshot);
  if (!content) return fail(content.error());
  const auto settings = decode_settings(*content);
  if (!settings) return fail(settings.error());

  const bool pending = stored.state == EventState::pending;
  const bool is_head = pending && stored.place.sequence == standing.head_sequence();
  Json json;
  json["id"] = to_text(stored.event.id);
  json["kind"] = to_text(stored.event.kind);
  json["tool"] = to_text(standing.lane.tool);
  json["lane"] = standing.lane.key;
  json["sequence"] = stored.place.sequence;
  json["state"] = to_text(stored.state);
  json["deferral"] = pending ? Json(to_text(deferral_of(stored, standing))) : Json(nullptr);
  json["course_id"] = stored.event.course_id;
  json["arguments"] = Json::object();
  for (const auto& [name, value] : *arguments) json["arguments"][name] = value;
  json["settings"] = Json::array();
  for (const auto& setting : *settings)
    json["settings"].push_back(Json{{"scope", to_text(setting.scope)}, {"key", setting.key}, {"value", setting.value}});
  json["captured_at"] = time_json(stored.event.captured_at_ms);
  json["operation"] = stored.event.operation;
  json["attempts"] = stored.walks;
  const std::string& error = is_head ? standing.lane.last_walk.error : stored.answer;
  json["last_error"] = error.empty() || stored.state == EventState::delivered ? Json(nullptr) : Json(error);
  return json;
}

namespace {

constexpr int kMostJsonDepth = 32;

std::string_view lane_state(const LaneStanding& standing) {
  if (!standing.tool_state) return "not_installed";
  if (*standing.tool_state != ToolState::available) return "not_available";
  if (standing.lane.hold == LaneHold::held) return "held";
  if (standing.lane.hold == LaneHold::suspended || !standing.tool_suspended.empty()) return "suspended";
  if (standing.lane.hold == LaneHold::queued) return "queued";
  if (standing.lane.waiting == 0) return "idle";
  if (!standing.lane.released) return "waiting_for_save";
  if (standing.lane.last_walk.ordinal != 0 && standing.lane.last_walk.ended_at_ms == 0) return "walking";
  if (standing.block) return "behind";
  if (standing.gate) return standing.gate->deferral == Deferral::maintenance ? "maintenance" : "delayed";
  return standing.failed() ? "not_responding" : "waiting";
}

}  // namespace

std::int64_t next_at_ms(const Viewer& viewer, const LaneStanding& standing) {
  const Lane& lane = standing.lane;
  const LastWalk& walk = lane.last_walk;
  if (lane.waiting == 0) return 0;
  if (standing.tool_state != ToolState::available || lane.hold != LaneHold::none || !standing.tool_suspended.empty())
    return standing.given_up_at_ms;
  const auto sooner = [&](std::int64_t at_ms) {
    return standing.given_up_at_ms != 0 && (at_ms == 0 || standing.given_up_at_ms < at_ms) ? standing.given_up_at_ms
                                                                                           : at_ms;
  };
  if (standing.block) return standing.block->until_ms;
  if (standing.gate) return sooner(standing.gate->at_ms);
  if (!standing.failed()) return sooner(0);
  // The time was set for the event that failed; what is behind it has not.
  const auto stopper = viewer.store.read_waiting(lane.id, walk.stopped_by - 1, walk.stopped_by, 1);
  if (stopper && stopper->empty()) return sooner(0);
  const std::int64_t distance_ms = walk.ended_at_ms + viewer.contact_interval_ms;
  if (walk.not_before_ms != 0) return sooner(walk.not_before_ms);
  return sooner(lane.last_sequence > walk.last ? distance_ms : 0);
}

Result<Json> lane_json(const Viewer& viewer, const LaneStanding& standing) {
  const Lane& lane = standing.lane;
  Json json;
  json["lane"] = lane.key;
  json["tool"] = to_text(lane.tool);
  json["state"] = lane_state(standing);
  json["waiting"] = lane.waiting;
  json["oldest_at"] = nullptr;
  if (standing.head) json["oldest_at"] = time_json(standing.head->event.captured_at_ms);
  const LastWalk& walk = lane.last_walk;
  json["next_at"] = time_json(next_at_ms(viewer, standing));
  json["stopped_by"] = nullptr;
  if (walk.stopped_by != 0 && lane.waiting > 0) {
    const auto stopper = viewer.store.read_waiting(lane.id, walk.stopped_by - 1, walk.stopped_by, 1);
    if (!stopper) return fail(stopper.error());
    if (!stopper->empty()) json["stopped_by"] = to_text(stopper->front().event.id);
  }
  const std::string& error = !standing.tool_suspended.empty() ? standing.tool_suspended
                             : lane.hold_reason.empty()       ? walk.error
                                                              : lane.hold_reason;
  json["last_error"] = error.empty() || lane.waiting == 0 ? Json(nullptr) : Json(error);
  json["split"] = lane.split.empty() ? "tool" : lane.split.substr(0, lane.split.find(':'));
  json["epoch"] = lane.epoch;
  json["behind"] = standing.behind.empty() ? Json(nullptr) : Json(standing.behind);
  return json;
}

Result<std::int64_t> number_field(const Json& json, const char* name, std::int64_t least, std::int64_t most,
                                  std::int64_t otherwise) {
  const auto at = json.find(name);
  if (at == json.end()) return otherwise;
  if (!at->is_number_integer() || *at < least || *at > most)
    return fail(Status::argument, fmt::format("the field \"{}\" must be a number from {} to {}", name, least, most));
  return at->get<std::int64_t>();
}

Result<std::int64_t> time_field(const Json& json, const char* name) {
  auto text = text_field(json, name);
  if (!text) return fail(text.error());
  const auto time = time_from(*text);
  if (!time)
    return fail(Status::argument, fmt::format("the field \"{}\" is no time: write 2026-03-01T08:30:00Z", name));
  return *time;
}

Result<std::vector<EventId>> ids_field(const Json& json, const char* name) {
  std::vector<EventId> ids;
  const auto at = json.find(name);
  if (at == json.end()) return ids;
  if (!at->is_array() || at->size() > 1'000)
    return fail(Status::argument, fmt::format("the field \"{}\" must be a list of at most 1000 event ids", name));
  for (const Json& one : *at) {
    auto id = id_field(Json{{"id", one}}, "id");
    if (!id) return fail(id.error());
    ids.push_back(*id);
  }
  return ids;
}

Result<std::string> text_field(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_string())
    return fail(Status::argument, fmt::format("the field \"{}\" is missing or is not a text", name));
  return at->get<std::string>();
}

Result<Locator> locator_field(const Json& json, const char* name) {
  auto text = text_field(json, name);
  if (!text) return fail(text.error());
  return locator_from(*text);
}

Result<EventId> id_field(const Json& json, const char* name) {
  auto text = text_field(json, name);
  if (!text) return fail(text.error());
  const auto id = event_id_from(*text);
  if (!id)
    return fail(Status::argument, "'" + printable(*text, 60) + "' is no event id: write the 36 characters of a UUID");
  return *id;
}

Result<Json> parse_object(std::string_view text, const char* what) {
  // Values that nest without end would be copied by recursion, which overflows the stack.
  bool too_deep = false;
  const auto keep = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMostJsonDepth;
    return !too_deep;
  };
  const Json json = Json::parse(text, keep, false);
  if (too_deep) return fail(Status::argument, fmt::format("the {} nests deeper than {} levels", what, kMostJsonDepth));
  if (!json.is_object()) return fail(Status::argument, fmt::format("the {} is not a JSON object", what));
  return json;
}

}  // namespace ptb
