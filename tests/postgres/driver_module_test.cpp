// The driver as the plugin has it: a module that is loaded where a store is PostgreSQL.
#include "postgres/server_of_suite.h"
#include "store/postgres/postgres_module.h"

namespace ptb::test {
namespace {

class DriverModule : public OnPostgres {};

TEST_F(DriverModule, IsLoadedAndWhatItThrowsIsCaught) {
  std::vector<std::string> warnings;
  const auto connection = open_postgres_module(options(), &warnings, PTB_MODULE_DIRECTORY);
  EXPECT_EQ(warnings.size(), 2U);
  note_together(*connection, "one", 2, 0);
  EXPECT_THROW(note_together(*connection, "one", 2, 0), Outdated);
  EXPECT_THROW(connection->query("nonsense").run(), StoreFailure);
  PostgresOptions nowhere = options();
  nowhere.uri = "postgresql://nobody@127.0.0.1:1/x";
  EXPECT_THROW(open_postgres_module(nowhere, nullptr, PTB_MODULE_DIRECTORY), StoreFailure);
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "2");
}

TEST_F(DriverModule, WhereItIsMissingThatIsSaid) {
  try {
    open_postgres_module(options(), nullptr, "/nowhere");
    FAIL() << "was opened";
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(failure.error.status, Status::store);
    EXPECT_EQ(
        failure.error.text,
        "the PostgreSQL module ptbridge-postgres.so is not installed beside the plugin: "
        "/nowhere/ptbridge-postgres.so: cannot open shared object file: No such file or directory; install it, and "
        "libpq, or use a store sqlite:PATH");
  }
}

}  // namespace
}  // namespace ptb::test
