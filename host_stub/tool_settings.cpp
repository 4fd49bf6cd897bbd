#include "tool_settings.h"

#include "course_operations.h"
#include "output.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostValueBytes = 8192;

}  // namespace

void check_value(std::string_view key, std::string_view value) {
  if (value.size() > kMostValueBytes)
    refuse("the value of {} has {} bytes: a setting holds at most {}", cut(key, 60), value.size(), kMostValueBytes);
  if (!is_utf8(value)) refuse("the value of {} is not UTF-8", cut(key, 60));
}

std::string setting_owner(Lms& lms, const Locator& tool, const std::string& scope, const std::string& id) {
  if (scope == "system") {
    if (!id.empty()) wrong_usage("a setting of scope system has no id: leave it out");
    return {};
  }
  if (id.empty())
    wrong_usage("scope {} wants the id of the {}", scope,
                scope == "course" ? "course: --id ID" : "content item: --id ID");
  if (scope == "course") return need_course(lms, id).id;
  const auto item = need_item(lms, id);
  if (item.tool != tool) refuse("content item {} belongs to {}, not to {}", id, to_text(item.tool), to_text(tool));
  return item.id;
}

std::string save_setting(Session& session, const Locator& tool, const Setting& setting) {
  auto& lms = session.lms();
  auto others = Json::array();
  for (const auto& other : lms.settings(tool)) others.push_back(other.key);
  const auto verdict = session.bridge().report({{"report", "setting_key"}, {"key", setting.key}, {"others", others}});
  const auto problem = text_of(verdict, "problem");
  if (!problem.empty()) refuse("setting {}: {}", cut(setting.key, 60), problem);
  lms.set_setting(tool, setting);
  if (!setting.value.empty()) session.bridge().value_known(tool, setting);
  return text_of(verdict, "warning");
}

}  // namespace host
