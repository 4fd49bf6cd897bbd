#include "package/moodle_xml.h"

#include "package/custom_text.h"
#include "package/launch_target.h"
#include "package/xml_reading.h"
#include "text/bounded_json.h"

namespace host {

namespace {

/// Moodle writes this where its database has NULL.
constexpr std::string_view kNull = "$@NULL@$";

std::string value_of(pugi::xml_node node, std::string_view name) {
  auto text = text_of_child(node, name);
  return text == kNull ? std::string() : text;
}

/// What an LTI 2 tool keeps for this activity: a JSON object, names and values.
CustomProperties tool_settings(pugi::xml_node type) {
  CustomProperties custom;
  for (const auto setting : descend(type, "ltitoolproxy", "ltitoolsettings").children()) {
    const auto settings = parse_bounded(value_of(setting, "settings"));
    if (!settings.is_object()) continue;
    for (const auto& [name, value] : settings.items())
      if (value.is_string() || value.is_number() || value.is_boolean())
        custom.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return custom;
}

std::string type_config(pugi::xml_node type, std::string_view name) {
  for (const auto config : child_named(type, "ltitypesconfigs").children())
    if (text_of_child(config, "name") == name) return value_of(config, "value");
  return {};
}

}  // namespace

tl::expected<MoodleOverview, std::string> parse_moodle_overview(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "moodle_backup", "description of a backup"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  const auto information = child_named(document.document_element(), "information");
  MoodleOverview overview;
  overview.name = value_of(information, "name");
  overview.title = value_of(information, "original_course_fullname");
  overview.site_host = host_of(value_of(information, "original_wwwroot")).value_or("");
  for (const auto activity : descend(information, "contents", "activities").children())
    if (local_name(activity) == "activity")
      overview.activities.push_back({value_of(activity, "moduleid"), value_of(activity, "modulename"),
                                     value_of(activity, "title"), value_of(activity, "directory")});
  return overview;
}

tl::expected<MoodleLti, std::string> parse_moodle_lti(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "activity", "activity"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  const auto lti = child_named(document.document_element(), "lti");
  if (!lti) return tl::make_unexpected(std::string("is no LTI activity"));
  const auto type = child_named(lti, "ltitype");
  MoodleLti activity;
  activity.name = value_of(lti, "name");
  activity.tool_url = value_of(lti, "securetoolurl");
  if (activity.tool_url.empty()) activity.tool_url = value_of(lti, "toolurl");
  activity.type_id = value_of(lti, "typeid");
  if (activity.type_id == "0") activity.type_id.clear();
  activity.type_name = value_of(type, "name");
  activity.base_url = value_of(type, "baseurl");
  // As Moodle sends them: the administrator's word counts for more than the instructor's.
  activity.custom = tool_settings(type);
  for (const auto& text : {type_config(type, "customparameters"), value_of(lti, "instructorcustomparameters"),
                           value_of(type, "parameter")})
    activity.custom = with_defaults(std::move(activity.custom), custom_from_lines(text));
  return activity;
}

tl::expected<std::vector<CartridgeGroup>, std::string> parse_moodle_groups(std::string_view xml) {
  pugi::xml_document document;
  if (auto loaded = load_xml(document, xml, "groups", "list of groups"); !loaded)
    return tl::make_unexpected(std::move(loaded.error()));
  std::vector<CartridgeGroup> groups;
  for (const auto group : document.document_element().children())
    if (local_name(group) == "group") groups.push_back({group.attribute("id").value(), value_of(group, "name")});
  return groups;
}

}  // namespace host
