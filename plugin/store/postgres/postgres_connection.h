// A PostgreSQL database as one node of many uses it. What a transaction does is sent without waiting, and is answered
// when somebody needs the answer, at the latest with the commit: so an ordinary capture is one round trip. A lost
// connection is made again, and a commit whose answer was lost is looked up. Knows nothing of lanes or events.
//
// No threads; used by one at a time. A forked child must not use it, and may destroy it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/connection.h"
#include "store/postgres/postgres_listener.h"
#include "store/postgres/postgres_options.h"
#include "store/postgres/postgres_session.h"
#include "store/postgres/postgres_statement.h"

namespace ptb {

class PostgresConnection final : public Connection, public StatementRunner {
 public:
  /// Connects and takes care of the schema. Throws StoreFailure.
  static std::unique_ptr<PostgresConnection> open(const PostgresOptions& options);
  ~PostgresConnection() override;

  void run(const char* sql) override;
  std::int64_t changes() override;
  void begin(std::span<const FamilyLock> locks) override;
  void commit() override;
  void roll_back() noexcept override;
  void scrub() override;
  [[nodiscard]] std::string place() const override { return place_.shown; }
  [[nodiscard]] bool is_shared() const override { return true; }
  std::vector<std::int64_t> locked_versions() override;
  void confirm() override;
  [[nodiscard]] Node node() const override { return {number_, epoch_}; }
  [[nodiscard]] std::int64_t held_until_ms() const override { return held_until_ms_; }
  void renew() override;
  [[nodiscard]] int listening_socket() const override;
  std::vector<std::string> heard() override;

  void send(PostgresStatement& statement) override;
  void ask(PostgresStatement& statement) override;
  [[nodiscard]] bool is_pooled() const { return pooled_; }
  /// What a person should know of this server, though it works.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 protected:
  Statement& prepare(const char* sql) override;
  void ask_all(std::span<Statement* const> statements) override;

 private:
  static constexpr const char* kLock = "SELECT ptbridge.ptb_lock(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
  enum class Phase { none, open, failed };

  PostgresConnection(PostgresOptions options, PostgresPlace place);
  /// Sees to it that there is a connection, and that what an earlier one may have left is shut out. Fails at once where
  /// it has just failed. Throws StoreFailure.
  void ensure_link();
  /// One try of the same; `passing`: another one may help.
  void try_link(bool may_migrate, bool& passing);
  void join_anew();
  void end_left_backend();
  void drop_link() noexcept;
  void leave() noexcept;
  void check_process() const;
  /// Does what `work` does with the link, within a transaction; whatever fails ends the transaction.
  void inside(const std::function<void()>& work);
  /// Outside of one; again, where that does no harm, if the connection turns out to be gone.
  void outside(bool harmless, const std::function<void()>& work);
  [[noreturn]] void raise(const ServerError& error);
  void send_now(PostgresStatement& statement) { statement.send_on(*link_, pooled_ ? 0 : link_number_); }
  /// Outside of a transaction.
  void send_alone(std::span<PostgresStatement* const> statements);
  void end_server_transaction();
  void send_lock(std::span<const FamilyLock> locks);
  void look_up_commit();

  PostgresOptions options_;
  PostgresPlace place_;
  pid_t process_;
  std::string name_;
  bool pooled_;
  std::vector<std::string> warnings_;

  std::unique_ptr<PostgresLink> link_;
  std::uint64_t link_number_ = 0;
  int left_backend_ = 0;           ///< the server process of the last link that was lost
  std::int64_t failed_at_ms_ = 0;  ///< when connecting failed last
  Error failure_;
  std::unique_ptr<PostgresListener> listener_;

  std::unordered_map<const char*, std::unique_ptr<PostgresStatement>> statements_;
  std::unique_ptr<PostgresStatement> begin_;
  std::unique_ptr<PostgresStatement> session_;
  std::unique_ptr<PostgresStatement> lock_;
  std::unique_ptr<PostgresStatement> commit_;
  std::unique_ptr<PostgresStatement> roll_back_;
  std::unique_ptr<PostgresStatement> join_;
  std::unique_ptr<PostgresStatement> rejoin_;
  const PostgresStatement* run_last_ = nullptr;

  Phase phase_ = Phase::none;  ///< of the transaction; failed: it cannot be committed any more
  std::int64_t number_ = 0;
  std::int64_t epoch_ = 1;
  std::int64_t commit_number_ = 0;
  std::int64_t last_commit_ = 0;  ///< what the database had of them when this node joined anew
  bool is_known_ = false;         ///< the node's row is there
  bool may_be_left_ = false;      ///< a transaction of an earlier connection may still be under way, or unanswered
  std::int64_t began_ms_ = 0;
  std::int64_t held_until_ms_ = 0;
};

}  // namespace ptb
