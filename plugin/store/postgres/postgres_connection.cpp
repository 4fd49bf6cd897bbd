#include "store/postgres/postgres_connection.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "store/postgres/boot_clock.h"

namespace ptb {

namespace {

constexpr const char* kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE";
constexpr const char* kSession = "SELECT ptbridge.ptb_session(true)";
constexpr const char* kScrub =
    "VACUUM ptbridge.event, ptbridge.event_key, ptbridge.spent_key, ptbridge.walk, ptbridge.failure, ptbridge.known, "
    "ptbridge.audit, ptbridge.tool";

std::string node_name() {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return fmt::format("{}:{}", host, getpid());
}

}  // namespace

PostgresConnection::PostgresConnection(PostgresOptions options, PostgresPlace place)
    : options_(std::move(options)),
      place_(std::move(place)),
      process_(getpid()),
      name_(node_name()),
      pooled_(place_.pooled),
      begin_(std::make_unique<PostgresStatement>(*this, kBegin, "begin")),
      session_(std::make_unique<PostgresStatement>(*this, kSession, "session")),
      lock_(std::make_unique<PostgresStatement>(*this, kLock, "lock")),
      commit_(std::make_unique<PostgresStatement>(*this, "COMMIT", "commit")),
      roll_back_(std::make_unique<PostgresStatement>(*this, "ROLLBACK", "roll_back")) {}

std::unique_ptr<PostgresConnection> PostgresConnection::open(const PostgresOptions& options) {
  auto place = read_postgres_uri(options.uri);
  if (!place) throw StoreFailure{place.error()};
  std::unique_ptr<PostgresConnection> made(new PostgresConnection(options, std::move(*place)));
  bool passing = false;
  made->try_link(options.may_migrate, passing);
  if (options.listen && !made->pooled_) {
    made->listener_ = std::make_unique<PostgresListener>(made->options_, made->place_);
    made->heard();
  }
  return made;
}

PostgresConnection::~PostgresConnection() {
  if (getpid() == process_) {
    roll_back();
    leave();
    return;
  }
  if (link_ != nullptr) link_->abandon();
  if (listener_ != nullptr) listener_->abandon();
}

/// That the row stays behind, where this fails or is undone by a crash, does no harm: it grows old.
void PostgresConnection::leave() noexcept {
  if (link_ == nullptr || !is_known_ || may_be_left_) return;
  try {
    link_->set_answer_timeout(2'000);
    link_->ask_simple(fmt::format("BEGIN; SET LOCAL synchronous_commit = off; DELETE FROM ptbridge.node WHERE number = "
                                  "{} AND epoch = {}; COMMIT",
                                  number_, epoch_)
                          .c_str());
  } catch (...) {
  }
}

void PostgresConnection::check_process() const {
  if (getpid() != process_)
    throw StoreFailure{{Status::state, fmt::format("store {}: this process was forked from the one that opened the "
                                                   "store: open it anew",
                                                   place_.shown)}};
}

// ---- statements

Statement& PostgresConnection::prepare(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) statement = std::make_unique<PostgresStatement>(*this, sql, fmt::format("s{}", statements_.size()));
  return *statement;
}

void PostgresConnection::inside(const std::function<void()>& work) {
  check_process();
  if (phase_ != Phase::open) throw Outdated{};
  try {
    work();
  } catch (const LinkLost&) {
    phase_ = Phase::failed;
    drop_link();
    throw Outdated{};
  } catch (const ServerError& error) {
    phase_ = Phase::failed;
    raise(error);
  }
}

void PostgresConnection::outside(bool harmless, const std::function<void()>& work) {
  check_process();
  for (bool first = true;; first = false) {
    ensure_link();
    try {
      work();
      return;
    } catch (const LinkLost& lost) {
      drop_link();
      if (!harmless || !first) throw StoreFailure{connect_error(place_, lost.words)};
    } catch (const ServerError& error) {
      end_server_transaction();
      const Fate fate = fate_of(error);
      if (!harmless || !first || (fate != Fate::lost && fate != Fate::pooled)) raise(error);
      pooled_ = pooled_ || fate == Fate::pooled;
      drop_link();
    }
  }
}

/// Behind a pooler even a lone statement comes in a transaction, which an error leaves open.
void PostgresConnection::end_server_transaction() {
  try {
    if (link_->transaction_status() == PQTRANS_IDLE) return;
    send_now(*roll_back_);
    link_->sync();
  } catch (const LinkLost&) {
    drop_link();
  } catch (const ServerError&) {
    drop_link();
  }
}

void PostgresConnection::raise(const ServerError& error) {
  switch (fate_of(error)) {
    case Fate::outdated: throw Outdated{};
    case Fate::shut_out:
      may_be_left_ = true;
      held_until_ms_ = 0;
      throw Outdated{};
    case Fate::pooled: pooled_ = true; [[fallthrough]];
    case Fate::lost: drop_link(); throw Outdated{};
    case Fate::failure: break;
  }
  throw StoreFailure{postgres_error(place_, error)};
}

void PostgresConnection::send_alone(std::span<PostgresStatement* const> statements) {
  const bool harmless = std::all_of(statements.begin(), statements.end(), [](auto* one) { return one->only_reads(); });
  outside(harmless, [&] {
    if (pooled_) {
      send_now(*begin_);
      send_now(*session_);
    }
    for (PostgresStatement* const statement : statements) send_now(*statement);
    if (pooled_) send_now(*commit_);
    link_->sync();
  });
}

void PostgresConnection::send(PostgresStatement& statement) {
  run_last_ = &statement;
  PostgresStatement* const only = &statement;
  if (phase_ == Phase::none)
    send_alone({&only, 1});
  else
    inside([&] { send_now(statement); });
}

void PostgresConnection::ask(PostgresStatement& statement) {
  send(statement);
  if (phase_ != Phase::none) inside([&] { link_->sync(); });
}

void PostgresConnection::ask_all(std::span<Statement* const> statements) {
  std::vector<PostgresStatement*> all;
  for (Statement* const statement : statements) {
    all.push_back(static_cast<PostgresStatement*>(statement));
    all.back()->is_asked_ahead();
  }
  if (phase_ == Phase::none) return send_alone(all);
  inside([&] {
    for (PostgresStatement* const statement : all) send_now(*statement);
    link_->sync();
  });
}

void PostgresConnection::run(const char* sql) {
  run_last_ = nullptr;
  if (phase_ != Phase::none) {
    inside([&] {
      link_->sync();
      link_->ask_simple(sql, true);
    });
    return;
  }
  outside(false, [&] {
    if (pooled_) {
      link_->ask_simple(kBegin);
      link_->ask_simple(kSession);
    }
    link_->ask_simple(sql, true);
    if (pooled_) link_->ask_simple("COMMIT", true);
  });
}

std::int64_t PostgresConnection::changes() {
  if (phase_ != Phase::none) inside([&] { link_->sync(); });
  return run_last_ == nullptr ? 0 : run_last_->changes();
}

/// Over a link of its own, since it may take minutes in which others capture.
void PostgresConnection::scrub() {
  check_process();
  bool passing = false;
  try {
    const auto link = PostgresLink::connect(place_, options_.connect_timeout_ms, options_.answer_timeout_ms, passing);
    link->ask_simple(kScrub, true);
  } catch (const LinkLost& lost) {
    throw StoreFailure{connect_error(place_, lost.words)};
  } catch (const ServerError& error) {
    throw StoreFailure{postgres_error(place_, error)};
  }
}

// ---- other nodes

int PostgresConnection::listening_socket() const { return listener_ == nullptr ? -1 : listener_->socket(); }

std::vector<std::string> PostgresConnection::heard() {
  check_process();
  if (listener_ == nullptr) return {};
  return listener_->heard(link_ == nullptr ? 0 : link_->backend(), boot_clock_ms());
}

}  // namespace ptb
