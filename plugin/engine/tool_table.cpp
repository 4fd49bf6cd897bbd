#include "engine/tool_table.h"

#include <algorithm>

namespace ptb {

ToolTable::ToolTable(ReadDescriptor read_descriptor, FindWire find_wire, HostIdentity host,
                     std::uint32_t connect_timeout_ms, std::uint32_t exchange_timeout_ms)
    : read_descriptor_(std::move(read_descriptor)),
      find_wire_(std::move(find_wire)),
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

  auto destination = std::make_shared<Destination>();
  destination->allow_http = tool.options.allow_http;
  destination->allow_private = tool.options.allow_private;
  destination->allow_cidrs = tool.options.allow_cidrs;
  destination->ca_file = tool.options.ca_file;
  destination->client_cert_file = tool.options.client_cert_file;
  destination->client_key_file = tool.options.client_key_file;
  destination->connect_timeout_ms = connect_timeout_ms_;
  destination->total_timeout_ms = tool.options.timeout_ms != 0 ? tool.options.timeout_ms : exchange_timeout_ms_;

  auto made = std::make_shared<ReadyTool>();
  made->at_send = ToolAtSend{tool, std::move(*descriptor), host_, std::move(destination)};
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
