// Bytes as the text that requests hold. Knows nothing of what they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ptb {

/// RFC 4648 §4, with padding.
std::string base64(std::string_view bytes);

/// RFC 4648 §5, without padding.
std::string base64url(std::string_view bytes);

/// The bytes of base64 text, padded or not; nothing where it is no base64. The caller wipes them if they are secret.
std::optional<std::string> bytes_of_base64(std::string_view text);

}  // namespace ptb
