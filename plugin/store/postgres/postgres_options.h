// How a PostgreSQL store is opened, on both sides of the module's only function.
#pragma once

#include <string>

namespace ptb {

struct PostgresOptions {
  std::string uri;
  bool may_migrate = true;  ///< make the schema, or bring it up to date
  bool listen = false;      ///< hear what other nodes tell, on a connection of its own
  int lease_ms = 15'000;    ///< for so long after a commit what this node holds is its own
  int connect_timeout_ms = 5'000;
  int look_up_ms = 8'000;  ///< for so long a lost connection is tried again where the outcome of a commit hangs on it
  int answer_timeout_ms = 30'000;  ///< a server that is silent for longer counts as gone
};

}  // namespace ptb
