// A statement of a PostgreSQL store: its parameters, where the server keeps it prepared, and the rows of its last
// answer, all of them, so that others can be asked meanwhile. Does not decide when anything is sent.
#pragma once

#include <string>
#include <string_view>

#include "store/connection.h"
#include "store/postgres/postgres_format.h"
#include "store/postgres/postgres_link.h"

namespace ptb {

class PostgresStatement;

/// Sends statements, and sees to it that they are answered.
class StatementRunner {
 public:
  StatementRunner() = default;
  StatementRunner(const StatementRunner&) = delete;
  StatementRunner& operator=(const StatementRunner&) = delete;
  virtual ~StatementRunner() = default;
  /// The answer may be a while in coming.
  virtual void send(PostgresStatement& statement) = 0;
  /// The answer is there.
  virtual void ask(PostgresStatement& statement) = 0;
};

class PostgresStatement : public Statement, private Asker {
 public:
  /// `name`: nothing else of this connection is prepared under it.
  PostgresStatement(StatementRunner& runner, std::string_view sql, std::string name);

  void put(int at, std::int64_t value) override;
  void put(int at, std::string_view text, bool in_place) override;
  void put(int at, std::span<const unsigned char> bytes, bool in_place) override;
  void put_null(int at) override;
  bool row() override;
  void run() override;
  void reset() noexcept override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] std::string_view text(int column) const override;
  [[nodiscard]] std::span<const unsigned char> bytes(int column) const override;

  /// An array, already in binary.
  void put_array(int at, unsigned type, std::string binary);
  /// `link_number`: of all links that there have been; what was prepared on another one is forgotten. 0: nothing is to
  /// be left prepared.
  void send_on(PostgresLink& link, std::uint64_t link_number);
  /// The first row of what was answered, without asking.
  bool answered_row();
  [[nodiscard]] std::int64_t changes() const { return changes_; }
  [[nodiscard]] bool only_reads() const;
  /// Whoever sends it now will not be the one who reads its rows; those are not asked for again.
  void is_asked_ahead() {
    answered_ = false;
    asked_ahead_ = true;
  }

 private:
  void prepared(bool done) noexcept override;
  void answered(ResultHandle result) noexcept override;
  void put_binary(int at, unsigned type, std::string_view binary);
  void keep(int at, std::string binary, unsigned type);
  void prepare_on(PostgresLink& link, std::uint64_t link_number);
  [[nodiscard]] bool is_prepared_for(std::uint64_t link_number) const;
  [[nodiscard]] std::string_view cell(int column) const;

  StatementRunner& runner_;
  PostgresSql sql_;
  std::string name_;
  Parameters parameters_;
  std::vector<std::string> kept_;  ///< values that do not stay where they came from
  std::uint64_t prepared_on_ = 0;
  std::vector<Oid> prepared_types_;
  ResultHandle result_;
  int row_ = -1;
  bool answered_ = false;
  bool asked_ahead_ = false;
  std::int64_t changes_ = 0;
};

}  // namespace ptb
