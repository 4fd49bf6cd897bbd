// A store that several processes share. Each keeps its mirror, and the version of every locator that the mirror has; a
// transaction says which versions it was built on, and where one of them is old it is done again on what is there now.
// Only what runs on PostgreSQL comes here.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/lane_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

/// Readers see what other processes did no later than after this time. Changes always see it.
constexpr std::int64_t kKeepUpMs = 50;
constexpr std::int64_t kTellAgainMs = 10'000;
/// Whoever has planned a further attempt makes it himself unless he is gone.
constexpr std::int64_t kAfterPlanMs = 10'000;

constexpr const char* kFamilies = "SELECT locator, version, tool_version FROM family";
constexpr const char* kToolVersion = "SELECT tool_version FROM family WHERE locator = ?1";
constexpr const char* kToolChanged = "UPDATE family SET tool_version = version WHERE locator = ?1";
constexpr const char* kFirstStanding =
    "INSERT INTO lane_standing (lane, own, version, holder, wanted) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kStanding = "UPDATE lane_standing SET version = ?2, holder = ?3, wanted = ?4 WHERE lane = ?1";
constexpr const char* kTellOthers = "SELECT pg_notify('ptbridge', '')";
// A clock that was put back must not let the dead hold on for as long.
#define PTB_IS_ALIVE "until BETWEEN clock_timestamp() AND clock_timestamp() + interval '20 seconds'"
constexpr const char* kLeftLanes =
    "SELECT lane FROM lane_standing WHERE holder <> 0 AND NOT EXISTS (SELECT 1 FROM node WHERE number = holder "
    "AND " PTB_IS_ALIVE ") ORDER BY lane LIMIT 1000";
constexpr const char* kForgetNodes =
    "DELETE FROM node WHERE number IN (SELECT holder FROM lane_standing WHERE holder <> 0) AND NOT (" PTB_IS_ALIVE ")";
constexpr const char* kForgetNode = "DELETE FROM node WHERE number = ?1 AND NOT (" PTB_IS_ALIVE ")";
constexpr const char* kNodes = "SELECT number, name, " PTB_IS_ALIVE
                               ", (SELECT count(*) FROM lane_standing WHERE holder = number) FROM node ORDER BY number";
constexpr const char* kNode = "SELECT 1 FROM node WHERE number = ?1";

/// What follows is not to be sent, or not to that tool.
bool is_stopped(const MirrorLane& before, const MirrorLane& now) {
  return (before.lane.hold == LaneHold::none && now.lane.hold != LaneHold::none) || before.lane.tool != now.lane.tool;
}

/// Fewer events wait than those that have come explain.
bool is_settled_in(const MirrorLane& before, const MirrorLane& now) {
  return now.lane.waiting - before.lane.waiting < now.lane.last_sequence - before.lane.last_sequence;
}

Locator stored_locator(std::string_view text) {
  auto locator = locator_from(text);
  if (!locator)
    throw StoreFailure{{Status::damaged, "the store holds a locator that makes no sense: restore it from a backup"}};
  return std::move(*locator);
}

}  // namespace

std::int64_t boot_time_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

// ---- what this process knows

void SqlStore::learn_all() {
  if (knows_all_) return;
  mirror_ = load_mirror(*connection_);
  knows_all_ = true;
}

/// With the tool that its lanes are delivered to.
void SqlStore::learn(const Locator& own) {
  if (knows_all_) return;
  const auto learn_one = [&](const Locator& locator) {
    if (learned_.contains(locator)) return;
    load_family(*connection_, locator, mirror_);
    learned_.insert(locator);
  };
  learn_one(own);
  if (const Family* const family = mirror_.family(own); family != nullptr) learn_one(Locator(family->tool));
}

// ---- what transactions touch

void SqlStore::add_family(Scope& scope, const Locator& own) const {
  scope.insert(own);
  if (const Family* const family = mirror_.family(own); family != nullptr) scope.insert(family->tool);
}

