#include "postgres/server_of_suite.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace ptb::test {

namespace {

std::unique_ptr<PostgresServer> the_server;

class WithServer : public testing::Environment {
 public:
  void SetUp() override {
    if (postgres_programs().empty()) {
      std::puts("skipped: there is no PostgreSQL server here (Debian: postgresql)");
      std::exit(77);
    }
    the_server = std::make_unique<PostgresServer>();
  }
  void TearDown() override { the_server.reset(); }
};

const testing::Environment* const kServer = testing::AddGlobalTestEnvironment(new WithServer);

}  // namespace

PostgresServer& server_of_suite() { return *the_server; }

PostgresOptions OnPostgres::options() const {
  PostgresOptions options;
  options.uri = uri_;
  return options;
}

Error OnPostgres::open_error(const PostgresOptions& options) {
  try {
    PostgresConnection::open(options);
  } catch (const StoreFailure& failure) {
    return failure.error;
  }
  return {Status::internal, ""};
}

BehindProxy::BehindProxy() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ptb-cut-XXXXXX").string();
  directory_ = mkdtemp(pattern.data());
  proxy_ = std::make_unique<CuttingProxy>(directory_, server_of_suite().socket());
  uri_ = server_of_suite().uri(database_, directory_);
}

BehindProxy::~BehindProxy() {
  proxy_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void note(Connection& connection, const std::string& detail) {
  connection.query("INSERT INTO audit (at, who, what, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)")
      .bind(1, std::string("somebody"), std::string("noted"), std::string("acme/quiz"), detail)
      .run();
}

void note_together(Connection& connection, const std::string& detail, int count, std::int64_t version) {
  const FamilyLock lock{"acme/quiz", version};
  Transaction transaction(connection, {&lock, 1});
  for (int i = 0; i < count; ++i) note(connection, detail);
  transaction.commit();
}

int note_until_done(Connection& connection, const std::string& detail, int count) {
  for (int outdated = 0; outdated < 10; ++outdated) {
    try {
      note_together(connection, detail, count);
      return outdated;
    } catch (const Outdated&) {
    }
  }
  ADD_FAILURE() << "outdated again and again";
  return 10;
}

}  // namespace ptb::test
