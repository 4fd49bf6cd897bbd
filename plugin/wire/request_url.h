// Where a request goes: the tool's one endpoint, or a base URL of its descriptor with the path of an action behind it.
// Pure text; knows nothing of what is sent there.
#pragma once

#include <string>
#include <string_view>

#include "core/wire.h"

namespace ptb {

/// The base URL of the n-th try with the action's path behind it, or empty where there is none left
/// (proxy-tool-protocol §1). A path that is an absolute URL says itself where it goes and has no fallback.
std::string action_url(const ToolAtSend& tool, const Action& action, int fallback);

/// The tool's endpoint where it has one, which has no fallback; else action_url.
std::string endpoint_or_action_url(const ToolAtSend& tool, const Action& action, int fallback);

/// Whether the tool's endpoint can be sent to: http(s)://host[:port][/path][?query], https unless plain http is allowed
/// for the tool. No endpoint is fine. Errors: Status::argument.
Result<void> check_endpoint(const Tool& tool);

}  // namespace ptb
