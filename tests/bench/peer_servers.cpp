// See peer_servers.h.
#include "peer_servers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "program.h"

namespace bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::vector<fs::path> below(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// Debian keeps each version's programs in a directory of its own; the newest counts.
std::string postgres_below(const fs::path& root) {
  std::string newest;
  for (const fs::path& version : below(root / "usr/lib/postgresql")) {
    if (fs::exists(version / "bin/postgres") && fs::exists(version / "bin/initdb")) newest = version / "bin";
  }
  return newest;
}

std::string libraries_below(const fs::path& root) {
  for (const fs::path& directory : below(root / "usr/lib")) {
    if (directory.filename().string().find("-linux-") != std::string::npos) return directory;
  }
  return {};
}

ChildOptions options_of(const ServerPrograms& programs, const fs::path& directory, bool unprivileged) {
  ChildOptions options;
  options.log = directory / "log";
  options.unprivileged = unprivileged;
  if (!programs.library_path.empty()) options.environment["LD_LIBRARY_PATH"] = programs.library_path;
  return options;
}

/// A directory that whoever runs the server may use, and reach.
fs::path directory_for_server(Workspace& workspace, std::string_view name) {
  fs::path directory = workspace.fresh(name);
  const uid_t user = unprivileged_user();
  if (user != static_cast<uid_t>(-1)) {
    fs::permissions(workspace.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    if (chown(directory.c_str(), user, static_cast<gid_t>(-1)) != 0)
      throw std::runtime_error(fmt::format("cannot give {} to the user nobody", directory.string()));
  }
  return directory;
}

/// The server keeps its state in the last line of that file.
bool says_ready(const fs::path& pid_file) {
  std::ifstream file(pid_file);
  std::string last;
  for (std::string line; std::getline(file, line);) last = line;
  return last.starts_with("ready");
}

/// Paths of sockets must be short.
fs::path directory_of_sockets() { return fs::temp_directory_path(); }

}  // namespace

ServerPrograms find_servers(const fs::path& unpacked) {
  ServerPrograms found;
  if (has_program("redis-server")) found.redis = "redis-server";
  found.postgres = postgres_below("/");
  if (found.redis.empty() && fs::exists(unpacked / "usr/bin/redis-server")) {
    found.redis = unpacked / "usr/bin/redis-server";
    found.library_path = libraries_below(unpacked);
  }
  if (found.postgres.empty() && !(found.postgres = postgres_below(unpacked)).empty())
    found.library_path = libraries_below(unpacked);
  return found;
}

RedisServer::RedisServer(const ServerPrograms& programs, Workspace& workspace)
    : sockets_(directory_of_sockets()), socket_(sockets_.path() / "redis") {
  const fs::path directory = workspace.fresh("redis");
  const std::vector<std::string> words = {programs.redis,
                                          "--port",
                                          "0",
                                          "--unixsocket",
                                          socket_,
                                          "--dir",
                                          directory,
                                          "--appendonly",
                                          "yes",
                                          "--appendfsync",
                                          "always",
                                          "--save",
                                          "",
                                          "--maxmemory-policy",
                                          "noeviction"};
  process_ = std::make_unique<ChildProcess>(words, options_of(programs, directory, false));
  process_->wait_for([this] { return fs::exists(socket_); }, seconds(20));
}

PostgresServer::PostgresServer(const ServerPrograms& programs, Workspace& workspace)
    : sockets_(directory_of_sockets()) {
  if (unprivileged_user() != static_cast<uid_t>(-1)) fs::permissions(sockets_.path(), fs::perms::all);
  const fs::path directory = directory_for_server(workspace, "postgres");
  const fs::path cluster = directory / "cluster";
  const fs::path programs_at = programs.postgres;
  ChildProcess({programs_at / "initdb", "--pgdata", cluster, "--username", "bench", "--auth", "trust", "--encoding",
                "UTF8", "--locale", "C"},
               options_of(programs, directory, true))
      .wait_for_end(seconds(60));
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{programs_at / "postgres", "-D", cluster, "-k", connection(), "-c", "listen_addresses="},
      options_of(programs, directory, true));
  process_->wait_for([&] { return says_ready(cluster / "postmaster.pid"); }, seconds(20));
}

std::string PostgresServer::uri() const {
  std::string host;
  for (const char letter : connection()) host += letter == '/' ? "%2F" : std::string(1, letter);
  return fmt::format("postgresql://bench@{}/postgres", host);
}

}  // namespace bench
