// Custom parameters as LMSs let people type them: one name=value a line. Pure.
#pragma once

#include <string_view>

#include "package/cartridge.h"

namespace host {

/// The parameters in `text`, in its order, without white space around names and values. Lines without a name or without
/// '=' say nothing, as in the LMSs.
CustomProperties custom_from_lines(std::string_view text);

/// `custom`, and behind it those of `defaults` that it does not have. Names are the same when the keys of their
/// settings are.
CustomProperties with_defaults(CustomProperties custom, const CustomProperties& defaults);

}  // namespace host
