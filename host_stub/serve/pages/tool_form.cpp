// See tool_form.h.
#include "serve/pages/tool_form.h"

#include <algorithm>
#include <sstream>

#include "output.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

constexpr std::uint32_t kMostBatch = 1000;

std::string value_in(const Params& form, std::string_view name) {
  const auto* found = find_param(form, name);
  return found == nullptr ? std::string() : *found;
}

bool is_ticked(const Params& form, std::string_view name) { return find_param(form, name) != nullptr; }

std::string trimmed(std::string text) {
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

}  // namespace

Json tool_fields(const Json& tool, const std::string& policy, const Json& presets, const Params& typed) {
  const auto text = [&](const char* member) { return typed.empty() ? text_of(tool, member) : value_in(typed, member); };
  const auto flag = [&](const char* member) {
    return typed.empty() ? tool.value(member, false) : is_ticked(typed, member);
  };
  const auto wire = text("wire");
  auto max_batch = text("max_batch");
  if (max_batch == "0") max_batch.clear();
  const auto chosen = typed.empty() ? std::string() : value_in(typed, "policy");
  auto policies = Json::array();
  for (const auto& preset : presets) {
    const auto name = preset.get<std::string>();
    policies.push_back({{"value", name}, {"text", name}, {"is_chosen", name == chosen}});
  }
  return {{"wires",
           {{"choices", choices({{"proxy-tool", "Proxy tool (Blackboard's own)"},
                                 {"standard-webhooks", "Standard Webhooks"},
                                 {"lti-notice", "LTI platform notifications"}},
                                wire.empty() ? "proxy-tool" : wire)}}},
          {"endpoint", text("endpoint")},
          {"strict", flag("strict")},
          {"allow_http", flag("allow_http")},
          {"allow_private", flag("allow_private")},
          {"allow_downgrade", flag("allow_downgrade")},
          {"allow_cidrs", text("allow_cidrs")},
          {"max_batch", max_batch},
          {"lti_client_id", text("lti_client_id")},
          {"lti_deployment_id", text("lti_deployment_id")},
          {"policies", {{"choices", policies}}},
          {"policy_in_force", policy},
          {"opens_more", !text("endpoint").empty() || !text("allow_cidrs").empty() || !max_batch.empty() ||
                             !text("lti_client_id").empty() || flag("allow_downgrade")}};
}

ToolOptions options_in_form(const Params& form) {
  ToolOptions options;
  if (const auto secret = value_in(form, "secret"); !secret.empty()) options.secret = secret;
  options.strict = is_ticked(form, "strict");
  options.allow_http = is_ticked(form, "allow_http");
  options.allow_private = is_ticked(form, "allow_private");
  options.allow_downgrade = is_ticked(form, "allow_downgrade");
  if (const auto wire = value_in(form, "wire"); !wire.empty()) options.wire = wire;
  options.endpoint = trimmed(value_in(form, "endpoint"));
  options.lti_client_id = trimmed(value_in(form, "lti_client_id"));
  options.lti_deployment_id = trimmed(value_in(form, "lti_deployment_id"));
  std::istringstream cidrs(value_in(form, "allow_cidrs"));
  for (std::string cidr; cidrs >> cidr;) options.allow_cidrs.push_back(cidr);
  if (options.allow_cidrs.empty()) options.allow_cidrs.emplace_back();
  if (const auto most = trimmed(value_in(form, "max_batch")); !most.empty()) {
    const bool is_number = most.size() <= 4 && most.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number || std::stoul(most) < 1 || std::stoul(most) > kMostBatch)
      wrong_usage("Events in one request: write a number from 1 to {}", kMostBatch);
    options.max_batch = static_cast<std::uint32_t>(std::stoul(most));
  }
  if (const auto policy = value_in(form, "policy"); !policy.empty()) {
    if (policy.find_first_of("/.<") != std::string::npos) wrong_usage("Policy: choose one of the list");
    options.policy = policy;
  }
  return options;
}

}  // namespace host
