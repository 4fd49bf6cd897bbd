// What people do to what waits, beyond single events: policies, replays, pulling, import, and the trail of all that.
#include <fmt/format.h>

#include <algorithm>

#include "engine/engine.h"
#include "engine/reports.h"

namespace ptb {

namespace {

constexpr std::int64_t kLongestLeaseS = kLongestLeaseMs / 1000;

/// The start of a lane's first event captured at or after that time: captures of a lane rise in time.
Result<std::int64_t> first_since(Store& store, const Lane& lane, std::int64_t wall_ms) {
  std::int64_t low = 1;
  std::int64_t high = lane.last_sequence + 1;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    EventFilter at;
    at.tool = lane.tool;
    at.after = Place{lane.id, middle - 1};
    at.limit = 1;
    const auto found = store.list(at);
    if (!found) return fail(found.error());
    const bool none = found->empty() || found->front().place.lane != lane.id;
    if (none || found->front().event.captured_at_ms >= wall_ms)
      high = middle;
    else
      low = found->front().place.sequence + 1;
  }
  return low;
}

/// 0: the lane has no event with that backup id.
Result<std::int64_t> first_of_backup(Store& store, const Lane& lane, std::string_view backup) {
  EventFilter page;
  page.tool = lane.tool;
  page.after = Place{lane.id, 0};
  page.limit = static_cast<int>(std::clamp<std::int64_t>(lane.last_sequence, 1, 1'000));
  for (;;) {
    const auto found = store.list(page);
    if (!found) return fail(found.error());
    for (const StoredEvent& stored : *found) {
      if (stored.place.lane != lane.id) return 0;
      if (find_encoded(stored.event.arguments, "backup_id") == backup) return stored.place.sequence;
    }
    if (found->empty()) return 0;
    page.after = found->back().place;
  }
}

/// What a person must know of an order that the audit trail keeps: never settings or arguments.
std::string audit_detail(const Json& order) {
  Json kept = Json::object();
  for (const auto& [name, value] : order.items()) {
    if (name == "do" || name == "by" || name == "regpass" || name == "events" || name == "user" || name == "course")
      continue;
    kept[name] = value.is_string() ? Json(printable(value.get<std::string>(), 200)) : value;
  }
  return printable(json_text(kept), 1'000);
}

}  // namespace

// ---- policies

Result<std::string> Engine::set_policy(const Json& order) {
  auto tool = locator_field(order, "tool");
  if (!tool) return fail(tool.error());
  auto document = text_field(order, "policy");
  if (!document) return fail(document.error());
  auto policy = read_policy_(*document);
  if (!policy) return fail(policy.error());
  const std::string name = policy->name;
  if (auto put = set_policy(*tool, std::make_shared<const Policy>(std::move(*policy))); !put) return fail(put.error());
  return json_text({{"tool", to_text(*tool)}, {"policy", name}});
}

/// The policy of a tool, a preset, or what a document says.
Result<Json> Engine::policy_report(const Json& question) const {
  if (question.contains("tool")) {
    auto tool = locator_field(question, "tool");
    if (!tool) return fail(tool.error());
    const auto policy = tools_.policy(*tool);
    return Json{{"tool", to_text(*tool)}, {"policy", policy->name}, {"document", policy->document}};
  }
  auto text = text_field(question, question.contains("preset") ? "preset" : "document");
  if (!text) return fail(text.error());
  auto policy = read_policy_(*text);
  if (!policy) return fail(policy.error());
  return Json{{"policy", policy->name}, {"document", policy->document}};
}

// ---- replays

bool names_a_start(const Json& order) {
  return order.contains("from_event") || order.contains("from_time") || order.contains("from_backup");
}

Result<std::vector<ReplayRange>> replay_ranges(Store& store, const Json& order) {
  auto tool = locator_field(order, "tool");
  if (!tool) return fail(tool.error());
  auto lanes = store.lanes_of(*tool);
  if (!lanes) return fail(lanes.error());
  std::vector<ReplayRange> ranges;
  if (order.contains("from_event")) {
    auto id = id_field(order, "from_event");
    if (!id) return fail(id.error());
    auto stored = store.find(*id);
    if (!stored) return fail(stored.error());
    for (const Lane& lane : *lanes)
      if (*stored && lane.id == (*stored)->place.lane)
        ranges.push_back({lane.id, (*stored)->place.sequence, lane.last_sequence});
    if (ranges.empty()) return fail(Status::not_found, "no lane of " + to_text(*tool) + " holds event " + to_text(*id));
    return ranges;
  }
  const bool by_time = order.contains("from_time");
  const auto time = by_time ? time_field(order, "from_time") : Result<std::int64_t>(0);
  if (!time) return fail(time.error());
  const auto backup = by_time ? Result<std::string>(std::string()) : text_field(order, "from_backup");
  if (!backup) return fail(backup.error());
  for (const Lane& lane : *lanes) {
    const auto first = by_time ? first_since(store, lane, *time) : first_of_backup(store, lane, *backup);
    if (!first) return fail(first.error());
    if (*first != 0 && *first <= lane.last_sequence) ranges.push_back({lane.id, *first, lane.last_sequence});
  }
  if (ranges.empty())
    return fail(Status::not_found,
                "nothing is kept for " + to_text(*tool) + " from there on: see the events of the tool");
  return ranges;
}

Result<OrderAnswer> Engine::replay(const Json& order) {
  auto tool = locator_field(order, "tool");
  if (!tool) return fail(tool.error());
  if (!names_a_start(order)) {
    auto operation = contact_lanes(*tool, true);
    if (!operation) return fail(operation.error());
    return OrderAnswer{"{}", *operation};
  }
  const auto stored = store_.tool(*tool);
  if (!stored || !*stored || (*stored)->state != ToolState::available)
    return fail(Status::refused, to_text(*tool) + " is not available: save it as available, then replay");
  auto ranges = replay_ranges(store_, order);
  if (!ranges) return fail(ranges.error());
  const OperationId operation = operations_.open(ranges->size(), clock_.now().monotonic_ms);
  for (const ReplayRange& range : *ranges) pump_.post(ReplayTrigger{range.lane, range.first, range.last, operation});
  return OrderAnswer{json_text({{"lanes", ranges->size()}}), operation};
}

/// What a replay would send, and how the settings of then differ from those of now. Sends nothing.
Result<Json> Engine::replay_report(const Json& question) {
  auto ranges = names_a_start(question) ? replay_ranges(store_, question) : waiting_ranges(question);
  if (!ranges) return fail(ranges.error());
  auto filter = event_filter(question);
  if (!filter) return fail(filter.error());
  const Viewer viewer = this->viewer();
  Json json;
  json["events"] = Json::array();
  json["next"] = nullptr;
  const Place start = filter->after.value_or(Place{});
  std::sort(ranges->begin(), ranges->end(), [](const ReplayRange& a, const ReplayRange& b) { return a.lane < b.lane; });
  for (const ReplayRange& range : *ranges) {
    if (range.lane < start.lane) continue;
    auto standing = lane_standing(viewer, range.lane);
    if (!standing) return fail(standing.error());
    EventFilter page = *filter;
    page.after = Place{range.lane, std::max(range.first - 1, range.lane == start.lane ? start.sequence : 0)};
    while (page.after) {
      page.limit = filter->limit - static_cast<int>(json["events"].size());
      if (page.limit == 0) {
        json["next"] = fmt::format("{}:{}", page.after->lane, page.after->sequence);
        return json;
      }
      auto events = store_.list(page);
      if (!events) return fail(events.error());
      for (const StoredEvent& stored : *events) {
        page.after = stored.place;
        const bool within = stored.place.lane == range.lane && stored.place.sequence <= range.last;
        if (!within) page.after.reset();
        if (!within) break;
        if (stored.state == EventState::parked || stored.state == EventState::discarded) continue;
        auto one = event_json(store_, stored, *standing);
        if (!one) return fail(one.error());
        auto changed = settings_changed(stored, standing->lane.tool);
        if (!changed) return fail(changed.error());
        (*one)["settings_changed"] = std::move(*changed);
        json["events"].push_back(std::move(*one));
      }
      if (static_cast<int>(events->size()) < page.limit) page.after.reset();
    }
  }
  return json;
}

/// What waits: a replay without a start is a walk.
Result<std::vector<ReplayRange>> Engine::waiting_ranges(const Json& question) {
  auto tool = locator_field(question, "tool");
  if (!tool) return fail(tool.error());
  auto lanes = store_.lanes_of(*tool);
  if (!lanes) return fail(lanes.error());
  std::vector<ReplayRange> ranges;
  for (const Lane& lane : *lanes)
    if (lane.waiting > 0) ranges.push_back({lane.id, lane.mark + 1, lane.last_sequence});
  return ranges;
}

Result<Json> Engine::settings_changed(const StoredEvent& stored, const Locator& tool) {
  auto content = store_.settings(stored.snapshot);
  if (!content) return fail(content.error());
  auto then = decode_settings(*content);
  if (!then) return fail(then.error());
  const auto now_set = host_.load_settings(tool, stored.event.course_id, stored.event.content_id);
  if (!now_set) return fail(now_set.error());
  auto now = decode_settings(*now_set);
  if (!now) return fail(now.error());
  std::map<std::pair<Scope, std::string>, std::pair<Json, Json>> both;
  for (const Setting& one : *then) both[{one.scope, one.key}].first = one.value;
  for (const Setting& one : *now) both[{one.scope, one.key}].second = one.value;
  Json changed = Json::array();
  for (const auto& [which, values] : both)
    if (values.first != values.second)
      changed.push_back(
          {{"scope", to_text(which.first)}, {"key", which.second}, {"was", values.first}, {"now", values.second}});
  return changed;
}

// ---- pull

Result<std::string> Engine::pull_take(const Json& order) {
  auto tool = locator_field(order, "tool");
  if (!tool) return fail(tool.error());
  const auto limit = number_field(order, "limit", 1, 1'000, 10);
  if (!limit) return fail(limit.error());
  const auto lease_s = number_field(order, "lease_s", 1, kLongestLeaseS, 300);
  if (!lease_s) return fail(lease_s.error());
  const std::int64_t now_ms = clock_.now().wall_ms;
  auto lease = store_.take(*tool, static_cast<int>(*limit), fresh_nonce(random_), now_ms + *lease_s * 1'000, now_ms);
  if (!lease) return fail(lease.error());
  Json json;
  json["token"] = lease->events.empty() ? Json(nullptr) : Json(lease->token);
  json["until"] = lease->events.empty() ? Json(nullptr) : time_json(lease->until_ms);
  auto list = event_list(viewer(), lease->events);
  if (!list) return fail(list.error());
  json["events"] = std::move(*list);
  return json_text(json);
}

Result<std::string> Engine::pull_end(const Json& order, bool acknowledged) {
  auto token = text_field(order, "token");
  if (!token) return fail(token.error());
  auto ids = ids_field(order, "ids");
  if (!ids) return fail(ids.error());
  if (ids->empty()) return fail(Status::argument, "the field \"ids\" names no event");
  Json json{{"done", Json::array()}, {"failed", Json::array()}};
  std::set<std::int64_t> lanes;
  for (const EventId& id : *ids) {
    if (auto ended = store_.end_lease(id, *token, acknowledged, clock_.now().wall_ms); ended) {
      json["done"].push_back(to_text(id));
      if (const auto stored = store_.find(id); stored && *stored) lanes.insert((*stored)->place.lane);
    } else {
      json["failed"].push_back({{"id", to_text(id)}, {"error", ended.error().text}});
    }
  }
  for (const std::int64_t lane : lanes) pump_.post(RereadTrigger{lane});
  return json_text(json);
}

Result<Json> pull_report(const Viewer& viewer, const Json& question) {
  auto tool = locator_field(question, "tool");
  if (!tool) return fail(tool.error());
  Json asked = question;
  asked["state"] = "pending";
  auto filter = event_filter(asked);
  if (!filter) return fail(filter.error());
  const auto ready = viewer.tools.find(*tool);
  std::string url;
  if (ready != nullptr) {
    const auto& bases = ready->at_send.descriptor.base_urls;
    url = ready->at_send.tool.options.endpoint;
    for (const char* const type : {"http", "https", "server-to-server"})
      if (const auto at = bases.find(type); ready->at_send.tool.options.endpoint.empty() && at != bases.end())
        url = at->second;
  }
  Json json;
  json["events"] = Json::array();
  json["next"] = nullptr;
  if (question.contains("url") && question["url"] != url) return json;
  auto events = viewer.store.list(*filter);
  if (!events) return fail(events.error());
  auto list = event_list(viewer, *events, [&](const StoredEvent& stored, const LaneStanding& standing) -> Result<Json> {
    const LaneHold hold = standing.lane.hold;
    const bool taken_out = hold == LaneHold::queued || hold == LaneHold::suspended || !standing.tool_suspended.empty();
    if (!taken_out || hold == LaneHold::held) return Json(nullptr);
    auto one = event_json(viewer.store, stored, standing);
    if (one) (*one)["url"] = url;
    return one;
  });
  if (!list) return fail(list.error());
  json["events"] = std::move(*list);
  json["next"] = cursor_after(*events, filter->limit);
  return json;
}

/// Lanes that are queued or suspended go on, or just those events are sent.
Result<OrderAnswer> Engine::pull_redeliver(const Json& order) {
  auto tool = locator_field(order, "tool");
  if (!tool) return fail(tool.error());
  auto ids = ids_field(order, "ids");
  if (!ids) return fail(ids.error());
  const auto stored = store_.tool(*tool);
  if (!stored) return fail(stored.error());
  if (!*stored || (*stored)->state != ToolState::available)
    return fail(Status::refused, to_text(*tool) + " is not available: save it as available");
  if (!ids->empty()) {
    const OperationId operation = operations_.open(ids->size(), clock_.now().monotonic_ms);
    for (const EventId& id : *ids) pump_.post(SingleTrigger{id, operation});
    return OrderAnswer{"{}", operation};
  }
  if (!(*stored)->suspended.empty())
    return fail(Status::refused, to_text(*tool) + " is suspended: " + (*stored)->suspended);
  auto lanes = store_.lanes_of(*tool);
  if (!lanes) return fail(lanes.error());
  for (const Lane& lane : *lanes)
    if (lane.hold == LaneHold::queued)
      if (auto released = store_.hold_lane(lane.id, LaneHold::none, {}); !released) return fail(released.error());
  auto operation = contact_lanes(*tool, true);
  if (!operation) return fail(operation.error());
  return OrderAnswer{"{}", *operation};
}

// ---- import

Result<std::string> Engine::import_events(const Json& order) {
  if (!put_back_.empty()) return fail(Status::refused, put_back_);
  const auto lines = order.find("events");
  if (lines == order.end() || !lines->is_array() || lines->size() > 1'000)
    return fail(Status::argument, "the field \"events\" must be a list of at most 1000 exported events");
  CaptureBatch batch;
  std::vector<EventState> states;
  Json ignored = Json::array();
  for (std::size_t i = 0; i < lines->size(); ++i) {
    auto read = imported_event((*lines)[i]);
    if (!read) return fail(read.error().status, fmt::format("event {}: {}", i, read.error().text));
    if (read->state != EventState::pending && read->state != EventState::parked) {
      ignored.push_back({{"id", to_text(read->item.event.id)}, {"reason", to_text(read->state)}});
      continue;
    }
    read->item.part = lane_part(*tools_.policy(read->item.event.locator), read->item.event);
    read->item.keep = true;
    batch.items.push_back(std::move(read->item));
    states.push_back(read->state);
  }
  if (!batch.items.empty())
    if (auto committed = commits_.submit(batch); !committed) return fail(committed.error());
  std::int64_t imported = 0;
  std::int64_t duplicates = 0;
  for (std::size_t i = 0; i < batch.answers.size(); ++i) {
    const CaptureAnswer& answer = batch.answers[i];
    if (answer.kind == CaptureAnswer::Kind::duplicate) ++duplicates;
    if (answer.kind == CaptureAnswer::Kind::ignored)
      ignored.push_back({{"id", to_text(answer.id)}, {"reason", answer.ignored_as}});
    if (answer.kind != CaptureAnswer::Kind::fresh) continue;
    ++imported;
    if (states[i] == EventState::parked)
      if (auto parked = store_.settle(answer.place, EventState::parked, "imported", {}, clock_.now().wall_ms); !parked)
        return fail(parked.error());
  }
  for (const std::int64_t lane : announce(batch)) pump_.post(ContactTrigger{lane, 0, false});
  return json_text({{"imported", imported}, {"duplicates", duplicates}, {"ignored", ignored}});
}

// ---- the trail

AuditEntry audit_entry(const std::string& what, const Json& order, std::int64_t now_ms) {
  AuditEntry entry;
  entry.at_ms = now_ms;
  if (const auto by = order.find("by"); by != order.end() && by->is_string())
    entry.who = printable(by->get<std::string>(), 100);
  entry.what = what;
  for (const char* const name : {"id", "lane", "tool", "from", "token", "file"}) {
    const auto at = order.find(name);
    if (at == order.end() || !at->is_string() || !entry.target.empty()) continue;
    entry.target = printable(at->get<std::string>(), 400);
  }
  entry.detail = audit_detail(order);
  return entry;
}

void Engine::note(const std::string& what, const Json& order, const std::string& came_to) {
  AuditEntry entry = audit_entry(what, order, clock_.now().wall_ms);
  if (!came_to.empty()) entry.detail += "; " + printable(came_to, 400);
  if (auto put = store_.put_audit(entry); !put)
    host_.log(LogLevel::warning, "the audit trail lacks an order: " + put.error().text);
}

Result<Json> audit_report(Store& store, const Json& question) {
  const auto limit = number_field(question, "limit", 1, 1'000, 100);
  if (!limit) return fail(limit.error());
  const auto after = number_field(question, "after", 0, std::numeric_limits<std::int64_t>::max(), 0);
  if (!after) return fail(after.error());
  const auto entries = store.audit(*after, static_cast<int>(*limit));
  if (!entries) return fail(entries.error());
  Json json;
  json["entries"] = Json::array();
  for (const AuditEntry& entry : *entries)
    json["entries"].push_back({{"number", entry.number},
                               {"at", time_json(entry.at_ms)},
                               {"who", entry.who},
                               {"what", entry.what},
                               {"target", entry.target},
                               {"detail", entry.detail}});
  const bool full = static_cast<std::int64_t>(entries->size()) == *limit;
  json["next"] = full ? Json(entries->back().number) : Json(nullptr);
  return json;
}

}  // namespace ptb
