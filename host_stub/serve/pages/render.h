// Templates of the pages filled with a model, which is JSON as commands and reports give it. Pure: knows no requests.
#pragma once

#include <string>
#include <string_view>

#include "plugin.h"

namespace host {

/// HTML. In a template {{>other}} stands for other.mustache; null, false, 0 entries and empty texts are false; numbers
/// are text (also 0, which is true). A template that is not there is a mistake of the programmer and throws.
std::string rendered(std::string_view name, const Json& model);

}  // namespace host
