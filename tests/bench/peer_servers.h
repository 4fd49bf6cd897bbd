// The servers that the other queues keep their events in, each on a socket of its own in a fresh directory, with
// nothing of theirs weakened: what they have said is stored is on stable storage. Know nothing of queues.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "child_process.h"
#include "workspace.h"

namespace bench {

/// Where the programs are: on PATH, and in a directory into which packages were unpacked, if there is one.
struct ServerPrograms {
  std::string redis;         ///< redis-server; empty: not found
  std::string postgres;      ///< the directory of initdb and postgres; empty: not found
  std::string library_path;  ///< empty: the system's own
};
ServerPrograms find_servers(const std::filesystem::path& unpacked);

class RedisServer {
 public:
  RedisServer(const ServerPrograms& programs, Workspace& workspace);
  /// Path of its socket.
  [[nodiscard]] std::string connection() const { return socket_; }

 private:
  Workspace sockets_;
  std::string socket_;
  std::unique_ptr<ChildProcess> process_;
};

class PostgresServer {
 public:
  PostgresServer(const ServerPrograms& programs, Workspace& workspace);
  /// Directory of its socket; the user is "bench", who needs no password, the database "postgres".
  [[nodiscard]] std::string connection() const { return sockets_.path().string(); }
  /// The same as a URI.
  [[nodiscard]] std::string uri() const;

 private:
  Workspace sockets_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace bench
