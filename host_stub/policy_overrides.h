// Changes attributes of a policy document's root element, as `--with restart=next,settle=1` says. Knows XML and nothing
// of what a policy may say: the plugin checks what comes of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace host {

using Overrides = std::vector<std::pair<std::string, std::string>>;

/// "NAME=VALUE,NAME=VALUE". Throws Refusal (wrong usage): no such list, a name twice, a name that no attribute has.
Overrides overrides_from(std::string_view text);

/// The document with those attributes set; an empty value takes one away. Its name becomes "NAME-changed" unless the
/// overrides name it. Throws Refusal where it is no XML.
std::string with_overrides(std::string_view document, const Overrides& overrides);

}  // namespace host
