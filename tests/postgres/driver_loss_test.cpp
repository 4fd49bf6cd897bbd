// Connections that end at any point, servers that end, nodes that come too late: nothing that was reported as stored is
// lost, and nothing is stored twice.
#include <unistd.h>

#include "postgres/server_of_suite.h"

namespace ptb::test {
namespace {

class DriverLoss : public BehindProxy {};

constexpr int kNotes = 3;

/// A transaction like a capture, with a cut asked for; done again as a store does it. The number of notes that are
/// there afterwards.
std::string after_cut(PostgresConnection& connection, const std::string& detail, const std::string& database) {
  note_until_done(connection, detail, kNotes);
  return server_of_suite().ask(database, "SELECT count(*) FROM ptbridge.audit WHERE detail = '" + detail + "'");
}

TEST_F(DriverLoss, WhereverItIsCutATransactionHappensOnce) {
  const auto connection = open();
  note_until_done(*connection, "first", kNotes);
  int cuts = 0;
  for (const bool after : {false, true}) {
    for (int n = 1; n < 100; ++n) {
      const std::string detail = (after ? "after " : "before ") + std::to_string(n);
      if (after)
        proxy_->cut_after(n);
      else
        proxy_->cut_before(n);
      EXPECT_EQ(after_cut(*connection, detail, database_), "3") << detail;
      if (proxy_->is_armed()) break;  // it was over before the cut
      ++cuts;
    }
  }
  EXPECT_GE(cuts, 30);
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node"), "1");
}

TEST_F(DriverLoss, TheFirstTransactionOfANodeToo) {
  for (const bool after : {false, true}) {
    for (int n = 1; n < 100; ++n) {
      const auto connection = open();
      const std::string detail = (after ? "after " : "before ") + std::to_string(n);
      if (after)
        proxy_->cut_after(n);
      else
        proxy_->cut_before(n);
      EXPECT_EQ(after_cut(*connection, detail, database_), "3") << detail;
      const bool over = proxy_->is_armed();
      proxy_->cut_before(0);  // not while it leaves
      if (over) break;
    }
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node"), "0");
}

TEST_F(DriverLoss, ACommitWhoseAnswerWasLostIsNotDoneAgain) {
  const auto connection = open();
  note_until_done(*connection, "first", 1);
  const std::int64_t epoch = connection->node().epoch;
  proxy_->messages();
  note_until_done(*connection, "counted", 1);
  proxy_->cut_after(proxy_->messages());
  EXPECT_EQ(note_until_done(*connection, "answer lost", 1), 0);
  EXPECT_FALSE(proxy_->is_armed());
  EXPECT_GT(connection->node().epoch, epoch);
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit WHERE detail = 'answer lost'"), "1");
}

// The server does not notice that its client has gone, and gets the rest of what he has sent when he has long joined
// anew.
TEST_F(DriverLoss, WhatArrivesAfterItsNodeHasJoinedAnewIsRefused) {
  const auto connection = open();
  note_until_done(*connection, "first", 1);
  for (int n = 1; n < 100; ++n) {
    const std::string detail = "held " + std::to_string(n);
    proxy_->hold_from(n);
    const int outdated = note_until_done(*connection, detail, 1);
    if (proxy_->is_armed()) break;
    EXPECT_LE(outdated, 1) << detail;
    proxy_->release();
    ask("SELECT pg_sleep(0.05)");
    EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit WHERE detail = '" + detail + "'"), "1") << detail;
    proxy_->cut_all();
    note_until_done(*connection, "between", 1);
  }
  EXPECT_GE(connection->node().epoch, 20);
}

TEST_F(DriverLoss, IdleConnectionsComeBackByThemselves) {
  const auto connection = open();
  note_until_done(*connection, "first", 1);
  proxy_->cut_all();
  auto rows = connection->query("SELECT count(*) FROM audit");
  ASSERT_TRUE(rows.row());
  EXPECT_EQ(rows.integer(0), 1);
  proxy_->cut_all();
  note_until_done(*connection, "second", 1);
  proxy_->cut_all();
  EXPECT_THROW(
      {
        Transaction transaction(*connection);
        note(*connection, "third");
        connection->confirm();
      },
      Outdated);
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "2");
}

TEST_F(DriverLoss, WhileNobodyIsThereItFailsAtOnceAndThenComesBack) {
  PostgresOptions hasty = options();
  hasty.look_up_ms = 500;
  const auto connection = PostgresConnection::open(hasty);
  note_until_done(*connection, "first", 1);
  proxy_->refuse(true);
  proxy_->cut_all();
  Error said;
  for (int i = 0; i < 50; ++i) {
    try {
      note_until_done(*connection, "never", 1);
      ADD_FAILURE() << "nobody was there";
    } catch (const StoreFailure& failure) {
      said = failure.error;
    }
  }
  EXPECT_EQ(said.status, Status::store);
  EXPECT_NE(said.text.find("cannot be reached"), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("/" + database_), std::string::npos) << said.text;
  proxy_->refuse(false);
  bool done = false;
  for (int i = 0; i < 400 && !done; ++i) {
    try {
      note_until_done(*connection, "second", 1);
      done = true;
    } catch (const StoreFailure&) {
      usleep(10'000);
    }
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "2");
}

TEST_F(DriverLoss, AServerThatIsKilledAndStartedAgainIsFoundAgain) {
  PostgresServer& server = server_of_suite();
  const auto connection = PostgresConnection::open(options());
  note_until_done(*connection, "before", 1);
  server.kill();
  server.start();
  note_until_done(*connection, "after", 1);
  server.stop();
  server.start();
  auto rows = connection->query("SELECT string_agg(detail, ',' ORDER BY number) FROM audit");
  ASSERT_TRUE(rows.row());
  EXPECT_EQ(rows.text(0), "before,after");
}

TEST_F(DriverLoss, ABackendThatIsTerminatedInATransactionOutdatesIt) {
  const auto connection = open();
  note_until_done(*connection, "first", 1);
  EXPECT_THROW(
      {
        Transaction transaction(*connection);
        note(*connection, "undone");
        connection->confirm();
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
            "pg_backend_pid() AND backend_type = 'client backend'");
        note(*connection, "undone");
        transaction.commit();
      },
      Outdated);
  note_until_done(*connection, "second", 1);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',' ORDER BY number) FROM ptbridge.audit"), "first,second");
}

}  // namespace
}  // namespace ptb::test
