// See api.h. Tools, their settings and their policies.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"

namespace host {

namespace {

std::optional<std::string> given_text(const Json& object, const char* member) {
  if (!object.contains(member) || object.at(member).is_null()) return std::nullopt;
  return text_in(object, member);
}

std::optional<bool> given_flag(const Json& object, const char* member) {
  if (!object.contains(member) || object.at(member).is_null()) return std::nullopt;
  return flag_in(object, member);
}

/// The options of `tool add` and `tool save`, under the names of `tool show --json`. Files are not named from afar.
ToolOptions tool_options_in(const Json& object) {
  ToolOptions options;
  options.secret = given_text(object, "secret");
  options.strict = given_flag(object, "strict");
  options.allow_http = given_flag(object, "allow_http");
  options.allow_private = given_flag(object, "allow_private");
  options.allow_downgrade = given_flag(object, "allow_downgrade");
  options.wire = given_text(object, "wire");
  options.endpoint = given_text(object, "endpoint");
  options.lti_client_id = given_text(object, "lti_client_id");
  options.lti_deployment_id = given_text(object, "lti_deployment_id");
  if (const auto cidrs = given_text(object, "allow_cidrs")) options.allow_cidrs = {*cidrs};
  if (object.contains("max_batch")) {
    const auto& most = object.at("max_batch");
    if (!most.is_number_unsigned() || most.get<std::uint64_t>() < 1 || most.get<std::uint64_t>() > 1000)
      wrong_usage("\"max_batch\" is a number from 1 to 1000");
    options.max_batch = most.get<std::uint32_t>();
  }
  if (const auto policy = given_text(object, "policy")) {
    if (policy->find_first_of("/.") != std::string::npos && !policy->starts_with('<'))
      wrong_usage("\"policy\" is a preset's name or a document");
    options.policy = policy;
  }
  return options;
}

Page add(const Serving& serving, const Call& call) {
  const auto object = object_in(call);
  ToolAdd add;
  add.options = tool_options_in(object);
  add.registration_password = flag_in(object, "registration_password");
  add.descriptor = need_text_in(object, "descriptor");
  return command_page(serving, call, [&](const GlobalOptions& options) { return tool_add(options, add); });
}

Page save(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  const auto object = object_in(call);
  const auto state = need_text_in(object, "state");
  if (state != "available" && state != "inactive" && state != "unavailable")
    wrong_usage("\"state\" is available, inactive or unavailable");
  return job_page(serving, call, "save", tool, [=, given = tool_options_in(object)](const GlobalOptions& options) {
    return tool_save(options, tool, state, given);
  });
}

Page start_replay(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  const auto object = object_in(call);
  ReplayFrom from{text_in(object, "from_event"), text_in(object, "from_time"), text_in(object, "from_backup"),
                  flag_in(object, "dry_run")};
  const Command command = [=](const GlobalOptions& options) { return replay(options, tool, from); };
  return from.dry_run ? command_page(serving, call, command) : job_page(serving, call, "replay", tool, command);
}

Page stop(const Serving& serving, const Call& call) {
  const auto tool = tool_in(call);
  Session session(options_of(serving, call), Session::Use::act);
  session.need_tool(locator_from(tool));
  session.order({{"do", "stop"}, {"tool", tool}});
  return json_answer(200, {{"tool", tool}, {"stopping", true}});
}

Page put_setting(const Serving& serving, const Call& call) {
  const auto object = object_in(call);
  const SettingSet set{tool_in(call), need_text_in(object, "scope"), text_in(object, "id"), need_text_in(object, "key"),
                       text_in(object, "value")};
  if (set.scope != "system" && set.scope != "course" && set.scope != "content")
    wrong_usage("\"scope\" is system, course or content");
  return command_page(serving, call, [&](const GlobalOptions& options) { return setting_set(options, set); });
}

Page put_policy(const Serving& serving, const Call& call) {
  const auto object = object_in(call);
  const PolicySet set{tool_in(call), need_text_in(object, "policy"), text_in(object, "with")};
  return command_page(serving, call, [&](const GlobalOptions& options) { return policy_set(options, set); });
}

}  // namespace

void add_tool_api(Router& router, Serving& serving) {
  const std::string one = "/api/tools/{vendor}/{program}";
  const auto command = [&serving](auto run) {
    return [&serving, run](const Call& call) {
      return command_page(serving, call, [&](const GlobalOptions& options) { return run(options, call); });
    };
  };
  const auto with = [&serving](auto run) { return [&serving, run](const Call& call) { return run(serving, call); }; };
  router.get("/api/tools", command([](const auto& options, const Call&) { return tool_list(options); }));
  router.change("POST", "/api/tools", with(add));
  router.get(one, command([](const auto& options, const Call& call) { return tool_show(options, tool_in(call)); }));
  router.change("DELETE", one,
                command([](const auto& options, const Call& call) { return tool_remove(options, tool_in(call)); }));
  router.change("POST", one + "/save", with(save));
  router.change("POST", one + "/ping",
                command([](const auto& options, const Call& call) { return tool_ping(options, tool_in(call)); }));
  router.change("POST", one + "/reregister", command([](const auto& options, const Call& call) {
                  return tool_reregister(options, tool_in(call), text_in(object_in(call), "password"));
                }));
  router.change("POST", one + "/claim", command([](const auto& options, const Call& call) {
                  return tool_claim(options, need_text_in(object_in(call), "from"), tool_in(call));
                }));
  router.change("POST", one + "/replay", with(start_replay));
  router.change("POST", one + "/stop", with(stop));
  router.get(one + "/settings",
             command([](const auto& options, const Call& call) { return setting_list(options, tool_in(call)); }));
  router.change("PUT", one + "/settings", with(put_setting));
  router.get(one + "/policy",
             command([](const auto& options, const Call& call) { return policy_show(options, tool_in(call)); }));
  router.change("PUT", one + "/policy", with(put_policy));
}

}  // namespace host
