#include "store/postgres_store.h"

#include "store/postgres/postgres_module.h"
#include "store/postgres/postgres_options.h"
#include "store/postgres/postgres_place.h"

namespace ptb {

Result<std::unique_ptr<SqlStore>> open_postgres_store(const PostgresStoreOptions& options,
                                                      std::vector<std::string>& warnings) {
  PostgresOptions opening;
  opening.uri = options.uri;
  opening.may_migrate = options.sends;
  opening.listen = options.sends;
  try {
    return std::make_unique<SqlStore>(
        SqlStoreParts{"PostgreSQL", nullptr, open_postgres_module(opening, &warnings), {}, options.sends});
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace ptb
