// Where a PostgreSQL store is: its URI, how it is shown to people, and how no password gets into what they are shown.
// Pure; knows nothing of connections.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace ptb {

struct PostgresPlace {
  std::string uri;      ///< as libpq takes it
  std::string shown;    ///< without the password
  bool pooled = false;  ///< the URI says that a pooler is between which gives out sessions by the transaction

  /// `words` on one line, and without what may be a password of this URI.
  [[nodiscard]] std::string clean(std::string_view words) const;
};

/// postgresql://USER@HOST:PORT/DATABASE and what libpq allows besides; `pooler=transaction` among its parameters is
/// ours.
Result<PostgresPlace> read_postgres_uri(const std::string& uri);

}  // namespace ptb
