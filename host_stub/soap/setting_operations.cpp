#include "soap/setting_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "soap/answers.h"
#include "text/utf8.h"
#include "tool_settings.h"

namespace host::soap {

namespace {

constexpr int kVersion = 1;
constexpr std::array<const char*, 3> kScopes = {"system", "course", "content"};

/// A number on the wire, in its order; the word does too.
std::string scope_from(const std::string& said) {
  for (std::size_t number = 0; number < kScopes.size(); ++number)
    if (said == std::to_string(number) || said == kScopes.at(number)) return kScopes.at(number);
  throw sender_fault(
      fmt::format("scope \"{}\" is none: write 0 for system, 1 for course, 2 for content", shown(said, 40)));
}

}  // namespace

std::string SettingOperations::run(const Call& call, const Caller& caller) {
  const auto& what = call.operation;
  if (what == "initializeUtilWS") return returned(true);
  if (what == "getServerVersion") return returned_version(kVersion);
  if (what == "getRequiredEntitlements") return {};  // a list of none …
  const auto& tool = caller.need_tool();
  if (what == "checkEntitlement") return returned(true);  // … and so nothing is missing

  const auto key = call.argument("key");
  Session session(options_, what == "saveSetting" ? Session::Use::note : Session::Use::lms);
  auto& lms = session.lms();
  if (!lms.tool(tool)) throw sender_fault("the tool has been removed", kUnknownTool);
  const auto scope = scope_from(call.argument("scope"));
  // Clients send an id with the system scope too; there it says nothing.
  const auto owner = setting_owner(lms, tool, scope, scope == "system" ? "" : call.argument("id"));
  if (what == "saveSetting") {
    const auto value = call.argument("value");
    check_value(key, value);
    save_setting(session, tool, {scope, owner, key, value});
    return returned(true);
  }
  const auto all = lms.settings(tool);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Setting& setting) {
    return setting.scope == scope && setting.owner == owner && setting.key == key;
  });
  if (what == "loadSetting") return found == all.end() ? returned_nil() : returned(found->value);
  if (found == all.end()) return returned(false);
  lms.remove_setting(tool, *found);
  return returned(true);
}

}  // namespace host::soap
