#include "store/postgres/postgres_link.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "store/connection.h"

namespace ptb {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// Of a large transaction so much is sent at once, a little less than libpq would send by itself, and with the wish to
/// be answered, which nobody waits for: only between such pieces does the server notice that a client has fallen
/// asleep, and lets go of what it has locked. Nor does it stop reading because its answers are not read.
constexpr std::size_t kPieceBytes = 7'500;
constexpr std::size_t kStatementBytes = 64;
constexpr std::size_t kParameterBytes = 12;

int milliseconds_left(SteadyClock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

/// False: not before the deadline.
bool wait_for(int socket, short events, SteadyClock::time_point deadline) {
  pollfd watched{socket, events, 0};
  for (;;) {
    const int ready = poll(&watched, 1, milliseconds_left(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return true;  // the call that follows says what is wrong
  }
}

PGconn* start(const PostgresPlace& place, const PostgresHost* only) {
  // What stands before the URI is only said where that does not say otherwise; what stands behind it counts.
  std::vector<std::pair<const char*, const char*>> said = {{"keepalives_idle", "10"},
                                                           {"keepalives_interval", "5"},
                                                           {"keepalives_count", "3"},
                                                           {"tcp_user_timeout", "15000"},
                                                           {"fallback_application_name", "ptbridge"},
                                                           {"dbname", place.uri.c_str()},
                                                           {"client_encoding", "UTF8"}};
  if (only != nullptr) {
    said.emplace_back("host", only->host.c_str());
    said.emplace_back("hostaddr", only->hostaddr.c_str());
    said.emplace_back("port", only->port.c_str());
  }
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : said) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(names.data(), values.data(), 1);
}

ServerError server_error(const PGresult* result) {
  const auto field = [&](int code) {
    const char* const text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  return {field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY), field(PG_DIAG_TABLE_NAME)};
}

void ignore_notice(void*, const PGresult*) {}

}  // namespace

std::unique_ptr<PostgresLink> PostgresLink::connect(const PostgresPlace& place, int timeout_ms, int answer_timeout_ms,
                                                    bool& passing) {
  if (place.hosts.size() < 2) return connect_to(place, nullptr, timeout_ms, answer_timeout_ms, passing);
  // Each has its share of the time: one that is silent must not keep us from the next.
  const int share_ms = timeout_ms / static_cast<int>(place.hosts.size());
  bool any_passing = false;
  for (const PostgresHost& host : place.hosts) {
    try {
      return connect_to(place, &host, share_ms, answer_timeout_ms, passing);
    } catch (const StoreFailure&) {
      any_passing = any_passing || passing;
      if (&host == &place.hosts.back()) {
        passing = any_passing;
        throw;
      }
    }
  }
  return nullptr;  // there are hosts
}

std::unique_ptr<PostgresLink> PostgresLink::connect_to(const PostgresPlace& place, const PostgresHost* only,
                                                       int timeout_ms, int answer_timeout_ms, bool& passing) {
  passing = true;
  PGconn* const connection = start(place, only);
  if (connection == nullptr) throw StoreFailure{{Status::store, "store " + place.shown + ": out of memory"}};
  std::unique_ptr<PostgresLink> link(new PostgresLink(connection, answer_timeout_ms));
  const auto fail_with = [&](const std::string& words) {
    passing = is_passing(words);
    throw StoreFailure{connect_error(place, words)};
  };
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection, ignore_notice, nullptr);
  if (PQstatus(connection) == CONNECTION_BAD) fail_with(PQerrorMessage(connection));
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  for (auto wanted = PGRES_POLLING_WRITING; wanted != PGRES_POLLING_OK; wanted = PQconnectPoll(connection)) {
    if (wanted == PGRES_POLLING_FAILED) fail_with(PQerrorMessage(connection));
    if (!wait_for(PQsocket(connection), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
      fail_with("no answer within " + std::to_string(timeout_ms) + " ms");
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection, 1) != 0) fail_with(PQerrorMessage(connection));
  link->backend_ = PQbackendPID(connection);
  link->enter_pipeline();
  return link;
}

PostgresLink::~PostgresLink() { PQfinish(connection_); }

void PostgresLink::raise_lost() { throw LinkLost{PQerrorMessage(connection_)}; }

void PostgresLink::sent(int accepted, Expected expected) {
  if (accepted != 1) raise_lost();
  expected_.push_back(expected);
}

void PostgresLink::send_sync() {
  sent(PQpipelineSync(connection_), {Expected::Kind::synchronised, nullptr});
  flush();
  unsynchronised_ = 0;
}

void PostgresLink::make_room(const Parameters& parameters) {
  std::size_t size = kStatementBytes;
  for (const int length : parameters.lengths) size += static_cast<std::size_t>(length) + kParameterBytes;
  if (unsynchronised_ > 0 && unsynchronised_ + size > kPieceBytes) send_sync();
  unsynchronised_ += size;
}

void PostgresLink::prepare(const char* name, const char* sql, const std::vector<Oid>& types, Asker& asker) {
  sent(PQsendPrepare(connection_, name, sql, static_cast<int>(types.size()), types.data()),
       {Expected::Kind::prepared, &asker});
  unsynchronised_ += std::strlen(sql) + kStatementBytes;
}

void PostgresLink::execute_prepared(const char* name, const Parameters& parameters, Asker& asker) {
  make_room(parameters);
  sent(PQsendQueryPrepared(connection_, name, static_cast<int>(parameters.values.size()), parameters.values.data(),
                           parameters.lengths.data(), parameters.formats.data(), 1),
       {Expected::Kind::answer, &asker});
  if (unsynchronised_ > kPieceBytes) send_sync();
}

void PostgresLink::execute(const char* sql, const Parameters& parameters, Asker* asker) {
  make_room(parameters);
  sent(PQsendQueryParams(connection_, sql, static_cast<int>(parameters.values.size()), parameters.types.data(),
                         parameters.values.data(), parameters.lengths.data(), parameters.formats.data(), 1),
       {Expected::Kind::answer, asker});
  unsynchronised_ += std::strlen(sql);
  if (unsynchronised_ > kPieceBytes) send_sync();
}

void PostgresLink::wait(short events) const {
  do {
    const auto deadline = SteadyClock::now() + std::chrono::milliseconds(answer_timeout_ms_);
    if (wait_for(socket(), events, deadline)) return;
  } while (patient_);
  throw LinkLost{"the server does not answer"};
}

/// Reads while it writes, since a server that cannot write does not read either.
void PostgresLink::flush() {
  for (;;) {
    const int left = PQflush(connection_);
    if (left < 0) raise_lost();
    if (left == 0) break;
    wait(POLLIN | POLLOUT);
    if (PQconsumeInput(connection_) != 1) raise_lost();
  }
}

ResultHandle PostgresLink::next() {
  while (PQisBusy(connection_) != 0) {
    wait(POLLIN);
    if (PQconsumeInput(connection_) != 1) raise_lost();
  }
  ResultHandle result(PQgetResult(connection_));
  if (PQstatus(connection_) == CONNECTION_BAD) raise_lost();
  return result;
}

void PostgresLink::read_one(const Expected& expected, std::optional<ServerError>& first) {
  using Kind = Expected::Kind;
  ResultHandle result = next();
  const auto status = PQresultStatus(result.get());
  if (result == nullptr || (status == PGRES_PIPELINE_SYNC) != (expected.kind == Kind::synchronised))
    throw LinkLost{"the server's answers are out of step"};
  if (expected.kind == Kind::synchronised) return;
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
  if (status == PGRES_FATAL_ERROR && !first) first = server_error(result.get());
  if (expected.kind == Kind::prepared) expected.asker->prepared(done);
  if (expected.kind == Kind::answer && expected.asker != nullptr && done) expected.asker->answered(std::move(result));
  while (next() != nullptr) {
  }
}

void PostgresLink::sync() {
  if (expected_.empty()) return;
  send_sync();
  std::optional<ServerError> first;
  for (; !expected_.empty(); expected_.pop_front()) read_one(expected_.front(), first);
  if (first) throw ServerError(*first);
}

void PostgresLink::enter_pipeline() {
  if (PQenterPipelineMode(connection_) != 1) raise_lost();
}

void PostgresLink::leave_pipeline() {
  // The end of the pipeline has been read as a result; libpq wants to be asked once more before it believes it.
  if (PQexitPipelineMode(connection_) == 1) return;
  ResultHandle(PQgetResult(connection_)).reset();
  if (PQexitPipelineMode(connection_) != 1) raise_lost();
}

std::vector<ResultHandle> PostgresLink::ask_each(const char* sql, std::optional<ServerError>& problem, bool patient) {
  leave_pipeline();
  if (PQsendQuery(connection_, sql) != 1) raise_lost();
  flush();
  patient_ = patient;
  std::vector<ResultHandle> answers;
  try {
    while (ResultHandle result = next()) {
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR)
        problem = server_error(result.get());
      else
        answers.push_back(std::move(result));
    }
  } catch (const LinkLost&) {
    patient_ = false;
    throw;
  }
  patient_ = false;
  enter_pipeline();
  return answers;
}

ResultHandle PostgresLink::ask_simple(const char* sql, bool patient) {
  std::optional<ServerError> problem;
  std::vector<ResultHandle> answers = ask_each(sql, problem, patient);
  if (problem) throw ServerError(*problem);
  return answers.empty() ? ResultHandle() : std::move(answers.back());
}

}  // namespace ptb
