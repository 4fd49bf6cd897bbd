// JSON written straight into a text, for bodies that carry much and are made often. Knows nothing of what is said.
#pragma once

#include <string>
#include <string_view>

namespace ptb {

/// Appends `text` as a JSON string: nothing is escaped that need not be, and what is no UTF-8 is replaced by U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends a member of an object, "name":"value", behind a comma where it is not the first.
void append_json_member(std::string& out, std::string_view name, std::string_view value);
/// The same up to the colon.
void append_json_name(std::string& out, std::string_view name);

}  // namespace ptb
