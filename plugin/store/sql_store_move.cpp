// A whole store into another one, and how it stays known where it has gone. The copy is one transaction of the other
// database; a crash after it leaves two equal stores, of which the next try takes the second one as it is.
#include <fmt/format.h>

#include <algorithm>

#include "store/sql_store.h"
#include "store/store_copy.h"

namespace ptb {

namespace {

constexpr const char* kMovedTo = "SELECT moved_to FROM meta";
constexpr const char* kMarkMoved = "UPDATE meta SET moved_to = ?1";
constexpr const char* kBridge = "SELECT bridge FROM meta";
constexpr const char* kNote = "INSERT INTO audit (at, who, what, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kLastNote = "SELECT what, target FROM audit ORDER BY number DESC LIMIT 1";

bool is_last_note(Connection& connection, const AuditEntry& entry) {
  auto last = connection.query(kLastNote);
  return last.row() && last.text(0) == entry.what && last.text(1) == entry.target;
}

void note_in(Connection& connection, const AuditEntry& entry) {
  connection.query(kNote).bind(entry.at_ms, entry.who, entry.what, entry.target, entry.detail).run();
}

std::string bridge_in(Connection& connection) {
  auto row = connection.query(kBridge);
  if (!row.row()) return {};
  return {reinterpret_cast<const char*>(row.bytes(0).data()), row.bytes(0).size()};
}

}  // namespace

Error moved_error(const std::string& name, const std::string& place) {
  return {Status::state,
          fmt::format("store {} has moved to {}: the bridge must be closed, and opened there", name, place)};
}

std::string moved_to(Connection& connection) {
  auto row = connection.query(kMovedTo);
  return row.row() ? std::string(row.text(0)) : std::string();
}

void refuse_moved(Connection& connection, const std::string& name) {
  const std::string place = moved_to(connection);
  if (place.empty()) return;
  throw StoreFailure{
      {Status::refused,
       fmt::format("store {} has moved to {}: open that one; what is here stays as it was then", name, place)}};
}

Result<Moved> SqlStore::move_to(Store& other, const AuditEntry& noted) {
  auto* const target = dynamic_cast<SqlStore*>(&other);
  if (target == nullptr || target == this || shared_)
    return fail(Status::argument, "only a bridge whose store is a file can be moved, into another store");
  const std::string place = target->connection_->place();
  const Error gone = moved_error(name_, place);  // said now, since nothing may fail once the mark is set
  bool marked = false;
  try {
    {
      const std::lock_guard guard(mutex_);
      if (const auto refused = refusal()) return fail(*refused);
      refuse_while_walking();
      connection_->refuse(
          {Status::state, fmt::format("store {} is being moved to {}: do it again when that is over", name_, place)});
    }
    // Everybody else is refused from here on: the connection is this thread's.
    try {
      AuditEntry entry = noted;
      entry.target = place;
      write_for_move([&](Draft& draft) {
        // A shared store knows every id by its key; here the newest ones may not have been entered yet.
        enter_keys(draft);
        if (!is_last_note(*connection_, entry)) note_in(*connection_, entry);
      });
      const Moved moved = copy_into(*target, place);
      write_for_move([&](Draft&) {
        connection_->query(kMarkMoved).bind(place).run();
        fault_point("store.move.before_mark");
      });
      marked = true;
      fault_point("store.move.after_mark");
      const std::lock_guard guard(mutex_);
      connection_->refuse(gone);
      return moved;
    } catch (...) {
      const std::lock_guard guard(mutex_);
      if (!marked && connection_ != nullptr && connection_->refusal() &&
          connection_->refusal()->status == Status::state)
        connection_->accept();
      throw;
    }
  } catch (const StoreFailure& failure) {
    return fail(failure.error);
  } catch (const Outdated&) {
    return fail(Status::store,
                fmt::format("the connection to {} was lost amidst the copy; nothing was moved: try again", place));
  }
}

/// A change while everybody else is refused. A write of unknown outcome ends that: then the store is opened again.
template <typename Body>
void SqlStore::write_for_move(Body body) {
  const std::lock_guard guard(mutex_);
  Transaction transaction(*connection_);
  Draft draft(mirror_);
  body(draft);
  transaction.commit();
  draft.take_over();
}

/// Every locator of a lane or a tool, as a shared store locks them.
std::vector<FamilyLock> SqlStore::locks_for_copy() const {
  std::set<std::string> locators;
  for (const auto& [id, entry] : mirror_.lanes()) {
    locators.insert(to_text(entry.own_locator));
    locators.insert(to_text(entry.lane.tool));
  }
  for (const auto& [locator, tool] : mirror_.tools()) locators.insert(to_text(locator));
  std::vector<FamilyLock> locks;
  for (const std::string& locator : locators) locks.push_back({locator, FamilyLock::kAnyVersion});
  return locks;
}

Moved SqlStore::copy_into(SqlStore& target, const std::string& place) {
  Connection& from = *connection_;
  Connection& to = *target.connection_;
  Moved moved;
  const auto count = [&moved](const CopiedRows& rows) {
    moved.rows = rows.rows;
    moved.events = rows.events;
    moved.lanes = rows.lanes;
  };
  if (!has_no_rows(to)) {
    const bool same_bridge = bridge_in(from) == bridge_in(to);
    const CopiedRows mine = same_bridge ? read_rows(from) : CopiedRows();
    if (!same_bridge || mine != read_rows(to))
      throw StoreFailure{
          {Status::refused,
           fmt::format("{} is not empty{}: name another one, or empty it; nothing was moved", place,
                       same_bridge ? ", but holds an earlier copy of this bridge that is not the same any more" : "")}};
    count(mine);
    moved.was_there = true;
    return moved;
  }
  Transaction transaction(to, target.shared_ ? locks_for_copy() : std::vector<FamilyLock>());
  const CopiedRows copied = copy_rows(from, to);
  fault_point("store.move.copied");
  if (const CopiedRows there = read_rows(to); there != copied)
    throw StoreFailure{{Status::store, fmt::format("{} has {} rows where {} were copied, or holds them otherwise than "
                                                   "they were sent: nothing was moved",
                                                   place, there.rows, copied.rows)}};
  transaction.commit();
  fault_point("store.move.committed");
  count(copied);
  return moved;
}

}  // namespace ptb