SqlStore::Scope SqlStore::scope_of_lane(std::int64_t lane) {
  if (shared_ && mirror_.lane(lane) == nullptr) take_in_changes();
  Scope scope;
  if (const MirrorLane* const found = mirror_.lane(lane); found != nullptr) add_family(scope, found->own_locator);
  return scope;
}

SqlStore::Scope SqlStore::scope_of_tool(const Locator& tool) const {
  Scope scope{tool};
  for (const std::int64_t lane : mirror_.lanes_to(tool).lanes) scope.insert(mirror_.lane(lane)->own_locator);
  return scope;
}

SqlStore::Scope SqlStore::everything() const {
  Scope scope;
  for (const auto& [locator, version] : mirror_.versions()) scope.insert(locator);
  return scope;
}

// ---- one transaction

Error SqlStore::too_busy() const {
  return {Status::store, fmt::format("store {}: {} attempts to change something were all overtaken by other processes; "
                                     "nothing was changed: try again",
                                     name_, kMostAttempts)};
}

std::vector<FamilyLock> SqlStore::locks_for(const Scope& scope, bool whatever_version) const {
  std::vector<FamilyLock> locks;
  for (const Locator& locator : scope)
    locks.push_back({to_text(locator), whatever_version ? FamilyLock::kAnyVersion : mirror_.version(locator).version});
  std::sort(locks.begin(), locks.end(),
            [](const FamilyLock& one, const FamilyLock& other) { return one.locator < other.locator; });
  return locks;
}

/// The mirror becomes what is there now, which nobody else changes until this transaction is over.
void SqlStore::catch_up(const std::vector<FamilyLock>& locks) {
  const auto found = connection_->locked_versions();
  for (std::size_t at = 0; at < locks.size(); ++at) {
    const Locator locator = stored_locator(locks[at].locator);
    if (mirror_.version(locator).version != found[at]) take_in_family(locator, found[at]);
  }
}

/// What is touched, as far as is known now, may be more than was locked.
bool SqlStore::covers(const std::vector<FamilyLock>& locks, const Scope& scope) {
  return std::all_of(scope.begin(), scope.end(), [&](const Locator& locator) {
    const std::string text = to_text(locator);
    return std::any_of(locks.begin(), locks.end(), [&](const FamilyLock& lock) { return lock.locator == text; });
  });
}

void SqlStore::write_standings(const Draft& draft) {
  bool tell = false;
  for (const auto& [id, entry] : draft.changed_lanes()) {
    const MirrorLane* const before = draft.before().lane(id);
    const std::int64_t version = mirror_.version(entry.own_locator).version + 1;
    const auto wanted = static_cast<int>(entry.wanted);
    if (before == nullptr)
      connection_->query(kFirstStanding).bind(id, to_text(entry.own_locator), version, entry.holder, wanted).run();
    else
      connection_->query(kStanding).bind(id, version, entry.holder, wanted).run();
    tell = tell || (entry.wanted != Wanted::no && (before == nullptr || before->wanted != entry.wanted)) ||
           (before != nullptr && entry.holder != 0 && !is_mine(entry) &&
            (is_stopped(*before, entry) || is_settled_in(*before, entry)));
  }
  for (const Locator& locator : draft.changed_tools()) {
    connection_->query(kToolChanged).bind(to_text(locator)).run();
    tell = true;
  }
  if (tell) connection_->query(kTellOthers).run();
}

void SqlStore::committed_to(const std::vector<FamilyLock>& locks, const std::set<Locator>& changed_tools) {
  mirror_.clear_unentered_keys();
  for (const FamilyLock& lock : locks) {
    const Locator locator = stored_locator(lock.locator);
    FamilyVersion version = mirror_.version(locator);
    ++version.version;
    if (changed_tools.contains(locator)) version.tool_version = version.version;
    mirror_.put(locator, version);
  }
  note_node();
}

void SqlStore::note_node() {
  node_ = connection_->node().number;
  held_until_ms_ = connection_->held_until_ms();
}

// ---- what others do

void SqlStore::keep_up() {
  const std::int64_t now_ms = boot_time_ms();
  if (now_ms - kept_up_at_ms_ < kKeepUpMs) return;
  take_in_changes();
  kept_up_at_ms_ = now_ms;
}

