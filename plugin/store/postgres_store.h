// The store of an LMS of many processes or machines: a PostgreSQL database that they share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/sql_store.h"

namespace ptb {

struct PostgresStoreOptions {
  std::string uri;
  /// False: for a capture-only process. A database without the store, or with an older schema, is then an error; and
  /// what it captures is walked by others.
  bool sends = true;
};

/// Errors: Status::argument (no such URI), newer (untouched), store (server, database, rights, or the module is not
/// installed beside the plugin). `warnings`: what a person should know of the server, though it works.
Result<std::unique_ptr<SqlStore>> open_postgres_store(const PostgresStoreOptions& options,
                                                      std::vector<std::string>& warnings);

}  // namespace ptb
