// The form with which a tool is added or saved: what it shows, and the command's options that it stands for. Pure.
#pragma once

#include <string>

#include "plugin.h"
#include "receive/form.h"
#include "tool_registration.h"

namespace host {

/// For tool_fields.mustache. `tool`: as `tool show --json` has it, or an empty object for a new one. `policy`: the name
/// of the one in force; `presets`: names to choose from. `typed`: a form that was refused is shown as it was typed.
Json tool_fields(const Json& tool, const std::string& policy, const Json& presets, const Params& typed);

/// What a form with these fields says. Throws Refusal (wrong usage) that names the field.
ToolOptions options_in_form(const Params& form);

}  // namespace host