void SqlStore::take_in_changes() {
  struct Seen {
    Locator locator;
    FamilyVersion version;
  };
  std::vector<Seen> changed;
  {
    auto row = connection_->query(kFamilies);
    while (row.row()) {
      Locator locator = stored_locator(row.text(0));
      const std::int64_t version = row.integer(1);
      if (!knows_all_ && !learned_.contains(locator)) continue;
      if (mirror_.version(locator).version != version) changed.push_back({std::move(locator), {version, 0}});
    }
  }
  for (const auto& [locator, version] : changed) take_in_family(locator, version.version);
}

/// `version` was read first: what is read now may be newer, never older.
void SqlStore::take_in_family(const Locator& locator, std::int64_t version) {
  const FamilyVersion known = mirror_.version(locator);
  // A store that was put back counts from lower on.
  const std::int64_t since = version > known.version ? known.version : 0;
  std::int64_t tool_version = 0;
  {
    auto row = connection_->query(kToolVersion);
    if (row.bind(to_text(locator)).row()) tool_version = row.integer(0);
  }
  if (tool_version != known.tool_version) take_in_tool(locator);
  for (MirrorLane& entry : load_lanes(*connection_, to_text(locator), since)) take_in_lane(std::move(entry));
  mirror_.put(locator, {version, tool_version});
}

void SqlStore::take_in_tool(const Locator& locator) {
  if (auto tool = load_tool(*connection_, to_text(locator)))
    mirror_.put(std::move(*tool));
  else
    mirror_.drop(locator);
  news_.changed.insert(locator);
}

void SqlStore::take_in_lane(MirrorLane entry) {
  const MirrorLane* const before = mirror_.lane(entry.lane.id);
  const std::int64_t id = entry.lane.id;
  entry.walked_here = is_mine(entry);
  const LastWalk& walk = entry.lane.last_walk;
  if (before != nullptr && is_mine(entry) && is_stopped(*before, entry)) news_.stopped.insert(id);
  if (before != nullptr && is_mine(entry) && is_settled_in(*before, entry)) news_.reread.insert(id);
  if (before != nullptr &&
      (before->lane.last_walk.ordinal != walk.ordinal || before->lane.last_walk.ended_at_ms != walk.ended_at_ms))
    news_.walked.insert(id);
  if (entry.wanted != Wanted::no && (before == nullptr || before->wanted != entry.wanted)) {
    if (entry.wanted == Wanted::again && is_mine(entry))
      news_.restarted.insert(id);
    else
      news_.wanted.insert(id);
  }
  mirror_.put(std::move(entry));
}

/// Whoever was told of a lane, or has captured for it, or planned to try again, may have gone before it was walked.
void SqlStore::tell_again(std::int64_t now_ms) {
  told_again_at_ms_ = boot_time_ms();
  for (const auto& [id, entry] : mirror_.lanes())
    if (entry.holder == 0 && may_walk(entry.lane, mirror_.tool(entry.lane.tool)) &&
        (entry.wanted != Wanted::no || is_owed_a_walk(entry, now_ms)))
      news_.wanted.insert(id);
}

bool SqlStore::is_owed_a_walk(const MirrorLane& entry, std::int64_t now_ms) const {
  if (mirror_.family(entry.own_locator)->waits_before(entry.lane.epoch)) return false;
  const LastWalk& last = entry.lane.last_walk;
  if (last.ordinal != 0 && last.ended_at_ms == 0) return true;
  if (entry.lane.last_sequence > last.last) return true;
  return last.not_before_ms != 0 && now_ms - last.not_before_ms > kAfterPlanMs;
}

bool SqlStore::is_mine(const MirrorLane& entry) const {
  return entry.holder != 0 && entry.holder == connection_->node().number;
}

/// Within a transaction. A node that has not been heard of for the time of a lease is shut out.
bool SqlStore::is_walked_elsewhere(MirrorLane& entry) {
  if (entry.holder == 0 || is_mine(entry)) return false;
  connection_->query(kForgetNode).bind(entry.holder).run();
  auto node = connection_->query(kNode);
  if (node.bind(entry.holder).row()) return true;
  entry.holder = 0;
  return false;
}

