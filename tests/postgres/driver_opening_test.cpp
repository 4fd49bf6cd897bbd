// How a database becomes a store, and what is said where it cannot.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "postgres/server_of_suite.h"
#include "store/postgres/postgres_session.h"

namespace ptb::test {
namespace {

class DriverOpening : public OnPostgres {};

TEST_F(DriverOpening, AnEmptyDatabaseIsMadeAStoreOnce) {
  std::vector<std::thread> openers;
  openers.reserve(8);
  for (int i = 0; i < 8; ++i) openers.emplace_back([&] { EXPECT_EQ(open_error(options()).text, ""); });
  for (auto& opener : openers) opener.join();
  EXPECT_EQ(ask("SELECT count(*) || ' ' || min(length(bridge)) || ' ' || min(schema_version) FROM ptbridge.meta"),
            "1 16 " + std::to_string(newest_postgres_schema()));
  const std::string bridge = ask("SELECT bridge FROM ptbridge.meta");
  open();
  EXPECT_EQ(ask("SELECT bridge FROM ptbridge.meta"), bridge);
  EXPECT_EQ(ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}

TEST_F(DriverOpening, WhoOnlyCapturesMakesNothing) {
  PostgresOptions capturing = options();
  capturing.may_migrate = false;
  const Error error = open_error(capturing);
  EXPECT_EQ(error.status, Status::store);
  EXPECT_NE(error.text.find("not capture-only"), std::string::npos) << error.text;
  EXPECT_EQ(ask("SELECT to_regnamespace('ptbridge') IS NULL"), "t");
  open();
  PostgresConnection::open(capturing)->renew();
}

TEST_F(DriverOpening, ANewerSchemaIsRefusedAndLeftUntouched) {
  open();
  ask("UPDATE ptbridge.meta SET schema_version = 1000; ALTER TABLE ptbridge.audit RENAME TO remarks");
  for (const bool may_migrate : {true, false}) {
    PostgresOptions any = options();
    any.may_migrate = may_migrate;
    const Error error = open_error(any);
    EXPECT_EQ(error.status, Status::newer) << error.text;
    EXPECT_NE(error.text.find("schema 1000"), std::string::npos) << error.text;
  }
  EXPECT_EQ(ask("SELECT schema_version FROM ptbridge.meta"), "1000");
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.node"), "0");
}

TEST_F(DriverOpening, AFailedCreationLeavesNothing) {
  ask("CREATE SCHEMA ptbridge; CREATE TABLE ptbridge.audit (x int)");
  const Error error = open_error(options());
  EXPECT_EQ(error.status, Status::internal);
  EXPECT_NE(error.text.find("audit"), std::string::npos) << error.text;
  EXPECT_EQ(ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'ptbridge'"), "1");
}

TEST_F(DriverOpening, WhatIsWrongIsSaidInOneLine) {
  struct Case {
    std::string uri;
    std::string words;
  };
  const std::string directory = server_of_suite().directory();
  ask("DO $$ BEGIN CREATE ROLE careful LOGIN PASSWORD 'opensesame'; EXCEPTION WHEN duplicate_object THEN END $$");
  for (const auto& [uri, words] :
       {Case{"postgresql://postgres@/nowhere?host=" + directory, "there is no such database"},
        Case{"postgresql://careful:wr0ng-word@/" + database_ + "?host=" + directory, "check the user, the password"},
        Case{"postgresql://careful@/" + database_ + "?host=" + directory, "check the user, the password"},
        Case{"postgresql://nobody-here@/" + database_ + "?host=" + directory, "check the user, the password"},
        Case{"postgresql://postgres:wr0ng-word@127.0.0.1:1/bridge", "cannot be reached"},
        Case{"postgresql://postgres:wr0ng-word@/bridge?host=/nowhere", "cannot be reached"},
        Case{"postgresql://postgres@/bridge?nonsense=1", "cannot be read"},
        Case{"postgresql://postgres@127.0.0.1:port/bridge", "port"}}) {
    PostgresOptions wrong = options();
    wrong.uri = uri;
    const Error error = open_error(wrong);
    EXPECT_NE(error.text.find(words), std::string::npos) << uri << "\n" << error.text;
    EXPECT_EQ(error.text.find("wr0ng-word"), std::string::npos) << error.text;
    EXPECT_EQ(error.text.find('\n'), std::string::npos) << error.text;
  }
  PostgresOptions right = options();
  right.uri = "postgresql://careful:opensesame@/" + database_ + "?host=" + directory;
  EXPECT_NE(open_error(right).text.find("permission denied"), std::string::npos);
}

TEST_F(DriverOpening, AServerThatIsSilentDoesNotKeepUsFromTheNext) {
  // It takes connections and never says a word.
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 8), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  PostgresOptions several = options();
  several.connect_timeout_ms = 600;
  several.uri = "postgresql://postgres@/" + database_ + "?host=127.0.0.1," + server_of_suite().directory() +
                "&port=" + std::to_string(ntohs(address.sin_port)) + ",5432";
  EXPECT_EQ(open_error(several).text, "");
  several.uri = "postgresql://postgres@/" + database_ +
                "?host=127.0.0.1,127.0.0.1&port=" + std::to_string(ntohs(address.sin_port));
  EXPECT_NE(open_error(several).text.find("no answer within 300 ms"), std::string::npos) << open_error(several).text;
  ::close(silent);
}

TEST_F(DriverOpening, ARoleThatOwnsNothingCanBeGrantedAllThatIsNeeded) {
  open();
  ask("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN END $$");
  ask("GRANT USAGE ON SCHEMA ptbridge TO guest; "
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ptbridge TO guest; "
      "GRANT USAGE ON ALL SEQUENCES IN SCHEMA ptbridge TO guest");
  PostgresOptions guest = options();
  guest.uri = "postgresql://guest@/" + database_ + "?host=" + server_of_suite().directory();
  const auto connection = PostgresConnection::open(guest);
  note_together(*connection, "by a guest", 1);
  connection->scrub();
  EXPECT_EQ(ask("SELECT detail FROM ptbridge.audit"), "by a guest");
}

TEST_F(DriverOpening, ServersThatCannotKeepPromisesAreRefusedOrNamed) {
  EXPECT_EQ(open()->warnings().size(), 2U);  // the suite's own server runs without fsync
  ask("CREATE DATABASE " + database_ + "latin ENCODING 'LATIN1' TEMPLATE template0");
  PostgresOptions latin = options();
  latin.uri = server_of_suite().uri(database_ + "latin");
  EXPECT_NE(open_error(latin).text.find("use one in UTF8"), std::string::npos);
  ask("ALTER DATABASE " + database_ + " SET synchronous_commit = off");
  const auto connection = open();
  auto row = connection->query("SELECT current_setting('synchronous_commit')");
  ASSERT_TRUE(row.row());
  EXPECT_EQ(row.text(0), "on");
}

}  // namespace
}  // namespace ptb::test
