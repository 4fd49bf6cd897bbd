// A database as the store uses it: prepared statements in one dialect, and transactions that undo themselves. Two kinds
// implement it: a SQLite file of one process, and a PostgreSQL database of many. Knows nothing of lanes or events. A
// failure is thrown as StoreFailure, which never leaves store/: SqlStore turns it into an Error in each of its
// functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ptb {

struct StoreFailure {
  Error error;
  bool disk_full = false;  ///< it might go well if there were more room
};

/// Thrown by a shared connection: what this transaction was built on has been changed by another node, or its outcome
/// was lost and it is known not to have happened. Nothing was changed; it is done again on what is there now.
struct Outdated {};

/// What the database does for one text of SQL. Parameters count from 1, columns from 0.
class Statement {
 public:
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  virtual ~Statement() = default;

  virtual void put(int at, std::int64_t value) = 0;
  /// `in_place`: the bytes stay where they are until the statement has run.
  virtual void put(int at, std::string_view text, bool in_place) = 0;
  virtual void put(int at, std::span<const unsigned char> bytes, bool in_place) = 0;
  virtual void put_null(int at) = 0;

  /// The next row. False: there is none.
  virtual bool row() = 0;
  /// To its end, without looking at rows. A shared connection may only have sent it: its failure then comes with what
  /// is asked next, at the latest with the commit.
  virtual void run() = 0;
  virtual void reset() noexcept = 0;

  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;  ///< also of a truth value: 0 or 1
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  /// Both valid until the next step.
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] virtual std::span<const unsigned char> bytes(int column) const = 0;
};

/// A prepared statement while it is in use; given back, reset, when it goes.
class Query {
 public:
  explicit Query(Statement& statement) : statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { statement_.reset(); }

  /// Binds ?1, ?2 … in order: whole numbers, texts, bytes, nullopt for NULL.
  template <typename... Values>
  Query& bind(const Values&... values) {
    int at = 0;
    (put(++at, values), ...);
    return *this;
  }
  /// The same without copies: texts and bytes must stay as they are until the query has run.
  template <typename... Values>
  Query& bind_in_place(const Values&... values) {
    in_place_ = true;
    bind(values...);
    in_place_ = false;
    return *this;
  }
  /// One of them by its number.
  template <typename Value>
  Query& bind_at(int at, const Value& value) {
    put(at, value);
    return *this;
  }
  /// Steps. True: a row can be read.
  bool row() { return statement_.row(); }
  /// Steps until it is done, and resets it so that it can be bound and run again.
  void run() { statement_.run(); }

  [[nodiscard]] std::int64_t integer(int column) const { return statement_.integer(column); }
  [[nodiscard]] bool is_null(int column) const { return statement_.is_null(column); }
  /// Valid until the next step.
  [[nodiscard]] std::string_view text(int column) const { return statement_.text(column); }
  [[nodiscard]] std::span<const unsigned char> bytes(int column) const { return statement_.bytes(column); }

 private:
  friend class Connection;
  void put(int at, std::int64_t value) { statement_.put(at, value); }
  void put(int at, int value) { statement_.put(at, static_cast<std::int64_t>(value)); }
  void put(int at, std::string_view value) { statement_.put(at, value, in_place_); }
  void put(int at, const std::string& value) { statement_.put(at, std::string_view(value), in_place_); }
  void put(int at, std::span<const unsigned char> value) { statement_.put(at, value, in_place_); }
  void put(int at, std::nullopt_t) { statement_.put_null(at); }

  Statement& statement_;
  bool in_place_ = false;
};

/// A row that a transaction locks: the lanes of one locator, and the tool of that name. Its version counts the
/// transactions that have changed any of it.
struct FamilyLock {
  static constexpr std::int64_t kAnyVersion = -1;
  std::string locator;
  std::int64_t version = 0;  ///< that the transaction is built on; 0: there is none yet; kAnyVersion: whatever it is
};

/// One of the processes that share a database. `epoch` rises whenever it had to connect anew, so that nothing which it
/// sent before can happen any more.
struct Node {
  std::int64_t number = 0;
  std::int64_t epoch = 0;
};

class Connection;

/// A copy of a whole database that is made in pieces, while the rest goes on between them: what changes meanwhile is in
/// it too. It is made, stepped, and given up before its end, by whoever may use the connection at that moment.
class DatabaseCopy {
 public:
  DatabaseCopy() = default;
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;
  virtual ~DatabaseCopy() = default;
  /// Copies a piece. False: all is there, and the database is not needed any more.
  virtual bool step() = 0;
  /// The database is about to be closed: a further step fails, and says so.
  virtual void give_up() noexcept = 0;
  // Of one that is all there; by anybody:
  [[nodiscard]] virtual std::unique_ptr<Connection> open() = 0;
  /// Takes it for a backup: looked at, on stable storage, then called `path`, where nothing is.
  virtual void keep_as(const std::string& path) = 0;
};

