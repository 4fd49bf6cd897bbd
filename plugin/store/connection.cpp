#include "store/connection.h"

namespace ptb {

namespace {

[[noreturn]] void not_a_file() {
  throw StoreFailure{{Status::argument,
                      "this store is a database server's: back it up there (PostgreSQL: pg_dump) and put it back there "
                      "(pg_restore); then say that it was put back, `ptb-host store restore --done-outside`"}};
}

}  // namespace

std::unique_ptr<DatabaseCopy> Connection::begin_copy(const std::string&) { not_a_file(); }
std::unique_ptr<Successor> Connection::make_successor(const std::string&) { not_a_file(); }

}  // namespace ptb
