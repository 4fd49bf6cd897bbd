// The schema as a sequence of numbered steps, compiled in from schema/sqlite, and how far a file has come. Forward
// only.
#pragma once

#include <cstdint>
#include <span>

namespace ptb {

class Connection;

struct Migration {
  int number;  ///< the schema's version after it; from 1, without gaps
  const char* name;
  const char* sql;
};

/// Marks a file as a store of this bridge: "PTBr", at offset 68 of the file.
inline constexpr std::int32_t kApplicationId = 0x50544272;

std::span<const Migration> migrations();
int newest_schema();

/// Carries out what follows `version`, each step in a transaction of its own. Throws StoreFailure.
void migrate(Connection& connection, int version);

}  // namespace ptb
