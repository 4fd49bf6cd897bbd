// pgbouncer before a PostgreSQL server, giving out sessions by the transaction.
#pragma once

#include <string>

#include "support/postgres_server.h"
#include "support/unprivileged_process.h"

namespace ptb::test {

/// "" where it is not installed.
std::string pooler_program();

class TransactionPooler {
 public:
  /// `sessions`: how many it has at the server for each database.
  TransactionPooler(const PostgresServer& server, int sessions);
  ~TransactionPooler();
  TransactionPooler(const TransactionPooler&) = delete;
  TransactionPooler& operator=(const TransactionPooler&) = delete;

  [[nodiscard]] std::string uri(const std::string& database) const;

 private:
  std::string directory_;
  UnprivilegedProcess process_;
};

}  // namespace ptb::test
