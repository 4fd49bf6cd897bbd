// How structs that may have grown on either side are read and written: by their size, never further than both sides
// know.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/result.h"

namespace ptb {

/// A struct of ours is never this large: a larger size is rubbish.
inline constexpr std::uint32_t kMaxStructBytes = 16 * 1024;

/// Copies what both sides know of *from into `to`, the rest of `to` being zero. Errors: Status::argument for a null
/// pointer, an impossible size, or bytes beyond what this side knows that are not zero.
template <typename T>
Result<void> read_struct(const T* from, T& to, const char* name) {
  std::memset(&to, 0, sizeof to);
  if (from == nullptr) return fail(Status::argument, std::string(name) + " is NULL: pass one with struct_size set");
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size <= sizeof size || size > kMaxStructBytes)
    return fail(Status::argument, std::string(name) + ".struct_size is " + std::to_string(size) +
                                      ": set it to sizeof(" + name + ") and the struct to zero first");
  const auto* const bytes = reinterpret_cast<const unsigned char*>(from);
  for (std::size_t i = sizeof to; i < size; ++i)
    if (bytes[i] != 0)
      return fail(Status::argument, std::string(name) + " has a field at byte " + std::to_string(i) +
                                        " that this plugin does not know: leave it zero, or update the plugin");
  std::memcpy(&to, from, std::min<std::size_t>(size, sizeof to));
  to.struct_size = size;
  return {};
}

/// Checks a struct that this side will fill.
template <typename T>
Result<void> check_writable(const T* to, const char* name) {
  if (to == nullptr) return fail(Status::argument, std::string(name) + " is NULL: pass one with struct_size set");
  std::uint32_t size = 0;
  std::memcpy(&size, to, sizeof size);
  if (size <= sizeof size || size > kMaxStructBytes)
    return fail(Status::argument,
                std::string(name) + ".struct_size is " + std::to_string(size) + ": set it to sizeof(" + name + ")");
  return {};
}

/// Fills *to with as much of `from` as it has room for; its struct_size stays.
template <typename T>
void write_struct(const T& from, T* to) {
  std::uint32_t size = 0;
  std::memcpy(&size, to, sizeof size);
  const std::size_t head = sizeof size;
  std::memcpy(reinterpret_cast<unsigned char*>(to) + head, reinterpret_cast<const unsigned char*>(&from) + head,
              std::min<std::size_t>(size, sizeof from) - head);
}

/// Copies text into a terminated field, cut at a character boundary where it is too long.
template <std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
  std::size_t size = std::min(text.size(), N - 1);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  std::memcpy(field, text.data(), size);
  field[size] = '\0';
}

}  // namespace ptb
