// One connection of libpq, always in pipeline mode: what is sent is answered later, in order, when somebody waits for
// it. Knows nothing of transactions, nor of what it carries.
#pragma once

#include <libpq-fe.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/postgres/postgres_error.h"
#include "store/postgres/postgres_place.h"

namespace ptb {

/// Thrown: the connection is gone, or does not answer; what was sent may have been done.
struct LinkLost {
  std::string words;
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// The values of a statement's parameters, as libpq wants them.
struct Parameters {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

/// Who hears what became of a statement. Must live until the link has been synchronised or is gone.
class Asker {
 public:
  Asker() = default;
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  virtual ~Asker() = default;
  virtual void prepared(bool done) noexcept = 0;
  virtual void answered(ResultHandle result) noexcept = 0;
};

class PostgresLink {
 public:
  /// Connects within `timeout_ms`. Throws StoreFailure with the line for a person; `passing` then says whether trying
  /// again soon may help.
  static std::unique_ptr<PostgresLink> connect(const PostgresPlace& place, int timeout_ms, int answer_timeout_ms,
                                               bool& passing);
  ~PostgresLink();
  PostgresLink(const PostgresLink&) = delete;
  PostgresLink& operator=(const PostgresLink&) = delete;

  void prepare(const char* name, const char* sql, const std::vector<Oid>& types, Asker& asker);
  void execute_prepared(const char* name, const Parameters& parameters, Asker& asker);
  void execute(const char* sql, const Parameters& parameters, Asker* asker);
  /// Waits for the answers to all that was sent. Throws the first statement's ServerError after the last has come.
  void sync();
  /// One or more statements by themselves; the last one's answer, in text. Nothing may be on its way. `patient`: they
  /// may take as long as they like. Throws ServerError.
  ResultHandle ask_simple(const char* sql, bool patient = false);
  /// The same with all answers, and without an exception: `problem` is what ended it early.
  std::vector<ResultHandle> ask_each(const char* sql, std::optional<ServerError>& problem, bool patient = false);

  [[nodiscard]] bool is_idle() const { return expected_.empty(); }
  [[nodiscard]] PGTransactionStatusType transaction_status() const { return PQtransactionStatus(connection_); }
  /// The server's process, also when it is gone.
  [[nodiscard]] int backend() const { return backend_; }
  [[nodiscard]] int server_version() const { return PQserverVersion(connection_); }
  [[nodiscard]] int socket() const { return PQsocket(connection_); }
  PGconn* raw() { return connection_; }
  void set_answer_timeout(int milliseconds) { answer_timeout_ms_ = milliseconds; }
  /// Its process has forked, and this is the child: the connection is left alone.
  void abandon() { connection_ = nullptr; }

 private:
  struct Expected {
    enum class Kind { prepared, answer, synchronised } kind;
    Asker* asker;
  };
  /// `only`: of the servers that the URI names; null: it names one.
  static std::unique_ptr<PostgresLink> connect_to(const PostgresPlace& place, const PostgresHost* only, int timeout_ms,
                                                  int answer_timeout_ms, bool& passing);
  explicit PostgresLink(PGconn* connection, int answer_timeout_ms)
      : connection_(connection), answer_timeout_ms_(answer_timeout_ms) {}
  void sent(int accepted, Expected expected);
  void make_room(const Parameters& parameters);
  void send_sync();
  void flush();
  void wait(short events) const;
  ResultHandle next();
  void read_one(const Expected& expected, std::optional<ServerError>& first);
  void leave_pipeline();
  void enter_pipeline();
  [[noreturn]] void raise_lost();

  PGconn* connection_;
  int backend_ = 0;
  int answer_timeout_ms_;
  std::deque<Expected> expected_;
  std::size_t unsynchronised_ = 0;  ///< bytes, about
  bool patient_ = false;
};

}  // namespace ptb
