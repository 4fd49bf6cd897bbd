// The embedded store, for an LMS in one process: a file that one bridge has open at a time.
#pragma once

#include <memory>
#include <string>

#include "core/clock.h"
#include "store/sql_store.h"

namespace ptb {

struct SqliteStoreOptions {
  std::string path;
  /// False: for a capture-only process. A store that is missing or has an older schema is then an error.
  bool migrate = true;
  /// Room on the disk that PATH.reserve keeps for settling: enough for the whole log to go into the file and to be
  /// written once more. 0: none.
  std::int64_t reserve_bytes = 20 << 20;
};

/// Opens the store at `options.path`, making it with an identity of 16 bytes from `random` where there is none. Holds
/// PATH.lock while it lives. Errors: Status::locked (another bridge, also of this process), newer, damaged (both: the
/// file is untouched), argument (no file name), store (directory, disk, missing or older while `migrate` is false).
Result<std::unique_ptr<SqlStore>> open_sqlite_store(const SqliteStoreOptions& options, Random& random);

}  // namespace ptb
