// Ordered (name, value) texts and their one stored form: netstrings ("4:type,5:exact,"), which a person can read in the
// database and which no value, whatever its bytes, can break out of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace ptb {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The same, pointing into text that lives elsewhere.
using PairViews = std::vector<std::pair<std::string_view, std::string_view>>;

/// Appends one netstring: decimal length, ':', the bytes, ','.
void append_netstring(std::string& out, std::string_view text);

/// Takes one netstring off the front of `in`. False, with `in` untouched, where there is none.
bool take_netstring(std::string_view& in, std::string_view& text);

/// Names and values alternating, in the order given.
std::string encode_pairs(const Pairs& pairs);

/// The reverse of encode_pairs. Errors: Status::damaged where the text is not such an encoding.
Result<Pairs> decode_pairs(std::string_view encoded);

/// The value of the first pair of that name in an encoding, where there is one.
std::optional<std::string_view> find_encoded(std::string_view encoded, std::string_view name);

/// The value of the first pair with that name, or an empty text.
std::string_view find_value(const Pairs& pairs, std::string_view name);

/// True where the bytes are well-formed UTF-8 without NUL (RFC 3629).
bool is_clean_utf8(std::string_view text);

/// At most `limit` bytes of `text` with everything unprintable replaced by a space: for texts that a person will read.
std::string printable(std::string_view text, std::size_t limit);

}  // namespace ptb
