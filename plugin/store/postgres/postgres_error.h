// What an error of PostgreSQL means for the one who asked. Pure: an SQLSTATE and words in, a verdict out.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace ptb {

struct PostgresPlace;

/// An error of one statement, as the server has reported it.
struct ServerError {
  std::string state;  ///< SQLSTATE
  std::string words;
  std::string table;
};

enum class Fate {
  outdated,  ///< another node was faster: nothing was changed, do it again
  shut_out,  ///< this node's epoch is over
  lost,      ///< the connection has ended, or is about to
  pooled,    ///< a prepared statement is not where it was: somebody swaps sessions under us
  failure,   ///< doing it again would not help
};

Fate fate_of(const ServerError& error);

/// For Fate::failure, and for what never came to a statement: one line for a person.
Error postgres_error(const PostgresPlace& place, const ServerError& error);

/// `words` of libpq about a connection that was not made.
Error connect_error(const PostgresPlace& place, std::string_view words);

/// Trying again soon may help where connecting has failed so.
bool is_passing(std::string_view words);

}  // namespace ptb
