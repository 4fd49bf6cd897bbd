#include "store/postgres/postgres_statement.h"

#include <cstdlib>

namespace ptb {

namespace {

const char* start_of(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

}  // namespace

PostgresStatement::PostgresStatement(StatementRunner& runner, std::string_view sql, std::string name)
    : runner_(runner), sql_(postgres_sql(sql)), name_(std::move(name)) {
  const auto count = static_cast<std::size_t>(sql_.parameters);
  parameters_.types.resize(count);
  parameters_.values.resize(count);
  parameters_.lengths.resize(count);
  parameters_.formats.assign(count, 1);
  kept_.resize(count);
}

void PostgresStatement::put_binary(int at, unsigned type, std::string_view binary) {
  const auto index = static_cast<std::size_t>(at - 1);
  parameters_.types.at(index) = type;
  parameters_.values.at(index) = start_of(binary);
  parameters_.lengths.at(index) = static_cast<int>(binary.size());
}

void PostgresStatement::keep(int at, std::string binary, unsigned type) {
  std::string& kept = kept_.at(static_cast<std::size_t>(at - 1));
  kept = std::move(binary);
  put_binary(at, type, kept);
}

void PostgresStatement::put(int at, std::int64_t value) {
  std::string& kept = kept_.at(static_cast<std::size_t>(at - 1));
  kept.clear();
  append_int8(kept, value);
  put_binary(at, kInt8Type, kept);
}

void PostgresStatement::put(int at, std::string_view text, bool in_place) {
  if (in_place)
    put_binary(at, kTextType, text);
  else
    keep(at, std::string(text), kTextType);
}

void PostgresStatement::put(int at, std::span<const unsigned char> bytes, bool in_place) {
  const std::string_view binary(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (in_place)
    put_binary(at, kBytesType, binary);
  else
    keep(at, std::string(binary), kBytesType);
}

void PostgresStatement::put_null(int at) {
  const auto index = static_cast<std::size_t>(at - 1);
  parameters_.types.at(index) = 0;  // as the statement needs it
  parameters_.values.at(index) = nullptr;
  parameters_.lengths.at(index) = 0;
}

void PostgresStatement::put_array(int at, unsigned type, std::string binary) { keep(at, std::move(binary), type); }

bool PostgresStatement::row() {
  if (row_ < 0) {
    if (!asked_ahead_) {
      answered_ = false;
      runner_.ask(*this);
    }
    asked_ahead_ = false;
    if (!answered_) throw StoreFailure{{Status::internal, "a statement was not answered: report this as a fault"}};
  }
  ++row_;
  return row_ < PQntuples(result_.get());
}

bool PostgresStatement::answered_row() {
  row_ = 0;
  return PQntuples(result_.get()) > 0;
}

void PostgresStatement::run() {
  runner_.send(*this);
  row_ = -1;
}

void PostgresStatement::reset() noexcept {
  row_ = -1;
  asked_ahead_ = false;
  result_.reset();
}

bool PostgresStatement::is_prepared_for(std::uint64_t link_number) const {
  if (prepared_on_ != link_number) return false;
  for (std::size_t i = 0; i < prepared_types_.size(); ++i)
    if (parameters_.types[i] != 0 && parameters_.types[i] != prepared_types_[i]) return false;
  return true;
}

void PostgresStatement::prepare_on(PostgresLink& link, std::uint64_t link_number) {
  if (prepared_on_ == link_number) name_ += "_";  // the same words, with parameters of other types
  if (prepared_on_ != link_number) prepared_types_.assign(parameters_.types.size(), 0);
  for (std::size_t i = 0; i < prepared_types_.size(); ++i)
    if (parameters_.types[i] != 0) prepared_types_[i] = parameters_.types[i];
  link.prepare(name_.c_str(), sql_.text.c_str(), prepared_types_, *this);
  prepared_on_ = link_number;
}

void PostgresStatement::send_on(PostgresLink& link, std::uint64_t link_number) {
  if (link_number == 0) {
    link.execute(sql_.text.c_str(), parameters_, this);
    return;
  }
  if (!is_prepared_for(link_number)) prepare_on(link, link_number);
  link.execute_prepared(name_.c_str(), parameters_, *this);
}

void PostgresStatement::prepared(bool done) noexcept {
  if (!done) prepared_on_ = 0;
}

void PostgresStatement::answered(ResultHandle result) noexcept {
  answered_ = true;
  changes_ = std::atoll(PQcmdTuples(result.get()));
  result_ = std::move(result);
}

bool PostgresStatement::only_reads() const { return sql_.text.starts_with("SELECT") || sql_.text.starts_with("WITH"); }

std::string_view PostgresStatement::cell(int column) const {
  if (result_ == nullptr || row_ < 0 || row_ >= PQntuples(result_.get())) return {};
  return {PQgetvalue(result_.get(), row_, column), static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

std::int64_t PostgresStatement::integer(int column) const {
  if (is_null(column)) return 0;
  const auto number = whole_number(PQftype(result_.get(), column), cell(column));
  if (!number)
    throw StoreFailure{{Status::internal, "a statement answered no whole number where one was expected (" + sql_.text +
                                              "): report this as a fault"}};
  return *number;
}

bool PostgresStatement::is_null(int column) const {
  return result_ == nullptr || row_ < 0 || row_ >= PQntuples(result_.get()) ||
         PQgetisnull(result_.get(), row_, column) != 0;
}

std::string_view PostgresStatement::text(int column) const {
  return is_null(column) ? std::string_view() : cell(column);
}

std::span<const unsigned char> PostgresStatement::bytes(int column) const {
  const std::string_view binary = text(column);
  return {reinterpret_cast<const unsigned char*>(binary.data()), binary.size()};
}

}  // namespace ptb
