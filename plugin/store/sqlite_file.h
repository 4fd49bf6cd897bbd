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

// -- files beside a store; all throw StoreFailure

/// Judges by the first bytes alone, touching nothing: Status::newer, or Status::damaged where it is no store.
void refuse_foreign_file(const std::string& path);
/// With its log and journal, where they are there.
void remove_store_file(const std::string& path);
/// Empty, for its owner only; it must not be there.
void create_private_file(const std::string& path);
void sync_file(const std::string& path);
void sync_directory_of(const std::string& path);

/// What an old store is called after a backup took its place, before the time.
inline constexpr const char* kKeptAs = ".before-restore-";
/// What a crash has left of one that was to take the place of the store at `path`.
void remove_unfinished_successor(const std::string& path);

}  // namespace ptb