/// A database that is made of a backup and is to take the place of the one in use. What is left of it goes with this.
class Successor {
 public:
  Successor() = default;
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;
  virtual ~Successor() = default;
  /// Touches nothing but files of its own, as all but take_place. Returns a connection with it.
  virtual Connection& prepare() = 0;
  /// When the backup was made, as it says itself; 0: it does not say.
  [[nodiscard]] virtual std::int64_t made_at_ms() const = 0;
  /// All that was written to it is on stable storage, and the connection is closed.
  virtual void settle() = 0;
  /// Closes the connection in use for good, and gives its place to this. `kept_as` is what the old database is called
  /// from now on.
  virtual void take_place(Connection& in_use, const std::string& kept_as) = 0;
};

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// `sql` must be a literal: prepared once for each address. A query that is in use must not be asked for again.
  /// Parameters are written ?1, ?2 …; what is written runs in SQLite 3.40 and, but for those marks and INDEXED BY,
  /// which PostgreSQL does not get to see, in PostgreSQL 14.
  Query query(const char* sql) { return Query(prepare(sql)); }
  /// They only read, are bound, and are asked in this order before the first of their rows is read. A shared connection
  /// then waits once for all of them.
  void ask_together(std::initializer_list<const Query*> queries) {
    std::vector<Statement*> statements;
    for (const Query* const query : queries) statements.push_back(&query->statement_);
    ask_all(statements);
  }
  /// One or more statements without results, and without parameters.
  virtual void run(const char* sql) = 0;
  /// Rows changed by the statement that was run last.
  virtual std::int64_t changes() = 0;

  /// `locks`: what the transaction reads and changes, sorted by locator; each version goes up by one with the commit.
  /// Only a shared connection locks anything.
  virtual void begin(std::span<const FamilyLock> locks) = 0;
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;
  /// Within a transaction that adds to what is stored: throws StoreFailure where that would take the room that settling
  /// needs.
  virtual void needs_room() {}
  /// A transaction found the disk full and was undone. True: it may go well now.
  virtual bool make_room() { return false; }
  /// What was deleted is overwritten everywhere, as far as the database can do that now.
  virtual void scrub() = 0;

  /// Why this connection must not be used any more: the outcome of a commit is unknown, or the file is damaged.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  void refuse(Error error) { refusal_ = std::move(error); }
  /// What it was refused for is over, and has changed nothing.
  void accept() { refusal_.reset(); }

  // -- the whole of it
  /// As a URI without a password, for people.
  [[nodiscard]] virtual std::string place() const = 0;
  /// Of a database in a file: where that is; empty: it is in none, and the next two are not for it.
  [[nodiscard]] virtual std::string file() const { return {}; }
  /// Into a new file at `path`.
  virtual std::unique_ptr<DatabaseCopy> begin_copy(const std::string& path) { not_a_file(path); }
  virtual std::unique_ptr<Successor> make_successor(const std::string& backup) { not_a_file(backup); }
  /// What the database itself finds wrong with what it holds, a line each.
  virtual std::vector<std::string> damage() { return {}; }

  // -- shared by several nodes
  [[nodiscard]] virtual bool is_shared() const { return false; }
  /// Within a transaction whose locks had kAnyVersion: the versions that were found, one for each lock, 0 for a new
  /// one.
  virtual std::vector<std::int64_t> locked_versions() { return {}; }
  /// Within a transaction: nobody has said Outdated of what it was built on. Throws it otherwise.
  virtual void confirm() {}
  [[nodiscard]] virtual Node node() const { return {}; }
  /// Until when what this node holds is its own, on CLOCK_BOOTTIME, in ms; as if asked before the commit that renewed
  /// it was sent.
  [[nodiscard]] virtual std::int64_t held_until_ms() const { return 0; }
  /// Renews that without changing anything else.
  virtual void renew() {}
  /// To be polled for reading; -1: there is none. Readable: heard() may have something.
  [[nodiscard]] virtual int listening_socket() const { return -1; }
  /// What other nodes have told since the last call, without waiting.
  virtual std::vector<std::string> heard() { return {}; }

 protected:
  virtual Statement& prepare(const char* sql) = 0;
  virtual void ask_all(std::span<Statement* const> /*statements*/) {}

 private:
  [[noreturn]] static void not_a_file(const std::string& asked) {
    throw StoreFailure{{Status::argument, asked + ": this store is a database server's: back it up there (PostgreSQL: "
                                                  "pg_dump) and put it back there (pg_restore); then say that it was "
                                                  "put back, `ptb-host store restore --done-outside`"}};
  }
  std::optional<Error> refusal_;
};

/// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection, std::span<const FamilyLock> locks = {}) : connection_(connection) {
    connection_.begin(locks);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!committed_) connection_.roll_back();
  }
  void commit() {
    connection_.commit();
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

}  // namespace ptb
