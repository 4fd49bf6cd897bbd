#include "store/sql_store.h"

#include <fmt/format.h>

#include "store/lane_rows.h"

namespace ptb {

namespace {

tl::unexpected<Error> no_lane(std::int64_t id) {
  return fail(Status::not_found, fmt::format("there is no lane {}: list the lanes", id));
}

tl::unexpected<Error> not_installed(const Locator& locator) {
  return fail(Status::not_found, fmt::format("tool {} is not installed: add it first", to_text(locator)));
}

}  // namespace

SqlStore::SqlStore(SqlStoreParts parts)
    : name_(std::move(parts.name)),
      guard_(std::move(parts.guard)),
      connection_(std::move(parts.connection)),
      reopen_(std::move(parts.reopen)),
      shared_(connection_->is_shared()),
      sends_(parts.sends),
      knows_all_(!shared_ || sends_) {
  kept_up_at_ms_ = boot_time_ms();
  mirror_ = knows_all_ ? load_mirror(*connection_) : load_empty_mirror(*connection_);
  refuse_moved(*connection_, name_);
}

SqlStore::~SqlStore() = default;

StoreIdentity SqlStore::identity() {
  const std::lock_guard guard(mutex_);
  return mirror_.identity();
}

Result<void> SqlStore::put_generation(const std::string& generation, std::uint64_t high_water) {
  return change<void>(
      {"store.put_generation.begin", "store.put_generation.before_commit", "store.put_generation.after_commit"},
      nothing, [&](Draft& draft) -> Result<void> {
        StoreIdentity identity = draft.before().identity();
        identity.generation = generation;
        identity.high_water = high_water;
        connection_->query("UPDATE meta SET generation = ?1, high_water = ?2")
            .bind(generation, static_cast<std::int64_t>(high_water))
            .run();
        fault_point("store.put_generation.written");
        draft.put(std::move(identity));
        return {};
      });
}

Result<void> SqlStore::put_tool(const Tool& tool, std::int64_t now_ms) {
  return change<void>(
      {"store.put_tool.begin", "store.put_tool.before_commit", "store.put_tool.after_commit"},
      [&] { return scope_of_tool(tool.locator); },
      [&](Draft& draft) -> Result<void> {
        const Tool* const before = draft.before().tool(tool.locator);
        Tool put = tool;
        put.suspended = before == nullptr ? std::string() : before->suspended;
        put_tool_row(*connection_, put);
        fault_point("store.put_tool.written");
        const ToolStanding was = standing_of(before);
        const ToolStanding is = standing_of(&put);
        draft.put(std::move(put));
        if (was == is) return {};
        for (const std::int64_t id : draft.before().lanes_to(tool.locator).lanes) {
          MirrorLane& entry = draft.lane(id);
          entry.lane.condition_since_ms = now_ms;
          update_lane(*connection_, entry);
          fault_point("store.put_tool.lane_written");
        }
        return {};
      });
}

Result<void> SqlStore::remove_tool(const Locator& locator, std::int64_t now_ms) {
  return change<void>(
      {"store.remove_tool.begin", "store.remove_tool.before_commit", "store.remove_tool.after_commit"},
      [&] { return scope_of_tool(locator); },
      [&](Draft& draft) -> Result<void> {
        const Tool* const removed = draft.before().tool(locator);
        if (removed == nullptr) return not_installed(locator);
        connection_->query("DELETE FROM tool WHERE locator = ?1").bind(to_text(locator)).run();
        fault_point("store.remove_tool.tool_removed");
        draft.drop(locator);
        for (const std::int64_t id : draft.before().lanes_to(locator).lanes) {
          MirrorLane& entry = draft.lane(id);
          entry.lane.tool = entry.own_locator;
          const Tool* const own = entry.own_locator == locator ? nullptr : draft.before().tool(entry.own_locator);
          if (standing_of(own) != standing_of(removed)) entry.lane.condition_since_ms = now_ms;
          if (entry.lane.waiting > 0) entry.lane.released = false;
          update_lane(*connection_, entry);
          fault_point("store.remove_tool.lane_written");
        }
        return {};
      });
}

Result<std::optional<Tool>> SqlStore::tool(const Locator& locator) {
  return look<std::optional<Tool>>([&]() -> Result<std::optional<Tool>> {
    const Tool* const found = mirror_.tool(locator);
    return found == nullptr ? std::optional<Tool>() : std::optional<Tool>(*found);
  });
}

Result<std::vector<Tool>> SqlStore::tools() {
  return look<std::vector<Tool>>([&]() -> Result<std::vector<Tool>> {
    std::vector<Tool> all;
    for (const auto& [locator, tool] : mirror_.tools()) all.push_back(tool);
    return all;
  });
}

Result<void> SqlStore::claim(const Locator& from, const Locator& to, std::int64_t now_ms) {
  return change<void>(
      {"store.claim.begin", "store.claim.before_commit", "store.claim.after_commit"},
      [&] {
        Scope scope = scope_of_tool(to);
        add_family(scope, from);
        return scope;
      },
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
          update_lane(*connection_, entry);
          fault_point("store.claim.lane_written");
        }
        return {};
      });
}

Result<std::vector<Lane>> SqlStore::lanes() {
  return look<std::vector<Lane>>([&]() -> Result<std::vector<Lane>> {
    std::map<std::string_view, const Lane*> by_key;
    for (const auto& [id, entry] : mirror_.lanes()) by_key[entry.lane.key] = &entry.lane;
    std::vector<Lane> all;
    all.reserve(by_key.size());
    for (const auto& [key, lane] : by_key) all.push_back(*lane);
    return all;
  });
}

Result<Lane> SqlStore::lane(std::int64_t id) {
  return look<Lane>([&]() -> Result<Lane> {
    const MirrorLane* const found = mirror_.lane(id);
    if (found == nullptr) return no_lane(id);
    Lane shown = found->lane;
    shown.walked_elsewhere = found->holder != 0 && !is_mine(*found);
    return shown;
  });
}

Result<std::vector<Lane>> SqlStore::lanes_of(const Locator& tool) {
  return look<std::vector<Lane>>([&]() -> Result<std::vector<Lane>> {
    std::vector<Lane> found;
    for (const std::int64_t id : mirror_.lanes_to(tool).lanes) found.push_back(mirror_.lane(id)->lane);
    return found;
  });
}

Result<void> SqlStore::hold_lane(std::int64_t id, LaneHold hold, const std::string& reason) {
  return change<void>(
      {"store.hold_lane.begin", "store.hold_lane.before_commit", "store.hold_lane.after_commit"},
      [&] { return scope_of_lane(id); },
      [&](Draft& draft) -> Result<void> {
        if (draft.before().lane(id) == nullptr) return no_lane(id);
        MirrorLane& entry = draft.lane(id);
        entry.lane.hold = hold;
        entry.lane.hold_reason = hold == LaneHold::none ? "" : reason;
        update_lane(*connection_, entry);
        fault_point("store.hold_lane.lane_written");
        return {};
      });
}

}  // namespace ptb
