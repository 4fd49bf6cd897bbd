#include "store/sqlite_store.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>

#include "store/disk_reserve.h"
#include "store/sqlite_file.h"
#include "store/store_lock.h"

namespace ptb {

namespace {

/// Version 4: made of chance.
std::array<unsigned char, 16> new_identity(Random& random) {
  std::array<unsigned char, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  return bytes;
}

/// On a full disk the reserve is given up for the opening.
std::unique_ptr<SqliteConnection> open_with_reserve(const std::string& path, bool may_migrate, std::int64_t bytes) {
  std::optional<DiskReserve> reserve;
  if (bytes > 0) reserve.emplace(path + ".reserve", bytes);
  std::unique_ptr<SqliteConnection> connection;
  try {
    connection = open_store_file(path, may_migrate);
  } catch (const StoreFailure& failure) {
    if (!failure.disk_full || !reserve || !reserve->give_up()) throw;
    connection = open_store_file(path, may_migrate);
  }
  if (!reserve) return connection;
  reserve->take();
  connection->keep(std::move(*reserve));
  return connection;
}

}  // namespace

Result<std::unique_ptr<SqlStore>> open_sqlite_store(const SqliteStoreOptions& options, Random& random) {
  const auto path = real_store_path(options.path);
  if (!path) return fail(path.error());
  std::error_code unreadable;
  const bool exists = std::filesystem::exists(*path, unreadable);
  if (!exists && !options.migrate)
    return fail(
        Status::store,
        fmt::format("store {} does not exist: open it once in a process that is not capture-only", options.path));
  auto lock = StoreLock::take(*path);
  if (!lock) return fail(lock.error());
  try {
    remove_unfinished_successor(*path);
    // Asked again: the bridge that held the lock may have made it.
    if (!std::filesystem::exists(*path, unreadable)) create_store_file(*path, new_identity(random));
    auto guard = std::make_shared<const StoreLock>(std::move(*lock));
    auto connection = open_with_reserve(*path, options.migrate, options.reserve_bytes);
    return std::make_unique<SqlStore>(SqlStoreParts{
        .name = *path,
        .guard = std::move(guard),
        .connection = std::move(connection),
        .reopen = [path = *path, bytes = options.reserve_bytes] { return open_with_reserve(path, false, bytes); }});
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace ptb
