// Saves a setting of a tool, in the small LMS and for what the bridge delays until it is known. Prints nothing.
#pragma once

#include <string>
#include <string_view>

#include "session.h"

namespace host {

/// Throws Refusal: too long, not UTF-8.
void check_value(std::string_view key, std::string_view value);

/// What a setting of that scope belongs to: nothing, the course, or the tool's own content item. Throws Refusal where
/// `id` does not name it.
std::string setting_owner(Lms& lms, const Locator& tool, const std::string& scope, const std::string& id);

/// Throws Refusal where the key cannot be sent. Returns a warning, or nothing.
std::string save_setting(Session& session, const Locator& tool, const Setting& setting);

}  // namespace host
