// All rows of a store, table by table in the order of their keys: read for a digest, or copied into another database.
// The one list of what a store consists of. Knows nothing of transactions, nor of who may write meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "store/connection.h"

namespace ptb {

struct CopiedRows {
  std::int64_t rows = 0;
  std::int64_t events = 0;
  std::int64_t lanes = 0;
  std::string digest;  ///< of every value of every row, in order: equal for equal stores of whatever kind
  friend bool operator==(const CopiedRows&, const CopiedRows&) = default;
};

CopiedRows read_rows(Connection& from);
/// `to` has no rows but its identity, which becomes that of `from`. What only a shared database has besides is written
/// for the rows copied.
CopiedRows copy_rows(Connection& from, Connection& to);
/// Nothing was ever stored there.
bool has_no_rows(Connection& connection);

}  // namespace ptb