bool SqlStore::is_under_way(const MirrorLane* entry, const Walk& walk) const {
  return entry != nullptr && entry->lane.last_walk.ordinal == walk.ordinal && entry->lane.last_walk.ended_at_ms == 0 &&
         (!shared_ || (is_mine(*entry) && entry->holder == walk.node));
}

/// On a shared store the first attempt does not ask: an event that was captured before makes it fail.
std::optional<std::int64_t> SqlStore::key_to_ask_for(const EventId& id) {
  return shared_ && !asks_for_keys_ ? std::nullopt : entered_key(id);
}

Result<StoreNews> SqlStore::news(bool look_closely, std::int64_t now_ms) {
  if (!shared_) return StoreNews{};
  auto left = look<std::set<std::int64_t>>([&]() -> Result<std::set<std::int64_t>> {
    std::set<std::int64_t> found;
    if (connection_->heard().empty() && !look_closely) return found;
    take_in_changes();
    auto row = connection_->query(kLeftLanes);
    while (row.row()) found.insert(row.integer(0));
    if (boot_time_ms() - told_again_at_ms_ >= kTellAgainMs) tell_again(now_ms);
    return found;
  });
  if (!left) return fail(left.error());
  if (!left->empty()) left = take_over(*left);
  if (!left) return fail(left.error());
  const std::lock_guard guard(mutex_);
  news_.taken_over = *left;
  news_.wanted.insert(left->begin(), left->end());
  return std::exchange(news_, {});
}

/// Their walkers have not been heard of for the time of a lease, or have gone: what they still try to settle is
/// refused.
Result<std::set<std::int64_t>> SqlStore::take_over(const std::set<std::int64_t>& left) {
  return change<std::set<std::int64_t>>(
      {"store.take_over.begin", "store.take_over.before_commit", "store.take_over.after_commit"},
      [&] {
        Scope scope;
        for (const std::int64_t lane : left) scope.merge(scope_of_lane(lane));
        return scope;
      },
      [&](Draft& draft) -> Result<std::set<std::int64_t>> {
        connection_->query(kForgetNodes).run();
        fault_point("store.take_over.nodes_removed");
        std::set<std::int64_t> taken;
        auto row = connection_->query(kLeftLanes);
        while (row.row())
          if (left.contains(row.integer(0))) taken.insert(row.integer(0));
        for (const std::int64_t lane : taken) {
          MirrorLane& entry = draft.lane(lane);
          entry.holder = 0;
          entry.walked_here = false;
          if (entry.lane.waiting > 0) entry.wanted = Wanted::yes;
        }
        return taken;
      });
}

/// Whoever has it open goes on under the identity that is to end.
void SqlStore::refuse_while_others_live() {
  if (!shared_) return;
  auto row = connection_->query(kNodes);
  while (row.row())
    if (row.integer(0) != connection_->node().number && row.integer(2) != 0)
      throw StoreFailure{{Status::state, fmt::format("store {}: process {} has it open: close all others, and wait 20 "
                                                     "seconds for those that died; then do it again",
                                                     name_, row.text(1))}};
}

Result<std::vector<StoreNode>> SqlStore::nodes() {
  using Nodes = std::vector<StoreNode>;
  if (!shared_) return Nodes();
  return look<Nodes>([&]() -> Result<Nodes> {
    Nodes found;
    auto row = connection_->query(kNodes);
    while (row.row())
      found.push_back({row.integer(0), std::string(row.text(1)), row.integer(0) == connection_->node().number,
                       row.integer(2) != 0, row.integer(3)});
    return found;
  });
}

bool SqlStore::may_send(const Walk& walk) const {
  return !shared_ || (walk.node == node_ && boot_time_ms() < held_until_ms_);
}

Result<void> SqlStore::renew() {
  if (!shared_) return {};
  return look<void>([&]() -> Result<void> {
    connection_->renew();
    note_node();
    return {};
  });
}

}  // namespace ptb
