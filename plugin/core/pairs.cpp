#include "core/pairs.h"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace ptb {

void append_netstring(std::string& out, std::string_view text) {
  char size[21];  // the digits and the colon
  char* const colon = std::to_chars(size, size + sizeof size - 1, text.size()).ptr;
  *colon = ':';
  out.append(size, colon + 1);
  out.append(text);
  out.push_back(',');
}

bool take_netstring(std::string_view& in, std::string_view& text) {
  std::size_t size = 0;
  const char* const begin = in.data();
  const char* const end = begin + in.size();
  const auto [after, problem] = std::from_chars(begin, end, size);
  if (problem != std::errc() || after == end || *after != ':') return false;
  const auto left = static_cast<std::size_t>(end - after) - 1;
  if (size >= left || after[1 + size] != ',') return false;
  text = std::string_view(after + 1, size);
  in.remove_prefix(static_cast<std::size_t>(after - begin) + size + 2);
  return true;
}

std::string encode_pairs(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    append_netstring(out, name);
    append_netstring(out, value);
  }
  return out;
}

Result<Pairs> decode_pairs(std::string_view encoded) {
  Pairs pairs;
  std::string_view name;
  std::string_view value;
  while (!encoded.empty()) {
    if (!take_netstring(encoded, name) || !take_netstring(encoded, value))
      return fail(Status::damaged, "a stored list of names and values cannot be read");
    pairs.emplace_back(name, value);
  }
  return pairs;
}

std::optional<std::string_view> find_encoded(std::string_view encoded, std::string_view wanted) {
  std::string_view name;
  std::string_view value;
  while (take_netstring(encoded, name) && take_netstring(encoded, value))
    if (name == wanted) return value;
  return std::nullopt;
}

std::string_view find_value(const Pairs& pairs, std::string_view name) {
  for (const auto& pair : pairs)
    if (pair.first == name) return pair.second;
  return {};
}

namespace {

/// Length of the well-formed sequence at the front of `text`, 0 where there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const unsigned char second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool beyond = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : size;
}

/// True where the first eight bytes, or as many as there are, are ASCII and none is NUL: no byte has its high bit set,
/// and none borrows when one is taken from each.
bool begins_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  std::uint64_t word = kOnes;
  std::memcpy(&word, text.data(), std::min(text.size(), sizeof word));
  return ((word | (word - kOnes)) & 0x8080808080808080U) == 0;
}

}  // namespace

bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    while (text.size() >= 8 && begins_plain(text)) text.remove_prefix(8);
    if (text.size() < 8 && begins_plain(text)) break;
    if (text.front() == '\0') return false;
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    const auto lead = static_cast<unsigned char>(text.front());
    const bool control =
        size == 0 || lead < 0x20 || lead == 0x7F || (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    const std::string_view piece = control ? std::string_view(" ") : text.substr(0, size);
    if (out.size() + piece.size() > limit) break;
    out.append(piece);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace ptb
