#include "store/postgres/postgres_session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "store/connection.h"
#include "store/postgres/postgres_migrations.h"

namespace ptb {

namespace {

constexpr int kOldestServer = 140'000;
constexpr const char* kApplication = "ptbridge node ";

// Whoever only captures opens for each request, so what opening asks is asked together. The second statement fails
// where there is no schema yet, after the first one has said so.
constexpr const char* kFacts =
    "SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('server_encoding'), current_setting('fsync'), "
    "current_setting('full_page_writes'), to_regclass('ptbridge.meta') IS NOT NULL; "
    "SELECT schema_version FROM ptbridge.meta";
constexpr const char* kVersion = "SELECT schema_version FROM ptbridge.meta";
constexpr const char* kNumber = "SELECT nextval(pg_get_serial_sequence('ptbridge.node', 'number'))";
// One at a time, wherever they come from; the number is the plugin's mark in files, "PTBr".
constexpr const char* kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(1347699314)";

[[noreturn]] void raise(const PostgresPlace& place, Status status, const std::string& text) {
  throw StoreFailure{{status, fmt::format("store {}: {}", place.shown, text)}};
}

std::string_view cell(const ResultHandle& result, int column) {
  if (PQntuples(result.get()) == 0) return {};
  return {PQgetvalue(result.get(), 0, column), static_cast<std::size_t>(PQgetlength(result.get(), 0, column))};
}

std::int64_t number(const ResultHandle& result) { return std::atoll(std::string(cell(result, 0)).c_str()); }

/// 0: there is none. Reads the catalogue itself: names are looked up in a cache, which may be older than the lock.
std::int64_t schema_of(PostgresLink& link) {
  constexpr const char* kIsThere =
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'ptbridge' AND tablename = 'meta')";
  if (cell(link.ask_simple(kIsThere), 0) != "t") return 0;
  return number(link.ask_simple(kVersion));
}

void refuse_newer(const PostgresPlace& place, std::int64_t version) {
  if (version > newest_postgres_schema())
    raise(
        place, Status::newer,
        fmt::format("it was written by a newer ptbridge (schema {}, this plugin knows {}): use a newer plugin; it was "
                    "left untouched",
                    version, newest_postgres_schema()));
}

void migrate(PostgresLink& link, const PostgresPlace& place) {
  link.ask_simple(kBegin, true);
  // Somebody may have been faster.
  const std::int64_t version = schema_of(link);
  refuse_newer(place, version);
  for (const Migration& step : postgres_migrations()) {
    if (step.number <= version) continue;
    link.ask_simple(step.sql, true);
    const std::string mark = version == 0 && step.number == postgres_migrations().front().number
                                 ? fmt::format(
                                       "INSERT INTO ptbridge.meta (id, bridge, schema_version) VALUES (1, "
                                       "uuid_send(gen_random_uuid()), {})",
                                       step.number)
                                 : fmt::format("UPDATE ptbridge.meta SET schema_version = {}", step.number);
    link.ask_simple(mark.c_str());
  }
  link.ask_simple("COMMIT", true);
}

}  // namespace

std::int64_t begin_session(PostgresLink& link, std::int64_t node, bool pooled) {
  if (pooled) return node != 0 ? node : number(link.ask_simple(kNumber));
  const std::string named =
      node == 0 ? fmt::format(
                      "SELECT n, set_config('application_name', '{}' || n, false) FROM (SELECT "
                      "nextval(pg_get_serial_sequence('ptbridge.node', 'number')) AS n) AS given",
                      kApplication)
                : fmt::format("SELECT {}, set_config('application_name', '{}', false)", node, application_name(node));
  return number(link.ask_simple(("SELECT ptbridge.ptb_session(false); " + named).c_str()));
}

std::string application_name(std::int64_t node) { return fmt::format("{}{}", kApplication, node); }

int newest_postgres_schema() { return postgres_migrations().back().number; }

Session open_session(PostgresLink& link, const PostgresPlace& place, const SessionNeeds& needs) {
  if (link.server_version() < kOldestServer)
    raise(place, Status::store,
          fmt::format("the PostgreSQL server has version {}: use 14 or later", link.server_version() / 10'000));
  Session session;
  std::optional<ServerError> problem;
  const std::vector<ResultHandle> answers = link.ask_each(kFacts, problem);
  if (answers.empty()) throw problem ? *problem : ServerError{};
  const ResultHandle& facts = answers.front();
  const bool is_there = cell(facts, 5) == "t";
  if (problem && is_there) throw ServerError(*problem);
  if (cell(facts, 1) == "t")
    raise(place, Status::store,
          "this PostgreSQL server is a standby, which cannot be written: name the primary server");
  if (cell(facts, 2) != "UTF8")
    raise(place, Status::store, fmt::format("the database is encoded in {}: use one in UTF8", cell(facts, 2)));
  for (const int column : {3, 4})
    if (cell(facts, column) != "on")
      session.warnings.push_back(
          fmt::format("store {}: the PostgreSQL server runs with {} = off and may lose what it has "
                      "promised when its machine stops: set it to on",
                      place.shown, column == 3 ? "fsync" : "full_page_writes"));
  session.pooled = place.pooled || cell(facts, 0) != std::to_string(link.backend());
  const std::int64_t version = is_there ? number(answers.back()) : 0;
  refuse_newer(place, version);
  if (version < newest_postgres_schema()) {
    if (!needs.may_migrate)
      raise(place, Status::store,
            version == 0
                ? std::string("there is no bridge in this database yet: open it once in a process that is not "
                              "capture-only")
                : fmt::format("it has schema {} and this plugin needs {}: open it once in a process that is not "
                              "capture-only",
                              version, newest_postgres_schema()));
    migrate(link, place);
  }
  session.node_number = begin_session(link, needs.node_number, session.pooled);
  return session;
}

}  // namespace ptb
