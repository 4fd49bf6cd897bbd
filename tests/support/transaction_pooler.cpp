#include "support/transaction_pooler.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ptb::test {

namespace fs = std::filesystem;

std::string pooler_program() {
  const char* const path = std::getenv("PATH");
  std::istringstream places(std::string(path == nullptr ? "" : path) + ":/usr/sbin");
  for (std::string place; std::getline(places, place, ':');)
    if (access((place + "/pgbouncer").c_str(), X_OK) == 0) return place + "/pgbouncer";
  return {};
}

TransactionPooler::TransactionPooler(const PostgresServer& server, int sessions) {
  std::string pattern = (fs::temp_directory_path() / "ptb-pool-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = pattern;
  std::ofstream(directory_ + "/users") << "\"postgres\" \"\"\n";
  std::ofstream(directory_ + "/pgbouncer.ini")
      << "[databases]\n* = host=" << server.directory()
      << " port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\n"
      << "unix_socket_dir = " << directory_ << "\nauth_type = trust\nauth_file = " << directory_ << "/users\n"
      << "pool_mode = transaction\ndefault_pool_size = " << sessions << "\n";
  give_away(directory_);
  give_away(directory_ + "/users");
  give_away(directory_ + "/pgbouncer.ini");
  process_.start({pooler_program(), directory_ + "/pgbouncer.ini"}, directory_ + "/log", SIGKILL);
  for (int i = 0; i < 1'000 && process_.is_running(); ++i) {
    if (PQping(uri("postgres").c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::ostringstream log;
  log << std::ifstream(directory_ + "/log").rdbuf();
  throw std::runtime_error("pgbouncer did not start: " + log.str());
}

TransactionPooler::~TransactionPooler() {
  process_.end(SIGKILL);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string TransactionPooler::uri(const std::string& database) const {
  return "postgresql://postgres@/" + database + "?host=" + directory_;
}

}  // namespace ptb::test
