// After a write whose outcome nobody knows: the database is opened again, as at the store's opening, and what was
// promised is looked for in it before anything else is promised.
#include <fmt/format.h>

#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

std::optional<Error> SqlStore::refusal() {
  if (connection_ != nullptr) {
    const auto& refused = connection_->refusal();
    if (!refused) return std::nullopt;
    if (!reopen_ || refused->status != Status::store) return refused;
  }
  try {
    open_again();
    return connection_->refusal();
  } catch (const StoreFailure& failure) {
    return failure.error;
  }
}

/// Where that fails there is no connection, and the next call tries again.
void SqlStore::open_again() {
  if (copy_under_way_ != nullptr) copy_under_way_->give_up();
  connection_.reset();
  auto connection = reopen_();
  Mirror found = load_mirror(*connection);
  if (auto useless = made_useless(*connection, found)) {
    connection->refuse(std::move(*useless));
    connection_ = std::move(connection);
    return;
  }
  if (const std::string missing = missing_in(*connection, found); !missing.empty()) {
    connection->refuse({Status::damaged, fmt::format("store {} was opened again after a failed write and has not all "
                                                     "that it had accepted ({}): keep a copy, check the disk and "
                                                     "restore it from a backup",
                                                     name_, missing)});
    connection_ = std::move(connection);
    return;
  }
  for (const auto& [id, before] : mirror_.lanes()) {
    if (!before.walked_here) continue;
    MirrorLane now = *found.lane(id);
    now.walked_here =
        now.lane.last_walk.ordinal == before.lane.last_walk.ordinal && now.lane.last_walk.ended_at_ms == 0;
    found.put(std::move(now));
  }
  mirror_ = std::move(found);
  recent_settings_.clear();
  round_ = {};
  connection_ = std::move(connection);
}

/// The write of unknown outcome that ends this store's time has happened: it was marked as moved, or begun anew.
std::optional<Error> SqlStore::made_useless(Connection& connection, const Mirror& found) const {
  if (const std::string place = moved_to(connection); !place.empty()) return moved_error(name_, place);
  if (new_bridge_ && found.identity().bridge == *new_bridge_) return Error{Status::state, kOpenAnew};
  return std::nullopt;
}

/// What the mirror knows to be stored and the database does not say; empty: it says it all. It may say more: the last
/// change may have been stored after all.
std::string SqlStore::missing_in(Connection& connection, const Mirror& found) const {
  if (found.identity().bridge != mirror_.identity().bridge) return "it is another store";
  for (const auto& [id, promised] : mirror_.lanes()) {
    const MirrorLane* const there = found.lane(id);
    const Lane& lane = promised.lane;
    if (there == nullptr) return fmt::format("lane {} is gone", lane.key);
    if (there->lane.last_sequence < lane.last_sequence)
      return fmt::format("lane {} ends at {} and not at {}", lane.key, there->lane.last_sequence, lane.last_sequence);
    if (there->lane.mark < lane.mark)
      return fmt::format("lane {} is settled up to {} and not to {}", lane.key, there->lane.mark, lane.mark);
  }
  for (const auto& [id, place] : mirror_.unentered_keys()) {
    const auto at = found.unentered_keys().find(id);
    if (at != found.unentered_keys().end() && at->second == place) continue;
    auto key = connection.query("SELECT place FROM event_key WHERE event_id = ?1");
    key.bind(std::span<const unsigned char>(id.begin(), id.size()));
    if (!key.row() || key.integer(0) != place) return fmt::format("event {} is gone", to_text(id));
  }
  return {};
}

}  // namespace ptb
