#include "wire/json_text.h"

#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>

namespace ptb {

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word; }

/// True where all eight bytes are ASCII that stands for itself in a JSON string. May say false of one that does.
bool stand_for_themselves(const char* eight_bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, eight_bytes, sizeof word);
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  return ((word | control | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\')) & kHighBits) == 0;
}

bool stands_for_itself(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

std::size_t plain_beginning(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && stand_for_themselves(text.data() + at)) at += 8;
  while (at < text.size() && stands_for_itself(text[at]) && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t plain = plain_beginning(text);
  if (plain < text.size()) {
    // Few texts have a quote, a line break or a letter beyond ASCII.
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_json_name(std::string& out, std::string_view name) {
  if (!out.empty() && out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
}

void append_json_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_name(out, name);
  append_json_string(out, value);
}

}  // namespace ptb
