// Answers questions about what waits and why. Reads only.
#include <fmt/format.h>

#include "core/snapshot.h"
#include "engine/engine.h"
#include "engine/json.h"
#include "engine/reports.h"

namespace ptb {

namespace {

Result<Json> events_report(const Viewer& viewer, const Json& question) {
  auto filter = event_filter(question);
  if (!filter) return fail(filter.error());
  auto events = viewer.store.list(*filter);
  if (!events) return fail(events.error());
  auto list = event_list(viewer, *events);
  if (!list) return fail(list.error());
  Json json;
  json["events"] = std::move(*list);
  json["next"] = cursor_after(*events, filter->limit);
  return json;
}

struct Found {
  StoredEvent stored;
  LaneStanding standing;
};

Result<Found> find_event(const Viewer& viewer, const Json& question) {
  auto id = id_field(question, "id");
  if (!id) return fail(id.error());
  auto stored = viewer.store.find(*id);
  if (!stored) return fail(stored.error());
  if (!*stored) return fail(Status::not_found, "there is no event " + to_text(*id));
  auto standing = lane_standing(viewer, (*stored)->place.lane);
  if (!standing) return fail(standing.error());
  return Found{std::move(**stored), std::move(*standing)};
}

Result<Json> event_report(const Viewer& viewer, const Json& question) {
  auto found = find_event(viewer, question);
  if (!found) return fail(found.error());
  const StoredEvent& stored = found->stored;
  auto json = event_json(viewer.store, stored, found->standing);
  if (!json) return fail(json.error());
  const auto context = decode_pairs(stored.event.context);
  if (!context) return fail(context.error());
  (*json)["context"] = Json::object();
  for (const auto& [name, value] : *context) (*json)["context"][name] = value;
  (*json)["captured_as"] = to_text(stored.captured_as);
  (*json)["occurred_at"] = time_json(stored.event.occurred_at_ms);
  (*json)["not_before"] = time_json(stored.event.not_before_ms);
  (*json)["settled_at"] = time_json(stored.settled_at_ms);
  (*json)["reason"] = stored.reason.empty() ? Json(nullptr) : Json(stored.reason);
  (*json)["answer"] = stored.answer.empty() ? Json(nullptr) : Json(stored.answer);
  return json;
}

Result<Json> explain_report(const Viewer& viewer, const Json& question) {
  auto found = find_event(viewer, question);
  if (!found) return fail(found.error());
  return explanation(viewer, found->stored, found->standing);
}

Result<Json> lanes_report(const Viewer& viewer) {
  auto lanes = viewer.store.lanes();
  if (!lanes) return fail(lanes.error());
  Json json;
  json["lanes"] = Json::array();
  for (const Lane& lane : *lanes) {
    auto standing = lane_standing(viewer, lane.id);
    if (!standing) return fail(standing.error());
    auto one = lane_json(viewer, *standing);
    if (!one) return fail(one.error());
    json["lanes"].push_back(std::move(*one));
  }
  return json;
}

Result<Json> tools_report(Store& store) {
  auto tools = store.tools();
  if (!tools) return fail(tools.error());
  Json json;
  json["tools"] = Json::array();
  for (const Tool& tool : *tools)
    json["tools"].push_back({{"tool", to_text(tool.locator)},
                             {"state", to_text(tool.state)},
                             {"guid", tool.guid},
                             {"wire", tool.options.wire},
                             {"strict", tool.options.strict},
                             {"allow_http", tool.options.allow_http},
                             {"allow_private", tool.options.allow_private},
                             {"allow_downgrade", tool.options.allow_downgrade}});
  return json;
}

Json action_names(const Actions& actions) {
  Json names = Json::array();
  for (const auto& [type, action] : actions) names.push_back(type);
  return names;
}

/// Where each action goes and what is sent with it; `handle` is empty at top level.
void append_requests(Json& list, const Actions& actions, const std::string& handle) {
  for (const auto& [type, action] : actions) {
    Json fixed = Json::array();
    for (const auto& [name, value] : action.fixed) fixed.push_back({name, value});
    list.push_back({{"type", type}, {"handle", handle}, {"path", action.path}, {"fixed", std::move(fixed)}});
  }
}

Json service_list(const std::vector<Descriptor::Service>& services) {
  Json list = Json::array();
  for (const auto& service : services) list.push_back({{"service", service.name}, {"operations", service.operations}});
  return list;
}

Json icon_list(const std::vector<Icon>& icons) {
  Json list = Json::array();
  for (const auto& icon : icons)
    list.push_back({{"path", icon.path}, {"platform", icon.platform}, {"style", icon.style}});
  return list;
}

Json category_list(const std::vector<Descriptor::Category>& categories) {
  Json list = Json::array();
  for (const auto& category : categories) list.push_back({{"name", category.name}, {"platform", category.platform}});
  return list;
}

Result<Json> descriptor_report(const ReadDescriptor& read, const Json& question) {
  auto xml = text_field(question, "xml");
  if (!xml) return fail(xml.error());
  auto descriptor = read(*xml);
  if (!descriptor) return fail(descriptor.error());
  Json json;
  json["vendor"] = descriptor->vendor;
  json["program"] = descriptor->program;
  json["name"] = descriptor->name;
  json["version"] = descriptor->version;
  json["description"] = descriptor->description;
  json["contact_email"] = descriptor->contact_email;
  json["vendor_name"] = descriptor->vendor_name;
  json["vendor_description"] = descriptor->vendor_description;
  json["vendor_url"] = descriptor->vendor_url;
  json["vendor_email"] = descriptor->vendor_email;
  json["base_urls"] = Json::object();
  for (const auto& [type, url] : descriptor->base_urls) json["base_urls"][type] = url;
  json["digest"] = descriptor->digest == DigestAlgorithm::md5 ? "MD5" : "SHA";
  json["tool_login"] = service_list(descriptor->tool_login);
  json["ticket_login"] = service_list(descriptor->ticket_login);
  json["actions"] = action_names(descriptor->actions);
  json["requests"] = Json::array();
  append_requests(json["requests"], descriptor->actions, {});
  for (const auto& handler : descriptor->content_handlers)
    append_requests(json["requests"], handler.actions, handler.handle);
  json["unusable_actions"] = descriptor->unusable_actions;
  json["content_handlers"] = Json::array();
  for (const auto& handler : descriptor->content_handlers)
    json["content_handlers"].push_back({{"name", handler.name},
                                        {"handle", handler.handle},
                                        {"actions", action_names(handler.actions)},
                                        {"can_copy", handler.can_copy ? Json(*handler.can_copy) : Json(nullptr)},
                                        {"icons", icon_list(handler.icons)}});
  json["menu_links"] = Json::array();
  for (const auto& link : descriptor->menu_links)
    json["menu_links"].push_back({{"name", link.name},
                                  {"description", link.description},
                                  {"categories", category_list(link.categories)},
                                  {"actions", action_names(link.actions)},
                                  {"icons", icon_list(link.icons)}});
  json["placements"] = descriptor->has_placements();
  return json;
}

/// Receivers on .NET sort by culture, where '_' comes before digits: two keys that this orders the other way round make
/// the MAC differ (proxy-tool-protocol §3).
bool culture_orders_differently(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  if (i == a.size() || i == b.size()) return false;
  return (a[i] == '_') != (b[i] == '_');
}

Result<Json> setting_key_report(const Json& question) {
  auto key = text_field(question, "key");
  if (!key) return fail(key.error());
  Json json;
  json["problem"] = setting_key_problem(*key);
  json["warning"] = "";
  for (const Json& other : question.value("others", Json::array())) {
    if (!other.is_string()) continue;
    const auto name = other.get<std::string>();
    const std::size_t same = std::min(name.size(), key->size());
    std::size_t i = 0;
    while (i < same && name[i] == (*key)[i]) ++i;
    const bool with_digit = i < same && (std::isdigit(static_cast<unsigned char>(name[i])) != 0 ||
                                         std::isdigit(static_cast<unsigned char>((*key)[i])) != 0);
    if (with_digit && culture_orders_differently(name, *key))
      json["warning"] =
          "'" + *key + "' and '" + name +
          "' sort differently by culture: a tool on .NET that sorts so will refuse the MAC; rename one of them";
  }
  return json;
}

}  // namespace

Result<std::string> Engine::report(std::string_view question_text) {
  auto question = parse_object(question_text, "question");
  if (!question) return fail(question.error());
  auto what = text_field(*question, "report");
  if (!what) return fail(what.error());
  if (options_.capture_only)  // else they are there since the opening
    if (auto taken = take_up_tools(); !taken) return fail(taken.error());
  const Viewer viewer = this->viewer();
  const auto answer = [&]() -> Result<Json> {
    if (*what == "events") return events_report(viewer, *question);
    if (*what == "event") return event_report(viewer, *question);
    if (*what == "explain") return explain_report(viewer, *question);
    if (*what == "lanes") return lanes_report(viewer);
    if (*what == "pull") return pull_report(viewer, *question);
    if (*what == "export") return export_report(viewer, *question);
    if (*what == "replay") return replay_report(*question);
    if (*what == "policy") return policy_report(*question);
    if (*what == "policies") return Json{{"presets", presets_}};
    if (*what == "audit") return audit_report(store_, *question);
    if (*what == "tools") return tools_report(store_);
    if (*what == "nodes") return nodes_report();
    if (*what == "check") return check_report();
    if (*what == "descriptor") return descriptor_report(read_descriptor_, *question);
    if (*what == "setting_key") return setting_key_report(*question);
    return fail(Status::argument, "there is no report '" + printable(*what, 60) +
                                      "': ask for events, event, explain, lanes, tools, pull, export, replay, policy, "
                                      "policies, audit, nodes, check, descriptor or setting_key");
  }();
  if (!answer) return fail(answer.error());
  return json_text(*answer);
}

}  // namespace ptb
