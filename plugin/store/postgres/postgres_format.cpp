#include "store/postgres/postgres_format.h"

#include <algorithm>
#include <cctype>
#include <limits>

namespace ptb {

namespace {

constexpr std::string_view kIndexedBy = "INDEXED BY ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

void append_big_endian(std::string& out, std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::int64_t small(std::string_view two_bytes) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(big_endian(two_bytes)));
}

/// Groups of four decimal digits, the first one worth 10000 to the power of its weight.
std::optional<std::int64_t> from_numeric(std::string_view binary) {
  if (binary.size() < 8) return std::nullopt;
  const std::int64_t groups = small(binary.substr(0, 2));
  const std::int64_t weight = small(binary.substr(2, 2));
  const auto sign = big_endian(binary.substr(4, 2));
  if ((sign != 0 && sign != 0x4000) || groups > weight + 1 || weight > 4) return std::nullopt;
  if (binary.size() < 8 + 2 * static_cast<std::size_t>(groups)) return std::nullopt;
  std::int64_t value = 0;
  for (std::int64_t i = 0; i <= weight; ++i) {
    const std::int64_t group = i < groups ? small(binary.substr(8 + 2 * static_cast<std::size_t>(i), 2)) : 0;
    if (value > (std::numeric_limits<std::int64_t>::max() - group) / 10'000) return std::nullopt;
    value = value * 10'000 + group;
  }
  return sign == 0 ? value : -value;
}

void append_array_head(std::string& out, unsigned type, std::size_t size) {
  append_big_endian(out, size == 0 ? 0 : 1, 4);
  append_big_endian(out, 0, 4);
  append_big_endian(out, type, 4);
  if (size == 0) return;
  append_big_endian(out, size, 4);
  append_big_endian(out, 1, 4);
}

}  // namespace

PostgresSql postgres_sql(std::string_view sql) {
  PostgresSql made;
  char quote = '\0';
  for (std::size_t at = 0; at < sql.size(); ++at) {
    const char c = sql[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '?' && at + 1 < sql.size() && is_digit(sql[at + 1])) {
      int number = 0;
      for (std::size_t digit = at + 1; digit < sql.size() && is_digit(sql[digit]); ++digit)
        number = number * 10 + (sql[digit] - '0');
      made.parameters = std::max(made.parameters, number);
      made.text.push_back('$');
      continue;
    } else if (sql.substr(at).starts_with(kIndexedBy) && (at == 0 || !is_name(sql[at - 1]))) {
      at += kIndexedBy.size();
      while (at < sql.size() && is_name(sql[at])) ++at;
      --at;
      continue;
    }
    made.text.push_back(c);
  }
  return made;
}

void append_int8(std::string& out, std::int64_t value) { append_big_endian(out, static_cast<std::uint64_t>(value), 8); }

std::string binary_texts(std::span<const std::string> values) {
  std::string out;
  append_array_head(out, kTextType, values.size());
  for (const std::string& value : values) {
    append_big_endian(out, value.size(), 4);
    out += value;
  }
  return out;
}

std::string binary_int8s(std::span<const std::int64_t> values) {
  std::string out;
  append_array_head(out, kInt8Type, values.size());
  for (const std::int64_t value : values) {
    append_big_endian(out, 8, 4);
    append_int8(out, value);
  }
  return out;
}

std::optional<std::int64_t> whole_number(unsigned type, std::string_view binary) {
  switch (type) {
    case kBoolType: return binary.size() == 1 ? std::optional<std::int64_t>(binary[0] != 0) : std::nullopt;
    case kInt2Type: return binary.size() == 2 ? std::optional(small(binary)) : std::nullopt;
    case kInt4Type:
      if (binary.size() != 4) return std::nullopt;
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(big_endian(binary)));
    case kInt8Type:
      if (binary.size() != 8) return std::nullopt;
      return static_cast<std::int64_t>(big_endian(binary));
    case kNumericType: return from_numeric(binary);
    default: return std::nullopt;
  }
}

std::optional<std::vector<std::int64_t>> whole_numbers(std::string_view binary) {
  constexpr std::size_t kHead = 12;
  std::vector<std::int64_t> numbers;
  if (binary.size() < kHead || big_endian(binary.substr(8, 4)) != kInt8Type) return std::nullopt;
  const auto dimensions = big_endian(binary.substr(0, 4));
  if (dimensions == 0) return numbers;
  if (dimensions != 1 || binary.size() < kHead + 8) return std::nullopt;
  const auto size = big_endian(binary.substr(kHead, 4));
  binary.remove_prefix(kHead + 8);
  if (binary.size() != size * 12) return std::nullopt;
  for (; !binary.empty(); binary.remove_prefix(12))
    numbers.push_back(static_cast<std::int64_t>(big_endian(binary.substr(4, 8))));
  return numbers;
}

}  // namespace ptb
