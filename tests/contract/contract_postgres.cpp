// The contract suite on a real PostgreSQL server, which the suite starts.
#include "postgres/server_of_suite.h"
#include "store/sql_store.h"
#include "tests/contract/store_contract.h"

namespace ptb::test {

namespace {

/// A database of its own on the server of the suite.
class PostgresStorePlace final : public StorePlace {
 public:
  Result<std::unique_ptr<Store>> open() override {
    PostgresOptions options;
    options.uri = server_of_suite().uri(database_);
    try {
      return std::unique_ptr<Store>(
          std::make_unique<SqlStore>(SqlStoreParts{"test", nullptr, PostgresConnection::open(options)}));
    } catch (const StoreFailure& failure) {
      return fail(failure.error);
    }
  }
  [[nodiscard]] bool is_file() const override { return false; }
  std::uintmax_t bytes() override { return 0; }
  std::int64_t count_snapshots() override {
    return std::stoll(server_of_suite().ask(database_, "SELECT count(*) FROM ptbridge.event WHERE settings <> ''"));
  }
  bool holds(const std::string& text) override {
    for (const char* const table : {"event", "walk", "failure", "known", "tool", "lane", "audit"})
      if (server_of_suite().ask(database_, "SELECT count(*) FROM ptbridge." + std::string(table) +
                                               " AS t WHERE t::text LIKE '%" + text + "%'") != "0")
        return true;
    return false;
  }

 private:
  std::string database_ = server_of_suite().new_database();
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(StoreKind{"postgres", [] { return std::make_unique<PostgresStorePlace>(); }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace ptb::test
