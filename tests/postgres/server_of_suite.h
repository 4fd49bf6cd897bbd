// One PostgreSQL server for all tests of a suite, a database for each; and what the tests do in it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/postgres/postgres_connection.h"
#include "support/cutting_proxy.h"
#include "support/postgres_server.h"

namespace ptb::test {

PostgresServer& server_of_suite();

class OnPostgres : public testing::Test {
 protected:
  OnPostgres() : database_(server_of_suite().new_database()), uri_(server_of_suite().uri(database_)) {}

  [[nodiscard]] PostgresOptions options() const;
  std::unique_ptr<PostgresConnection> open() const { return PostgresConnection::open(options()); }
  /// Of the first row, in text.
  std::string ask(const std::string& sql) const { return server_of_suite().ask(database_, sql); }
  /// What opening says where it fails, and nothing where it does not.
  static Error open_error(const PostgresOptions& options);

  std::string database_;
  std::string uri_;
};

/// The same with a proxy between.
class BehindProxy : public OnPostgres {
 public:
  ~BehindProxy() override;

 protected:
  BehindProxy();

  std::string directory_;
  std::unique_ptr<CuttingProxy> proxy_;
};

/// Notes a line about a person or a thing: an ordinary row of the schema.
void note(Connection& connection, const std::string& detail);
/// One transaction on one family with so many notes; like a capture.
void note_together(Connection& connection, const std::string& detail, int count,
                   std::int64_t version = FamilyLock::kAnyVersion);
/// The same, again and again as long as it is outdated; how often it was.
int note_until_done(Connection& connection, const std::string& detail, int count);

}  // namespace ptb::test
