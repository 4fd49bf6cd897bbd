// The password that a tool must name when it registers itself, where the administrator has set one: kept as a salted,
// slow hash. Knows nothing of registration.
#pragma once

#include <string>
#include <string_view>

namespace host {

/// A text to keep: algorithm, rounds, salt, hash.
std::string hash_password(std::string_view password);

/// Throws Refusal where `kept` is not what hash_password makes.
bool is_password(std::string_view password, std::string_view kept);

/// Compares in a time that does not depend on where the texts differ.
bool is_same_secret(std::string_view one, std::string_view other);

}  // namespace host
