// A real PostgreSQL server for a suite: in a directory of its own, reachable through a socket there, gone with the
// test.
#pragma once

#include <string>
#include <vector>

#include "support/unprivileged_process.h"

namespace ptb::test {

/// Where initdb and postgres are; "" where they are not installed.
std::string postgres_programs();

struct PostgresServerOptions {
  bool durable = false;               ///< with fsync: for what is killed, or measured
  std::vector<std::string> settings;  ///< NAME=VALUE
};

class PostgresServer {
 public:
  /// Makes the cluster and starts it. Throws std::runtime_error with the server's log.
  explicit PostgresServer(PostgresServerOptions options = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// A database that nobody has used yet; its name.
  std::string new_database();
  /// postgresql://postgres@/DATABASE?host=…; `socket_directory`: another one, such as a proxy's.
  [[nodiscard]] std::string uri(const std::string& database, const std::string& socket_directory = {}) const;
  /// Path of the socket.
  [[nodiscard]] std::string socket() const { return directory_ + "/.s.PGSQL.5432"; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

  void start();
  /// In an orderly way, without waiting for those who are connected.
  void stop();
  /// As a crash of the machine, but for what the kernel has not written yet.
  void kill();
  /// The first column of the first row, in text. Throws std::runtime_error.
  std::string ask(const std::string& database, const std::string& sql) const;

 private:
  PostgresServerOptions options_;
  std::string directory_;
  UnprivilegedProcess process_;
  int databases_ = 0;
};

}  // namespace ptb::test
