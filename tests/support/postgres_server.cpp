#include "support/postgres_server.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ptb::test {

namespace {

namespace fs = std::filesystem;

bool has_programs(const fs::path& directory) {
  return access((directory / "initdb").c_str(), X_OK) == 0 && access((directory / "postgres").c_str(), X_OK) == 0;
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Client = std::unique_ptr<PGconn, Finish>;

}  // namespace

std::string postgres_programs() {
  std::vector<fs::path> versions;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", missing))
    if (has_programs(entry.path() / "bin")) versions.push_back(entry.path() / "bin");
  if (!versions.empty()) return std::max_element(versions.begin(), versions.end())->string();
  const char* const path = std::getenv("PATH");
  std::istringstream places(path == nullptr ? "" : path);
  for (std::string place; std::getline(places, place, ':');)
    if (has_programs(place)) return place;
  return {};
}

PostgresServer::PostgresServer(PostgresServerOptions options) : options_(std::move(options)) {
  std::string pattern = (fs::temp_directory_path() / "ptb-pg-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = pattern;
  give_away(directory_);
  UnprivilegedProcess initdb;
  initdb.start({postgres_programs() + "/initdb", "-D", directory_ + "/cluster", "-U", "postgres", "-E", "UTF8",
                "--locale=C", "--auth=trust", "--no-sync", "--no-instructions"},
               directory_ + "/initdb.log", SIGKILL);
  if (initdb.wait() != 0) throw std::runtime_error("initdb failed: " + contents(directory_ + "/initdb.log"));
  std::ofstream(directory_ + "/cluster/pg_hba.conf") << "local all careful scram-sha-256\nlocal all all trust\n";
  start();
}

PostgresServer::~PostgresServer() {
  process_.end(SIGQUIT);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string PostgresServer::uri(const std::string& database, const std::string& socket_directory) const {
  return "postgresql://postgres@/" + database + "?host=" + (socket_directory.empty() ? directory_ : socket_directory);
}

void PostgresServer::start() {
  std::vector<std::string> command = {postgres_programs() + "/postgres", "-D", directory_ + "/cluster", "-k",
                                      directory_};
  std::vector<std::string> settings = {"listen_addresses=",      "port=5432",           "max_connections=60",
                                       "shared_buffers=32MB",    "log_statement=none",  "log_min_messages=fatal",
                                       "autovacuum_naptime=10s", "log_checkpoints=off", "lc_messages=C"};
  if (!options_.durable) settings.insert(settings.end(), {"fsync=off", "full_page_writes=off"});
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) command.insert(command.end(), {"-c", setting});
  const std::string log = directory_ + "/server.log";
  process_.start(command, log, SIGQUIT);
  for (int i = 0; i < 3'000 && process_.is_running(); ++i) {
    if (PQping(uri("postgres").c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the PostgreSQL server did not start: " + contents(log));
}

void PostgresServer::stop() { process_.end(SIGINT); }
void PostgresServer::kill() { process_.end(SIGQUIT); }

std::string PostgresServer::ask(const std::string& database, const std::string& sql) const {
  const Client client(PQconnectdb(uri(database).c_str()));
  if (PQstatus(client.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(client.get()));
  PGresult* const result = PQexec(client.get(), sql.c_str());
  const bool failed = PQresultStatus(result) == PGRES_FATAL_ERROR || PQresultStatus(result) == PGRES_BAD_RESPONSE;
  std::string answer = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  if (failed) throw std::runtime_error(PQerrorMessage(client.get()));
  return answer;
}

std::string PostgresServer::new_database() {
  std::string name = "bridge" + std::to_string(++databases_);
  ask("postgres", "CREATE DATABASE " + name + " TEMPLATE template0");
  return name;
}

}  // namespace ptb::test
