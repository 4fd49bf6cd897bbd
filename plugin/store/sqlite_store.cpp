#include "store/sqlite_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sqlite_file.h"

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

tl::unexpected<Error> no_lane(std::int64_t id) {
  return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", id));
}

tl::unexpected<Error> not_installed(const Locator& locator) {
  return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteStoreOptions& options, Random& random) {
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
    // Asked again: the bridge that held the lock may have made it.
    if (!std::filesystem::exists(*path, unreadable)) create_store_file(*path, new_identity(random));
    Connection connection = open_store_file(*path, options.migrate);
    Mirror mirror = load_mirror(connection);
    return std::unique_ptr<SqliteStore>(
        new SqliteStore(std::move(*lock), *path, std::move(connection), std::move(mirror)));
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  }
}

SqliteStore::SqliteStore(StoreLock lock, std::string path, Connection connection, Mirror mirror)
    : lock_(std::move(lock)), path_(std::move(path)), connection_(std::move(connection)), mirror_(std::move(mirror)) {}

SqliteStore::~SqliteStore() = default;

StoreIdentity SqliteStore::identity() {
  const std::lock_guard guard(mutex_);
  return mirror_.identity();
}

Result<void> SqliteStore::put_generation(const std::string& generation, std::uint64_t high_water) {
  return change<void>(
      {"store.put_generation.begin", "store.put_generation.before_commit", "store.put_generation.after_commit"},
      [&](Draft& draft) -> Result<void> {
        StoreIdentity identity = draft.before().identity();
        identity.generation = generation;
        identity.high_water = high_water;
        connection_.query("UPDATE meta SET generation = ?1, high_water = ?2")
            .bind(generation, static_cast<std::int64_t>(high_water))
            .run();
        fault_point("store.put_generation.written");
        draft.put(std::move(identity));
        return {};
      });
}

Result<void> SqliteStore::put_tool(const Tool& tool, std::int64_t now_ms) {
  return change<void>({"store.put_tool.begin", "store.put_tool.before_commit", "store.put_tool.after_commit"},
                      [&](Draft& draft) -> Result<void> {
                        const Tool* const before = draft.before().tool(tool.locator);
                        Tool put = tool;
                        put.suspended = before == nullptr ? std::string() : before->suspended;
                        put_tool_row(connection_, put);
                        fault_point("store.put_tool.written");
                        const ToolStanding was = standing_of(before);
                        const ToolStanding is = standing_of(&put);
                        draft.put(std::move(put));
                        if (was == is) return {};
                        for (const std::int64_t id : draft.before().lanes_to(tool.locator).lanes) {
                          MirrorLane& entry = draft.lane(id);
                          entry.lane.condition_since_ms = now_ms;
                          update_lane(connection_, entry);
                          fault_point("store.put_tool.lane_written");
                        }
                        return {};
                      });
}

Result<void> SqliteStore::remove_tool(const Locator& locator, std::int64_t now_ms) {
  return change<void>({"store.remove_tool.begin", "store.remove_tool.before_commit", "store.remove_tool.after_commit"},
                      [&](Draft& draft) -> Result<void> {
                        const Tool* const removed = draft.before().tool(locator);
                        if (removed == nullptr) return not_installed(locator);
                        connection_.query("DELETE FROM tool WHERE locator = ?1").bind(to_text(locator)).run();
                        fault_point("store.remove_tool.tool_removed");
                        draft.drop(locator);
                        for (const std::int64_t id : draft.before().lanes_to(locator).lanes) {
                          MirrorLane& entry = draft.lane(id);
                          entry.lane.tool = entry.own_locator;
                          const Tool* const own =
                              entry.own_locator == locator ? nullptr : draft.before().tool(entry.own_locator);
                          if (standing_of(own) != standing_of(removed)) entry.lane.condition_since_ms = now_ms;
                          if (entry.lane.waiting > 0) entry.lane.released = false;
                          update_lane(connection_, entry);
                          fault_point("store.remove_tool.lane_written");
                        }
                        return {};
                      });
}

Result<std::optional<Tool>> SqliteStore::tool(const Locator& locator) {
  return look<std::optional<Tool>>([&]() -> Result<std::optional<Tool>> {
    const Tool* const found = mirror_.tool(locator);
    return found == nullptr ? std::optional<Tool>() : std::optional<Tool>(*found);
  });
}

Result<std::vector<Tool>> SqliteStore::tools() {
  return look<std::vector<Tool>>([&]() -> Result<std::vector<Tool>> {
    std::vector<Tool> all;
    for (const auto& [locator, tool] : mirror_.tools()) all.push_back(tool);
    return all;
  });
}

Result<void> SqliteStore::claim(const Locator& from, const Locator& to, std::int64_t now_ms) {
  return change<void>(
      {"store.claim.begin", "store.claim.before_commit", "store.claim.after_commit"},
      [&](Draft& draft) -> Result<void> {
        const Family* const family = draft.before().family(from);
        if (family == nullptr)
          return fail(Status::not_found,
                      fmt::format("nothing was ever captured for {}: list the lanes", to_text(from)));
        if (draft.before().tool(from) != nullptr)
          return fail(Status::refused,
                      fmt::format("tool {} is installed and keeps its own events: remove it first", to_text(from)));
        const Tool* const claiming = draft.before().tool(to);
        if (claiming == nullptr) return not_installed(to);
        const bool changes = standing_of(draft.before().tool(family->tool)) != standing_of(claiming);
        for (const std::int64_t id : family->lanes) {
          MirrorLane& entry = draft.lane(id);
          entry.lane.tool = to;
          entry.lane.released = false;
          entry.lane.stopping_sequence = 0;
          entry.lane.stopping_count = 0;
          if (changes) entry.lane.condition_since_ms = now_ms;
          update_lane(connection_, entry);
          fault_point("store.claim.lane_written");
        }
        return {};
      });
}

Result<std::vector<Lane>> SqliteStore::lanes() {
  return look<std::vector<Lane>>([&]() -> Result<std::vector<Lane>> {
    std::map<std::string_view, const Lane*> by_key;
    for (const auto& [id, entry] : mirror_.lanes()) by_key[entry.lane.key] = &entry.lane;
    std::vector<Lane> all;
    all.reserve(by_key.size());
    for (const auto& [key, lane] : by_key) all.push_back(*lane);
    return all;
  });
}

Result<Lane> SqliteStore::lane(std::int64_t id) {
  return look<Lane>([&]() -> Result<Lane> {
    const MirrorLane* const found = mirror_.lane(id);
    if (found == nullptr) return no_lane(id);
    return found->lane;
  });
}

Result<std::vector<Lane>> SqliteStore::lanes_of(const Locator& tool) {
  return look<std::vector<Lane>>([&]() -> Result<std::vector<Lane>> {
    std::vector<Lane> found;
    for (const std::int64_t id : mirror_.lanes_to(tool).lanes) found.push_back(mirror_.lane(id)->lane);
    return found;
  });
}

Result<void> SqliteStore::hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) {
  return change<void>({"store.hold_lane.begin", "store.hold_lane.before_commit", "store.hold_lane.after_commit"},
                      [&](Draft& draft) -> Result<void> {
                        if (draft.before().lane(id) == nullptr) return no_lane(id);
                        MirrorLane& entry = draft.lane(id);
                        entry.lane.hold = hold;
                        entry.lane.hold_reason = hold == LaneHold::none ? "" : reason;
                        update_lane(connection_, entry);
                        fault_point("store.hold_lane.lane_written");
                        return {};
                      });
}

}  // namespace ptb
