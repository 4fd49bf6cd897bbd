// The file of a store: made whole or not at all, looked at before it is touched, opened with the settings that the
// promises need. Knows nothing of what the tables hold but the store's identity.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "core/result.h"
#include "store/sqlite_connection.h"

namespace ptb {

/// The absolute path without links: so that two names of one file share one lock. The file need not exist, its
/// directory must. Errors: Status::store.
Result<std::string> real_store_path(const std::string& path);

/// Makes a store with the newest schema under another name and renames it, so that a crash leaves none or a whole one.
/// `bridge`: the 16 bytes of its identity. Throws StoreFailure.
void create_store_file(const std::string& path, const std::array<unsigned char, 16>& bridge);

/// Opens an existing store and migrates it if `may_migrate`. Throws StoreFailure: Status::newer or Status::damaged with
/// the file untouched, Status::store where it has an older schema and must not be migrated.
std::unique_ptr<SqliteConnection> open_store_file(const std::string& path, bool may_migrate);

}  // namespace ptb
