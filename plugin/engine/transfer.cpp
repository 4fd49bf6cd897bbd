// Events on their way from one bridge to another, page by page: JSON with all that belongs to them.
#include <fmt/format.h>

#include "core/snapshot.h"
#include "engine/reports.h"

namespace ptb {

Result<EventFilter> event_filter(const Json& question) {
  EventFilter filter;
  if (question.contains("tool")) {
    auto tool = locator_field(question, "tool");
    if (!tool) return fail(tool.error());
    filter.tool = std::move(*tool);
  }
  if (question.contains("state")) {
    auto text = text_field(question, "state");
    if (!text) return fail(text.error());
    const auto state = event_state_from(*text);
    if (!state)
      return fail(Status::argument, "there is no event state '" + printable(*text, 40) +
                                        "': use pending, delivered, refused, parked or discarded");
    filter.state = static_cast<EventFilterState>(static_cast<int>(*state) + 1);
  }
  const auto limit = number_field(question, "limit", 1, 1'000, 100);
  if (!limit) return fail(limit.error());
  filter.limit = static_cast<int>(*limit);
  if (question.contains("after") && !question["after"].is_null()) {
    auto cursor = text_field(question, "after");
    Place place;
    if (!cursor || std::sscanf(cursor->c_str(), "%ld:%ld", &place.lane, &place.sequence) != 2)
      return fail(Status::argument, "the field \"after\" is no cursor: hand back what \"next\" said");
    filter.after = place;
  }
  return filter;
}

Result<Json> event_list(const Viewer& viewer, const std::vector<StoredEvent>& events, const ShowEvent& show) {
  Json list = Json::array();
  std::optional<LaneStanding> standing;
  for (const StoredEvent& stored : events) {
    if (!standing || standing->lane.id != stored.place.lane) {
      auto read = lane_standing(viewer, stored.place.lane);
      if (!read) return fail(read.error());
      standing = std::move(*read);
    }
    auto one = show(stored, *standing);
    if (!one) return fail(one.error());
    if (!one->is_null()) list.push_back(std::move(*one));
  }
  return list;
}

Result<Json> event_list(const Viewer& viewer, const std::vector<StoredEvent>& events) {
  return event_list(viewer, events, [&](const StoredEvent& stored, const LaneStanding& standing) {
    return event_json(viewer.store, stored, standing);
  });
}

Json cursor_after(const std::vector<StoredEvent>& events, int limit) {
  if (static_cast<int>(events.size()) < limit) return nullptr;
  return fmt::format("{}:{}", events.back().place.lane, events.back().place.sequence);
}

namespace {

Json pair_list(const Pairs& pairs) {
  Json list = Json::array();
  for (const auto& [name, value] : pairs) list.push_back({name, value});
  return list;
}

Result<Json> export_line(const Viewer& viewer, const StoredEvent& stored, const LaneStanding& standing) {
  auto json = event_json(viewer.store, stored, standing);
  if (!json) return fail(json.error());
  const auto arguments = decode_pairs(stored.event.arguments);
  if (!arguments) return fail(arguments.error());
  const auto context = decode_pairs(stored.event.context);
  if (!context) return fail(context.error());
  const auto attempts = viewer.store.failed_attempts(stored.place);
  if (!attempts) return fail(attempts.error());
  Json line = std::move(*json);
  line["tool"] = to_text(stored.event.locator);  // under which it was captured, whoever has claimed it since
  line["content_id"] = stored.event.content_id;
  line["arguments"] = pair_list(*arguments);
  line["context"] = pair_list(*context);
  line["occurred_at"] = time_json(stored.event.occurred_at_ms);
  line["not_before"] = time_json(stored.event.not_before_ms);
  line["settled_at"] = time_json(stored.settled_at_ms);
  line["reason"] = stored.reason.empty() ? Json(nullptr) : Json(stored.reason);
  line["answer"] = stored.answer.empty() ? Json(nullptr) : Json(stored.answer);
  line["attempts"] = Json::array();
  for (const FailedAttempt& one : *attempts)
    line["attempts"].push_back({{"number", one.number}, {"at", time_json(one.at_ms)}, {"text", one.text}});
  return line;
}

Result<Pairs> pairs_field(const Json& line, const char* name) {
  Pairs pairs;
  const auto at = line.find(name);
  if (at == line.end() || !at->is_array())
    return fail(Status::argument, fmt::format("the field \"{}\" is missing or is no list", name));
  for (const Json& pair : *at) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      return fail(Status::argument, fmt::format("the field \"{}\" must hold pairs of texts", name));
    pairs.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return pairs;
}

Result<Settings> settings_field(const Json& line) {
  Settings settings;
  const auto at = line.find("settings");
  if (at == line.end() || !at->is_array()) return fail(Status::argument, "the field \"settings\" is no list");
  for (const Json& one : *at) {
    auto scope = text_field(one, "scope");
    auto key = text_field(one, "key");
    auto value = text_field(one, "value");
    if (!scope || !key || !value) return fail(Status::argument, "a setting wants scope, key and value");
    Setting setting{Scope::system, std::move(*key), std::move(*value)};
    if (const std::string problem = setting_key_problem(setting.key); !problem.empty())
      return fail(Status::argument, problem);
    bool known = false;
    for (const Scope candidate : {Scope::system, Scope::course, Scope::content}) {
      if (to_text(candidate) != *scope) continue;
      setting.scope = candidate;
      known = true;
    }
    if (!known) return fail(Status::argument, "there is no scope '" + printable(*scope, 40) + "'");
    settings.push_back(std::move(setting));
  }
  return settings;
}

/// 0 where the field is null or missing.
Result<std::int64_t> maybe_time(const Json& line, const char* name) {
  if (!line.contains(name) || line[name].is_null()) return 0;
  return time_field(line, name);
}

}  // namespace

Result<Json> export_report(const Viewer& viewer, const Json& question) {
  auto filter = event_filter(question);
  if (!filter) return fail(filter.error());
  auto events = viewer.store.list(*filter);
  if (!events) return fail(events.error());
  auto lines = event_list(viewer, *events, [&](const StoredEvent& stored, const LaneStanding& standing) {
    return export_line(viewer, stored, standing);
  });
  if (!lines) return fail(lines.error());
  Json json;
  json["events"] = std::move(*lines);
  json["next"] = cursor_after(*events, filter->limit);
  return json;
}

Result<ImportedEvent> imported_event(const Json& line) {
  if (!line.is_object()) return fail(Status::argument, "it is no JSON object");
  ImportedEvent imported;
  Event& event = imported.item.event;
  auto id = id_field(line, "id");
  if (!id) return fail(id.error());
  event.id = *id;
  auto kind = text_field(line, "kind");
  if (!kind) return fail(kind.error());
  const auto known = event_kind_from(*kind);
  if (!known || *known >= EventKind::state_change)
    return fail(Status::argument, "there is no event kind '" + printable(*kind, 40) + "'");
  event.kind = *known;
  auto tool = locator_field(line, "tool");
  if (!tool) return fail(tool.error());
  event.locator = std::move(*tool);
  auto state = text_field(line, "state");
  if (!state) return fail(state.error());
  const auto stored_as = event_state_from(*state);
  if (!stored_as) return fail(Status::argument, "there is no event state '" + printable(*state, 40) + "'");
  imported.state = *stored_as;
  for (const auto& [name, into] : {std::pair{"operation", &event.operation}, std::pair{"course_id", &event.course_id},
                                   std::pair{"content_id", &event.content_id}}) {
    auto text = text_field(line, name);
    if (!text) return fail(text.error());
    *into = std::move(*text);
  }
  for (const auto& [name, into] : {std::pair{"arguments", &event.arguments}, std::pair{"context", &event.context}}) {
    auto pairs = pairs_field(line, name);
    if (!pairs) return fail(pairs.error());
    *into = encode_pairs(*pairs);
  }
  for (const auto& [name, into] :
       {std::pair{"occurred_at", &event.occurred_at_ms}, std::pair{"captured_at", &event.captured_at_ms},
        std::pair{"not_before", &event.not_before_ms}}) {
    auto time = maybe_time(line, name);
    if (!time) return fail(time.error());
    *into = *time;
  }
  auto settings = settings_field(line);
  if (!settings) return fail(settings.error());
  imported.item.settings = settings->empty() ? std::string() : encode_settings(std::move(*settings));
  return imported;
}

}  // namespace ptb
