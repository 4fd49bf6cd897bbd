// Transactions of several nodes on one database: what is sent when, who waits for whom, who is told that he is
// outdated.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "postgres/server_of_suite.h"
#include "store/postgres/boot_clock.h"

namespace ptb::test {
namespace {

class DriverTransactions : public OnPostgres {};
class DriverRoundTrips : public BehindProxy {};

TEST_F(DriverRoundTrips, AnOrdinaryTransactionIsOneRoundTrip) {
  const auto connection = open();
  for (const int count : {1, 10, 1'000}) {
    proxy_->round_trips();
    note_together(*connection, "together", count);
    // Of a large one the pieces follow each other without waiting.
    EXPECT_LE(proxy_->round_trips(), 1 + count / 25) << count;
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "1011");
}

TEST_F(DriverRoundTrips, AnswersAreWaitedForOnlyWhereTheyAreNeeded) {
  const auto connection = open();
  proxy_->round_trips();
  const FamilyLock lock{"acme/quiz", FamilyLock::kAnyVersion};
  Transaction transaction(*connection, {&lock, 1});
  note(*connection, "a");
  auto rows = connection->query("SELECT detail FROM audit");
  ASSERT_TRUE(rows.row());
  EXPECT_EQ(rows.text(0), "a");
  note(*connection, "b");
  EXPECT_EQ(proxy_->round_trips(), 1);
  EXPECT_EQ(connection->locked_versions(), std::vector<std::int64_t>{0});
  EXPECT_EQ(proxy_->round_trips(), 1);
  transaction.commit();
  EXPECT_EQ(proxy_->round_trips(), 1);
}

TEST_F(DriverTransactions, VersionsRiseByOneForEachCommit) {
  const auto connection = open();
  const std::array<FamilyLock, 2> locks = {FamilyLock{"a/a", FamilyLock::kAnyVersion}, FamilyLock{"b/b", 0}};
  {
    Transaction transaction(*connection, locks);
    EXPECT_EQ(connection->locked_versions(), (std::vector<std::int64_t>{0, 0}));
    transaction.commit();
  }
  {
    Transaction undone(*connection, std::span(locks).first(1));
    EXPECT_EQ(connection->locked_versions(), std::vector<std::int64_t>{1});
  }
  Transaction transaction(*connection, std::span(locks).first(1));
  EXPECT_EQ(connection->locked_versions(), std::vector<std::int64_t>{1});
}

TEST_F(DriverTransactions, WhoIsBuiltOnAnOlderVersionIsOutdated) {
  const auto one = open();
  const auto other = open();
  note_together(*one, "one", 1, 0);
  note_together(*one, "one", 1, 1);
  EXPECT_THROW(note_together(*other, "other", 1, 1), Outdated);
  note_together(*other, "other", 1, 2);
  const FamilyLock lock{"acme/quiz", 2};
  {
    Transaction transaction(*one, {&lock, 1});
    note(*one, "late");
    EXPECT_THROW(one->confirm(), Outdated);
    EXPECT_THROW(note(*one, "later"), Outdated);
    EXPECT_THROW(transaction.commit(), Outdated);
  }
  note_together(*one, "one", 1, 3);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',' ORDER BY number) FROM ptbridge.audit"), "one,one,other,one");
}

TEST_F(DriverTransactions, WhatIsNotCommittedIsUndone) {
  const auto connection = open();
  {
    const FamilyLock lock{"acme/quiz", 0};
    Transaction transaction(*connection, {&lock, 1});
    note(*connection, "undone");
  }
  {
    const FamilyLock lock{"acme/quiz", 0};
    Transaction transaction(*connection, {&lock, 1});
    note(*connection, "undone");
    connection->confirm();
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.audit"), "0");
  note_together(*connection, "done", 1, 0);
}

TEST_F(DriverTransactions, AFailedStatementEndsTheTransactionAndSaysWhy) {
  const auto connection = open();
  try {
    Transaction transaction(*connection);
    connection->query("INSERT INTO watch (locator) VALUES ('no locator')").run();
    note(*connection, "never");
    transaction.commit();
    FAIL() << "was committed";
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(failure.error.status, Status::internal);
    EXPECT_NE(failure.error.text.find("watch_locator_check"), std::string::npos) << failure.error.text;
  }
  note_together(*connection, "done", 1);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',') FROM ptbridge.audit"), "done");
}

TEST_F(DriverTransactions, ANodeIsThereFromItsFirstTransactionToItsEnd) {
  {
    const auto one = open();
    const auto other = open();
    EXPECT_NE(one->node().number, 0);
    EXPECT_NE(one->node().number, other->node().number);
    EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node"), "0");
    const std::int64_t before = boot_clock_ms();
    note_together(*one, "one", 1);
    EXPECT_GE(one->held_until_ms(), before + 15'000);
    EXPECT_LE(one->held_until_ms(), boot_clock_ms() + 15'000);
    other->renew();
    EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node WHERE until > now() AND epoch = 1 AND last_commit = 1"), "2");
  }
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node"), "0");
}

TEST_F(DriverTransactions, NodesThatEndedWithoutAWordGoWhenTheyAreOld) {
  const auto connection = open();
  ask("INSERT INTO ptbridge.node (number, epoch, until, last_commit, name) VALUES (101, 1, now() - interval '2 days', "
      "1, "
      "'old'), (102, 1, now() - interval '1 hour', 1, 'younger')");
  connection->renew();
  EXPECT_EQ(ask("SELECT string_agg(name, ',') FROM ptbridge.node WHERE number > 100"), "younger");
}

TEST_F(DriverTransactions, WhoWasShutOutJoinsAnew) {
  const auto connection = open();
  note_together(*connection, "before", 1);
  ask("UPDATE ptbridge.node SET epoch = epoch + 5");
  EXPECT_THROW(note_together(*connection, "shut out", 1), Outdated);
  note_together(*connection, "after", 1);
  EXPECT_EQ(connection->node().epoch, 7);
  ask("DELETE FROM ptbridge.node");
  const std::int64_t number = connection->node().number;
  EXPECT_THROW(connection->renew(), Outdated);
  EXPECT_EQ(connection->held_until_ms(), 0);
  connection->renew();
  EXPECT_GT(connection->node().number, number);
  EXPECT_GT(connection->held_until_ms(), 0);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',') FROM ptbridge.audit"), "before,after");
}

// The server counts the time of a client that says nothing only where it has answered all that he has said.
TEST_F(DriverTransactions, ANodeThatFallsAsleepInALargeTransactionIsNoticed) {
  const auto connection = open();
  const FamilyLock lock{"acme/quiz", 0};
  Transaction transaction(*connection, {&lock, 1});
  for (int i = 0; i < 1'000; ++i) note(*connection, "a large transaction");
  std::string state;
  for (int i = 0; i < 500 && state != "idle in transaction"; ++i)
    state =
        ask("SELECT state FROM pg_stat_activity WHERE application_name = 'ptbridge node 1' AND datname = "
            "current_database()");
  EXPECT_EQ(state, "idle in transaction");
  auto row = connection->query("SELECT current_setting('idle_in_transaction_session_timeout')");
  ASSERT_TRUE(row.row());
  EXPECT_EQ(row.text(0), "10s");
}

TEST_F(DriverTransactions, ASecondRowOfOneKeyIsOutdatedToo) {
  const auto one = open();
  const auto enter = [](Connection& connection) {
    Transaction transaction(connection);
    const std::array<unsigned char, 16> id = {1};
    connection.query("INSERT INTO event_key (event_id, place) VALUES (?1, 1)")
        .bind(std::span<const unsigned char>(id))
        .run();
    transaction.commit();
  };
  enter(*one);
  EXPECT_THROW(enter(*one), Outdated);
}

TEST_F(DriverTransactions, OthersAreHeardAndOneselfIsNot) {
  PostgresOptions listening = options();
  listening.listen = true;
  const auto one = PostgresConnection::open(listening);
  const auto other = open();
  ASSERT_GE(one->listening_socket(), 0);
  EXPECT_TRUE(one->heard().empty());
  one->query("SELECT pg_notify('ptbridge', 'mine')").run();
  other->query("SELECT pg_notify('ptbridge', ?1)").bind(std::string("lane 7")).run();
  std::vector<std::string> heard;
  for (int i = 0; i < 100 && heard.empty(); ++i) {
    pollfd watched{one->listening_socket(), POLLIN, 0};
    poll(&watched, 1, 100);
    heard = one->heard();
  }
  EXPECT_EQ(heard, std::vector<std::string>{"lane 7"});
  EXPECT_EQ(other->listening_socket(), -1);
}

TEST_F(DriverTransactions, AForkedChildIsRefusedAndDoesNoHarm) {
  auto connection = open();
  note_together(*connection, "parent", 1);
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      note_together(*connection, "child", 1);
    } catch (const StoreFailure& failure) {
      status = failure.error.status == Status::state ? 0 : 2;
    }
    connection.reset();
    _exit(status);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  note_together(*connection, "parent", 1);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',') FROM ptbridge.audit"), "parent,parent");
}

TEST_F(DriverTransactions, ScrubbingAndStatementsByThemselvesAreDoneAtOnce) {
  const auto connection = open();
  note(*connection, "alone");
  EXPECT_EQ(ask("SELECT detail FROM ptbridge.audit"), "alone");
  EXPECT_EQ(connection->changes(), 1);
  connection->run("DELETE FROM audit; INSERT INTO watch VALUES ('a/b')");
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.watch"), "1");
  connection->scrub();
}

}  // namespace
}  // namespace ptb::test
