// Through a pooler that gives out sessions by the transaction: every transaction may come in another session, and none
// keeps anything for the next.
#include "postgres/server_of_suite.h"
#include "support/transaction_pooler.h"

namespace ptb::test {
namespace {

class DriverPooler : public OnPostgres {
 protected:
  void SetUp() override {
    if (pooler_program().empty()) GTEST_SKIP() << "there is no pgbouncer here (Debian: pgbouncer)";
    pooler_ = std::make_unique<TransactionPooler>(server_of_suite(), 2);
    uri_ = pooler_->uri(database_);
  }
  std::unique_ptr<TransactionPooler> pooler_;
};

TEST_F(DriverPooler, IsNoticedAndWorkedThrough) {
  const auto one = open();
  const auto other = open();
  EXPECT_TRUE(one->is_pooled());
  for (int i = 0; i < 20; ++i) {
    note_until_done(*one, "one", 2);
    note_until_done(*other, "other", 2);
    auto rows = one->query("SELECT count(*) FROM audit");
    ASSERT_TRUE(rows.row());
    EXPECT_EQ(rows.integer(0), (i + 1) * 4);
    note(*one, "alone");
    one->run("DELETE FROM audit WHERE detail = 'alone'");
  }
  EXPECT_EQ(one->node().epoch, 1);
  EXPECT_THROW(note_together(*one, "outdated", 1, 1), Outdated);
}

TEST_F(DriverPooler, LeavesNoSettingsBehind) {
  const auto connection = open();
  note_until_done(*connection, "one", 1);
  try {
    connection->query("INSERT INTO watch (locator) VALUES ('no locator')").run();
    FAIL() << "was stored";
  } catch (const StoreFailure&) {
  }
  note_until_done(*connection, "two", 1);
  PostgresServer& server = server_of_suite();
  EXPECT_EQ(server.ask(database_, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"),
            "0");
  connection->run("CREATE TABLE IF NOT EXISTS public.here (x int)");
  EXPECT_EQ(ask("SELECT count(*) FROM pg_tables WHERE tablename = 'here' AND schemaname = 'public'"), "1");
}

TEST_F(DriverPooler, MoreNodesThanSessionsTakeTurns) {
  std::vector<std::unique_ptr<PostgresConnection>> nodes;
  nodes.reserve(6);
  for (int i = 0; i < 6; ++i) nodes.push_back(open());
  for (int i = 0; i < 3; ++i)
    for (const auto& node : nodes) note_until_done(*node, "turn", 1);
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "18");
}

}  // namespace
}  // namespace ptb::test
