// Answers questions about what waits and why. Reads only.
#include <fmt/format.h>

#include "core/snapshot.h"
#include "engine/engine.h"
#include "engine/json.h"

namespace ptb {

namespace {

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
  const Json limit = question.value("limit", Json(100));
  if (!limit.is_number_integer() || limit < 1 || limit > 1000)
    return fail(Status::argument, "the field \"limit\" must be a number from 1 to 1000");
  filter.limit = limit.get<int>();
  if (question.contains("after") && !question["after"].is_null()) {
    auto cursor = text_field(question, "after");
    Place place;
    if (!cursor || std::sscanf(cursor->c_str(), "%ld:%ld", &place.lane, &place.sequence) != 2)
      return fail(Status::argument, "the field \"after\" is no cursor: hand back what \"next\" said");
    filter.after = place;
  }
  return filter;
}

Result<Json> events_report(Store& store, const Json& question) {
  auto filter = event_filter(question);
  if (!filter) return fail(filter.error());
  auto events = store.list(*filter);
  if (!events) return fail(events.error());
  Json json;
  json["events"] = Json::array();
  std::optional<LaneStanding> standing;
  for (const StoredEvent& stored : *events) {
    if (!standing || standing->lane.id != stored.place.lane) {
      auto read = lane_standing(store, stored.place.lane);
      if (!read) return fail(read.error());
      standing = std::move(*read);
    }
    auto one = event_json(store, stored, *standing);
    if (!one) return fail(one.error());
    json["events"].push_back(std::move(*one));
  }
  const bool full = static_cast<int>(events->size()) == filter->limit;
  json["next"] =
      full ? Json(fmt::format("{}:{}", events->back().place.lane, events->back().place.sequence)) : Json(nullptr);
  return json;
}

struct Found {
  StoredEvent stored;
  LaneStanding standing;
};

Result<Found> find_event(Store& store, const Json& question) {
  auto id = id_field(question, "id");
  if (!id) return fail(id.error());
  auto stored = store.find(*id);
  if (!stored) return fail(stored.error());
  if (!*stored) return fail(Status::not_found, "there is no event " + to_text(*id));
  auto standing = lane_standing(store, (*stored)->place.lane);
  if (!standing) return fail(standing.error());
  return Found{std::move(**stored), std::move(*standing)};
}

Result<Json> event_report(Store& store, const Json& question) {
  auto found = find_event(store, question);
  if (!found) return fail(found.error());
  const StoredEvent& stored = found->stored;
  auto json = event_json(store, stored, found->standing);
  if (!json) return fail(json.error());
  const auto context = decode_pairs(stored.event.context);
  if (!context) return fail(context.error());
  (*json)["context"] = Json::object();
  for (const auto& [name, value] : *context) (*json)["context"][name] = value;
  (*json)["captured_as"] = to_text(stored.captured_as);
  (*json)["occurred_at"] = time_json(stored.event.occurred_at_ms);
  (*json)["settled_at"] = time_json(stored.settled_at_ms);
  (*json)["reason"] = stored.reason.empty() ? Json(nullptr) : Json(stored.reason);
  (*json)["answer"] = stored.answer.empty() ? Json(nullptr) : Json(stored.answer);
  return json;
}

/// What would set the event going, in words.
std::string released_by(Deferral why, const LaneStanding& standing) {
  const std::string tool = to_text(standing.lane.tool);
  switch (why) {
    case Deferral::not_installed:
      return "install " + tool + " (or claim the lane for another tool), then save it as available";
    case Deferral::not_available: return "save " + tool + " as available";
    case Deferral::held: return "release the lane";
    case Deferral::suspended: return "save " + tool + " as available once what stopped it is mended, or park the event";
    case Deferral::behind_backlog:
      return standing.lane.released ? "the answer to the events ahead of it" : "save " + tool + " as available";
    case Deferral::not_responding: return "save " + tool + " as available, or the next event for it";
    default: return "the next walk of its lane";
  }
}

Result<Json> explain_report(Store& store, const Json& question) {
  auto found = find_event(store, question);
  if (!found) return fail(found.error());
  const auto& [stored, standing] = *found;
  Json json;
  json["id"] = to_text(stored.event.id);
  json["state"] = to_text(stored.state);
  if (stored.state != EventState::pending) {
    json["why"] = nullptr;
    json["ahead"] = 0;
    json["released_by"] = nullptr;
    json["text"] = fmt::format("It is {}: nothing is waiting.{}{}", to_text(stored.state),
                               stored.answer.empty() ? "" : " ", stored.answer);
    return json;
  }
  const Deferral why = deferral_of(stored, standing);
  std::int64_t ahead = 0;
  for (std::int64_t after = 0; stored.place.sequence != standing.head;) {
    const auto page = store.read_waiting(stored.place.lane, after, stored.place.sequence - 1, 1000);
    if (!page) return fail(page.error());
    ahead += static_cast<std::int64_t>(page->size());
    if (page->size() < 1000) break;
    after = page->back().place.sequence;
  }
  const LastWalk& walk = standing.lane.last_walk;
  const bool heard = walk.stopped_by != 0 && stored.place.sequence <= walk.reached && stored.walks > 0;
  json["why"] = to_text(why);
  json["ahead"] = ahead;
  json["released_by"] = released_by(why, standing);
  json["text"] = fmt::format("Captured {} as {}; waits because {}; {} ahead of it{}{}{}. Released by: {}.",
                             time_json(stored.event.captured_at_ms).get<std::string>(), to_text(stored.captured_as),
                             to_text(why), ahead, walk.error.empty() ? "" : "; the last walk stopped: ", walk.error,
                             heard ? "; the tool has acknowledged it in that walk and will hear it again" : "",
                             json["released_by"].get<std::string>());
  return json;
}

Result<Json> lanes_report(Store& store, std::int64_t contact_interval_ms) {
  auto lanes = store.lanes();
  if (!lanes) return fail(lanes.error());
  Json json;
  json["lanes"] = Json::array();
  for (const Lane& lane : *lanes) {
    auto standing = lane_standing(store, lane.id);
    if (!standing) return fail(standing.error());
    auto one = lane_json(store, *standing, contact_interval_ms);
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

Json action_names(const std::map<std::string, Action>& actions) {
  Json names = Json::array();
  for (const auto& [type, action] : actions) names.push_back(type);
  return names;
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
  const auto answer = [&]() -> Result<Json> {
    if (*what == "events") return events_report(store_, *question);
    if (*what == "event") return event_report(store_, *question);
    if (*what == "explain") return explain_report(store_, *question);
    if (*what == "lanes") return lanes_report(store_, options_.pump.contact_interval_ms);
    if (*what == "tools") return tools_report(store_);
    if (*what == "descriptor") return descriptor_report(read_descriptor_, *question);
    if (*what == "setting_key") return setting_key_report(*question);
    return fail(Status::argument, "there is no report '" + printable(*what, 60) +
                                      "': ask for events, event, explain, lanes, tools, descriptor or setting_key");
  }();
  if (!answer) return fail(answer.error());
  return json_text(*answer);
}

}  // namespace ptb
