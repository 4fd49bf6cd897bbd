#include "store/migrations.h"

#include <fmt/format.h>

#include "core/fault_point.h"
#include "store/connection.h"

namespace ptb {

int newest_schema() { return migrations().back().number; }

void migrate(Connection& connection, int version) {
  for (const auto& migration : migrations()) {
    if (migration.number <= version) continue;
    fault_point("store.migrate.begin");
    Transaction transaction(connection);
    connection.run(migration.sql);
    connection.run(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
    connection.run(fmt::format("PRAGMA user_version = {}", migration.number).c_str());
    fault_point("store.migrate.before_commit");
    transaction.commit();
    fault_point("store.migrate.after_commit");
  }
}

}  // namespace ptb
