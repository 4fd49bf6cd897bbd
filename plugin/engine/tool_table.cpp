#include "engine/tool_table.h"

#include <algorithm>

namespace ptb {

namespace {

std::shared_ptr<const Destination> destination_of(const ToolOptions& options, const Policy& policy,
                                                  std::uint32_t connect_timeout_ms, std::uint32_t exchange_timeout_ms) {
  auto destination = std::make_shared<Destination>();
  destination->allow_http = options.allow_http && !policy.https_required;
  destination->allow_private = options.allow_private;
  destination->allow_cidrs = options.allow_cidrs;
  destination->ca_file = options.ca_file;
  destination->client_cert_file = options.client_cert_file;
  destination->client_key_file = options.client_key_file;
  destination->connect_timeout_ms = connect_timeout_ms;
  destination->total_timeout_ms = options.timeout_ms != 0 ? options.timeout_ms : exchange_timeout_ms;
  if (policy.time_limit_ms != 0)
    destination->total_timeout_ms =
        options.timeout_ms != 0 ? std::min(options.timeout_ms, policy.time_limit_ms) : policy.time_limit_ms;
  return destination;
}

}  // namespace

ToolTable::ToolTable(ReadDescriptor read_descriptor, FindWire find_wire, std::shared_ptr<const Policy> default_policy,
                     HostIdentity host, std::uint32_t connect_timeout_ms, std::uint32_t exchange_timeout_ms)
    : read_descriptor_(std::move(read_descriptor)),
      find_wire_(std::move(find_wire)),
      default_policy_(std::move(default_policy)),
      host_(std::move(host)),
      connect_timeout_ms_(connect_timeout_ms),
      exchange_timeout_ms_(exchange_timeout_ms) {}

Result<std::shared_ptr<const ReadyTool>> ToolTable::ready(const Tool& tool) const {
  auto descriptor = read_descriptor_(tool.descriptor);
  if (!descriptor) return fail(descriptor.error());
  const Wire* const wire = find_wire_(tool.options.wire);
  if (wire == nullptr)
    return fail(Status::argument, "there is no wire '" + printable(tool.options.wire, 60) +
                                      "': use proxy-tool, standard-webhooks or lti-notice");
  if (auto fit = wire->check(tool, *descriptor); !fit) return fail(fit.error());
  const bool guid_is_hex = std::all_of(tool.guid.begin(), tool.guid.end(),
                                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (tool.guid.size() != 32 || !guid_is_hex)
    return fail(Status::argument, "the guid of tool " + to_text(tool.locator) + " must be 32 lower-case hex digits");

  auto made = std::make_shared<ReadyTool>();
  made->policy = policy(tool.locator);
  made->at_send = ToolAtSend{tool, std::move(*descriptor), host_,
                             destination_of(tool.options, *made->policy, connect_timeout_ms_, exchange_timeout_ms_)};
  if (made->policy->https_required) made->at_send.tool.options.allow_downgrade = false;
  made->wire = wire;
  return std::shared_ptr<const ReadyTool>(std::move(made));
}

void ToolTable::put(const std::shared_ptr<const ReadyTool>& tool) {
  const std::lock_guard lock(mutex_);
  auto changed = std::make_shared<Tools>(*tools_);
  (*changed)[tool->at_send.tool.locator] = tool;
  tools_ = std::move(changed);
}

void ToolTable::remove(const Locator& locator) {
  const std::lock_guard lock(mutex_);
  auto changed = std::make_shared<Tools>(*tools_);
  changed->erase(locator);
  tools_ = std::move(changed);
}

void ToolTable::put_policy(const Locator& locator, std::shared_ptr<const Policy> policy) {
  const std::lock_guard lock(mutex_);
  if (policy == nullptr)
    policies_.erase(locator);
  else
    policies_[locator] = std::move(policy);
}

void ToolTable::keep_policies(const std::set<Locator>& locators) {
  const std::lock_guard lock(mutex_);
  std::erase_if(policies_, [&](const auto& policy) { return !locators.contains(policy.first); });
}

std::shared_ptr<const Policy> ToolTable::policy(const Locator& locator) const {
  const std::lock_guard lock(mutex_);
  const auto at = policies_.find(locator);
  return at == policies_.end() ? default_policy_ : at->second;
}

std::shared_ptr<const ReadyTool> ToolTable::find(const Locator& locator) const {
  const auto tools = all();
  const auto at = tools->find(locator);
  return at == tools->end() ? nullptr : at->second;
}

std::shared_ptr<const ToolTable::Tools> ToolTable::all() const {
  const std::lock_guard lock(mutex_);
  return tools_;
}

}  // namespace ptb
