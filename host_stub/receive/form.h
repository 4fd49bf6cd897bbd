// Reads the body of a form POST as strictly as a careful tool would, and writes one. Knows nothing of HTTP connections
// or of what the parameters mean.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace host {

using Params = std::vector<std::pair<std::string, std::string>>;

/// The value of `name`, or nullptr where there is none.
const std::string* find_param(const Params& params, std::string_view name);

/// Splits and decodes an application/x-www-form-urlencoded body, in its order. An empty body has no parameters. The
/// error is one line: a piece without '=' or without a name, a wrong percent escape, a byte that should have been
/// escaped, text that is not UTF-8, a name that comes twice.
tl::expected<Params, std::string> parse_form(std::string_view body);

/// The body that parse_form reads back, in the order of `params`.
std::string write_form(const Params& params);

}  // namespace host
