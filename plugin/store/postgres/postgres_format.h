// How values travel to and from PostgreSQL in binary, and SQL in the store's dialect as PostgreSQL takes it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ptb {

// Types by their fixed numbers (pg_type.dat).
inline constexpr unsigned kBoolType = 16;
inline constexpr unsigned kBytesType = 17;
inline constexpr unsigned kInt8Type = 20;
inline constexpr unsigned kInt2Type = 21;
inline constexpr unsigned kInt4Type = 23;
inline constexpr unsigned kTextType = 25;
inline constexpr unsigned kNumericType = 1700;
inline constexpr unsigned kInt8ArrayType = 1016;
inline constexpr unsigned kTextArrayType = 1009;

struct PostgresSql {
  std::string text;
  int parameters = 0;  ///< the highest number of a parameter
};

/// ?N becomes $N; INDEXED BY NAME goes. Texts in quotes stay as they are.
PostgresSql postgres_sql(std::string_view sql);

void append_int8(std::string& out, std::int64_t value);
std::string binary_texts(std::span<const std::string> values);
std::string binary_int8s(std::span<const std::int64_t> values);

/// Of a whole number or a truth value; nothing where the type is another one, or the number has a fraction or is too
/// large.
std::optional<std::int64_t> whole_number(unsigned type, std::string_view binary);
/// Of one dimension, without NULL.
std::optional<std::vector<std::int64_t>> whole_numbers(std::string_view binary);

}  // namespace ptb
