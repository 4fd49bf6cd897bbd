// What a fresh connection is asked before it is used: whether the server can keep the promises, and whether the schema
// is the one that this plugin knows. Makes the schema, or brings it up to date.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/postgres/postgres_link.h"
#include "store/postgres/postgres_place.h"

namespace ptb {

struct SessionNeeds {
  bool may_migrate = false;
  std::int64_t node_number = 0;  ///< 0: this process has none yet
};

struct Session {
  bool pooled = false;  ///< a pooler is between
  std::int64_t node_number = 0;
  std::vector<std::string> warnings;
};

/// Throws StoreFailure, LinkLost, ServerError.
Session open_session(PostgresLink& link, const PostgresPlace& place, const SessionNeeds& needs);

/// Gives the session its settings, and its node's name; `node` of 0: a new one. The node.
std::int64_t begin_session(PostgresLink& link, std::int64_t node, bool pooled);

/// By which people find a node among the server's sessions, but for those behind a pooler.
std::string application_name(std::int64_t node);

/// Of schema/postgres.
int newest_postgres_schema();

}  // namespace ptb
