// Where a PostgreSQL store is: its URI, how it is shown to people, and how no password gets into what they are shown.
// Pure; knows nothing of connections.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ptb {

/// One of several servers that a URI names; empty members are not said.
struct PostgresHost {
  std::string host;
  std::string hostaddr;
  std::string port;
};

struct PostgresPlace {
  std::string uri;      ///< as libpq takes it
  std::string shown;    ///< without the password
  bool pooled = false;  ///< the URI says that a pooler is between which gives out sessions by the transaction
  std::vector<PostgresHost> hosts = {};  ///< in the order in which they are tried; libpq would not leave a silent one

  /// `words` on one line, and without what may be a password of this URI.
  [[nodiscard]] std::string clean(std::string_view words) const;
};

/// postgresql://USER@HOST:PORT/DATABASE and what libpq allows besides; `pooler=transaction` among its parameters is
/// ours.
Result<PostgresPlace> read_postgres_uri(const std::string& uri);

}  // namespace ptb
