// What a Content-Type or Content-Disposition says: "kind/of; name=value; other=\"value\"". Reads text only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace host {

/// What stands before the first ';', in lower case.
std::string media_type(std::string_view header);

/// The value of a parameter as it stands there, without its quotes. `name` in lower case.
std::optional<std::string> media_parameter(std::string_view header, std::string_view name);

}  // namespace host
