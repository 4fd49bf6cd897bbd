// The one function that ptbridge-postgres.so exports: the plugin loads this module where a store is PostgreSQL, so that
// libpq is needed only there.
#include "store/postgres/postgres_module.h"

#include <cstring>

#include "store/postgres/postgres_connection.h"

ptb::Connection* ptb_postgres_open(const char* version, const ptb::PostgresOptions* options,
                                   std::vector<std::string>* warnings) {
  if (std::strcmp(version, PTB_VERSION) != 0)
    throw ptb::StoreFailure{{ptb::Status::abi, "the PostgreSQL module has version " PTB_VERSION " and the plugin has " +
                                                   std::string(version) + ": install both from one package"}};
  auto connection = ptb::PostgresConnection::open(*options);
  if (warnings != nullptr) *warnings = connection->warnings();
  return connection.release();
}
