// What only the store in memory promises: wherever its functions throw, its disk is as before or as after the whole
// call, and what it keeps twice agrees with itself.
#include "support/memory_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

#include "core/fault_point.h"

namespace ptb::test {

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = 0xAB;
  }
};

struct Crash {};

const std::string kToken(32, 'a');

/// Dies at the fault point after `left` others.
int left = -1;
std::string died_at;
void die_in_turn(const char* name) {
  if (left < 0 || left-- > 0) return;
  died_at = name;
  throw Crash{};
}

std::string written(const MemoryLane& entry) {
  const Lane& lane = entry.lane;
  std::ostringstream out;
  out << lane.id << ' ' << lane.key << ' ' << to_text(lane.tool) << " mark " << lane.mark << '/' << lane.last_sequence
      << " waiting " << lane.waiting << " released " << lane.released << " hold " << static_cast<int>(lane.hold)
      << lane.hold_reason << " walk " << lane.last_walk.ordinal << ' ' << lane.last_walk.last << ' '
      << lane.last_walk.ended_at_ms << " kept " << lane.kept_from << '-' << lane.kept_through << " epoch " << lane.epoch
      << lane.split << " since " << lane.condition_since_ms << " reached " << entry.reached << '\n';
  for (const auto& [sequence, stored] : entry.events)
    out << "  " << sequence << ' ' << to_text(stored.event.id) << ' ' << to_text(stored.state) << stored.reason
        << stored.answer << " snapshot " << stored.snapshot << '\n';
  for (const auto& [sequence, key] : entry.spent) out << "  spent " << sequence << '\n';
  for (const auto& [sequence, lease] : entry.leases) out << "  lease " << sequence << ' ' << lease.until_ms << '\n';
  for (const auto& [sequence, all] : entry.failures) out << "  failures " << sequence << ' ' << all.seen.count << '\n';
  for (const auto& [sequence, crossing] : entry.crossings)
    out << "  crossing " << sequence << ' ' << crossing.lane << ' ' << crossing.after << '\n';
  return out.str();
}

/// Everything that a later opening could see.
std::string written(const MemoryDisk& disk) {
  std::ostringstream out;
  out << disk.identity.generation << disk.identity.high_water << '\n';
  for (const auto& [locator, tool] : disk.tools)
    out << to_text(locator) << to_text(tool.state) << tool.suspended << '\n';
  for (const auto& [id, entry] : disk.lanes) out << written(entry);
  for (const auto& [own, all] : disk.siblings)
    if (!all.lanes.empty()) out << to_text(own) << all.epoch << all.split << all.last_free << '\n';
  out << disk.keys.size() << " keys " << disk.snapshots.size() << " snapshots " << disk.audit.size() << " orders "
      << disk.known.size() << " values " << disk.watched.size() << " watched\n";
  for (const auto& [locator, document] : disk.policies) out << to_text(locator) << document << '\n';
  return out.str();
}

void expect_agreement(const MemoryDisk& disk) {
  std::map<std::int64_t, std::int64_t> uses;
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>> crossings;
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>> crossed;
  std::size_t keys = 0;
  for (const auto& [id, entry] : disk.lanes) {
    const Lane& lane = entry.lane;
    std::int64_t pending = 0;
    keys += entry.events.size() + entry.spent.size();
    for (const auto& [sequence, stored] : entry.events) {
      if (stored.state == EventState::pending) ++pending;
      EXPECT_FALSE(stored.state == EventState::pending && (sequence <= lane.mark || sequence < entry.head)) << lane.key;
      if (stored.snapshot != 0) ++uses[stored.snapshot];
      EXPECT_EQ(disk.keys.at(stored.event.id), (Place{id, sequence}));
    }
    EXPECT_EQ(lane.waiting, pending) << lane.key;
    const auto& waiting = entry.siblings->waiting;
    const auto at = waiting.find(lane.epoch);
    EXPECT_EQ(at != waiting.end() && at->second.contains(id), pending > 0) << lane.key;
    EXPECT_EQ(entry.siblings->idle_free.contains(id), pending == 0 && lane.split == "none") << lane.key;
    EXPECT_LE(lane.epoch, entry.siblings->epoch) << lane.key;
    EXPECT_TRUE(disk.lanes_to(lane.tool).contains(id)) << lane.key;
    for (const auto& [sequence, crossing] : entry.crossings)
      crossings.emplace(crossing.lane, crossing.after, id, sequence);
    for (const auto& [after, other, sequence] : entry.crossed_by) crossed.emplace(id, after, other, sequence);
    for (const std::int64_t other : entry.crossed) EXPECT_TRUE(disk.lanes.contains(other)) << lane.key;
  }
  EXPECT_EQ(crossings, crossed);
  EXPECT_EQ(keys, disk.keys.size());
  EXPECT_EQ(uses.size(), disk.snapshots.size());
  for (const auto& [snapshot, count] : uses) EXPECT_EQ(disk.snapshots.at(snapshot).uses, count);
}

CaptureDecision take_all(const CaptureItem& item, const Tool* /*tool*/, const Lane* /*lane*/, bool /*behind*/) {
  // Numbers that end in 7 are ignored.
  if (item.event.id.data[0] % 10 == 7) return {CaptureDecision::Verdict::ignore, {}, "no_handler"};
  return {CaptureDecision::Verdict::defer, Deferral::not_installed, {}};
}

/// Random calls on one store at a time, each of which may die at any of its fault points.
class History {
 public:
  explicit History(unsigned seed) : chance_(seed) { store_.emplace(disk_); }

  void step() {
    now_ += below(2000);
    left = below(4) == 0 ? below(3) : -1;
    const std::string before = left < 0 ? std::string() : written(disk_);
    bool died = false;
    try {
      act();
    } catch (const Crash&) {
      died = true;
    }
    left = -1;
    if (died) {
      const bool committed = died_at.ends_with(".after_commit");
      if (!committed) {
        EXPECT_EQ(written(disk_), before) << died_at;
      }
      deaths_.insert(died_at);
      store_.emplace(disk_);
      walks_.clear();
    }
    expect_agreement(disk_);
  }

  static const std::set<std::string>& deaths() { return deaths_; }

 private:
  int below(int limit) { return static_cast<int>(chance_() % static_cast<unsigned>(limit)); }
  Locator any_locator() { return {"acme", below(2) == 0 ? "quiz" : "wiki"}; }
  std::int64_t any_lane() { return disk_.lanes.empty() ? 1 : 1 + below(static_cast<int>(disk_.lanes.size())); }
  Place any_place() {
    const std::int64_t lane = any_lane();
    const MemoryLane* const found = disk_.lane(lane);
    return {lane, found == nullptr ? 1 : 1 + below(static_cast<int>(found->lane.last_sequence) + 1)};
  }

  CaptureItem any_item() {
    CaptureItem item;
    const int number = ++captured_;
    for (int byte = 0; byte < 4; ++byte) item.event.id.data[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    if (below(10) == 0) item.event.id.data[0] = 1;
    item.event.kind = below(6) == 0 ? EventKind::course_deleted : EventKind::content_imported;
    item.event.locator = any_locator();
    item.event.course_id = std::to_string(below(3));
    item.event.captured_at_ms = now_;
    if (below(2) == 0) item.settings = "settings " + std::to_string(below(3));
    constexpr std::array<const char*, 4> kSplits = {"", "group", "course", "none"};
    if (below(100) == 0) split_ = kSplits[static_cast<std::size_t>(below(4))];
    item.part.split = split_;
    if (split_ == "group" || split_ == "course") item.part.name = std::to_string(below(3));
    if (split_ == "course") item.part.other = std::to_string(below(4));
    return item;
  }

  void capture() {
    std::vector<CaptureBatch> batches(1 + static_cast<std::size_t>(below(2)));
    std::vector<CaptureBatch*> all;
    for (CaptureBatch& batch : batches) {
      for (int item = below(4); item >= 0; --item) batch.items.push_back(any_item());
      all.push_back(&batch);
    }
    EXPECT_TRUE(store_->capture(all, take_all).has_value());
  }

  void begin() {
    const auto begun = store_->begin_walk(any_lane(), now_);
    if (begun && *begun) walks_.push_back(**begun);
  }

  void end() {
    std::vector<EndedWalk> ended;
    for (const Walk& walk : walks_) {
      EndedWalk& one = ended.emplace_back(EndedWalk{walk, {}, {}});
      one.end.completed = below(2) == 0;
      if (one.end.completed) {
        one.end.through = below(2) == 0 ? walk.first : 0;
        continue;
      }
      one.end.error = "refused";
      one.end.stopped_by = walk.first;
      one.end.reached = walk.first;
      one.end.stopper = below(3) == 0 ? EventState::parked : EventState::pending;
      one.end.stopper_reason = one.end.stopper == EventState::parked ? "attempts_used_up" : "";
      if (below(3) == 0) one.end.hold = below(2) == 0 ? LaneHold::suspended : LaneHold::queued;
      one.end.suspend_tool = below(4) == 0;
    }
    walks_.clear();
    static_cast<void>(store_->end_walks(ended, now_));
  }

  void pull() {
    if (!held_.empty() && below(2) == 0) {
      static_cast<void>(store_->end_lease(held_.back().event.id, kToken, below(2) == 0, now_));
      held_.pop_back();
      return;
    }
    const auto lease = store_->take(any_locator(), 3, kToken, now_ + 10000, now_);
    if (lease) held_.insert(held_.end(), lease->events.begin(), lease->events.end());
  }

  void change_tool() {
    Tool tool;
    tool.locator = any_locator();
    tool.state = below(5) == 0 ? ToolState::inactive : ToolState::available;
    switch (below(10)) {
      case 0: static_cast<void>(store_->put_tool(tool, now_)); return;
      case 1: static_cast<void>(store_->remove_tool(tool.locator, now_)); return;
      case 2: static_cast<void>(store_->claim({"acme", "quiz"}, {"acme", "wiki"}, now_)); return;
      default: {
        const auto walks = store_->save_tool(tool.locator, tool.state, now_);
        if (walks) walks_.insert(walks_.end(), walks->begin(), walks->end());
      }
    }
  }

  void act() {
    switch (below(20)) {
      case 0: return end();
      case 1:
      case 16: return change_tool();
      case 2: static_cast<void>(store_->settle(any_place(), EventState::parked, "by_person", "", now_)); return;
      case 3: static_cast<void>(store_->settle(any_place(), EventState::discarded, "by_person", "", now_)); return;
      case 4:
        if (below(4) == 0) static_cast<void>(store_->forget({std::to_string(below(3)), ""}, now_));
        return;
      case 5:
        static_cast<void>(store_->reclaim(
            now_, [](const Locator&) { return 5000LL; }, 20000, 5));
        return;
      case 6:
        static_cast<void>(store_->hold_lane(any_lane(), below(3) == 0 ? LaneHold::queued : LaneHold::none, "why"));
        return;
      case 7: return set_something();
      case 8:
      case 9:
        if (!walks_.empty()) static_cast<void>(store_->advance_mark(walks_.back(), walks_.back().first, now_));
        return;
      case 10:
      case 11:
      case 12: return pull();
      case 13:
      case 14:
      case 15: return begin();
      default: return capture();
    }
  }

  void set_something() {
    switch (below(5)) {
      case 0: static_cast<void>(store_->put_policy(any_locator(), below(2) == 0 ? "<policy/>" : "")); return;
      case 1: static_cast<void>(store_->put_known({any_locator(), "item", "1", "", "x"}, now_)); return;
      case 2: static_cast<void>(store_->put_audit({0, now_, "ann", "hold", "lane 1", ""})); return;
      case 3: static_cast<void>(store_->put_watch(any_locator(), below(2) == 0)); return;
      default: static_cast<void>(store_->put_generation("spring", static_cast<std::uint64_t>(now_))); return;
    }
  }

  inline static std::set<std::string> deaths_;
  std::mt19937 chance_;
  FixedRandom random_;
  MemoryDisk disk_{random_};
  std::optional<MemoryStore> store_;
  std::vector<Walk> walks_;
  std::vector<StoredEvent> held_;
  std::string split_;
  int captured_ = 0;
  std::int64_t now_ = 1'700'000'000'000;
};

}  // namespace

TEST(MemoryStore, WhereverItDiesItsDiskIsAsBeforeOrAsAfter) {
  fault_point_hook = die_in_turn;
  for (unsigned seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int step = 0; step < 300 && !HasFailure(); ++step) history.step();
  }
  fault_point_hook = nullptr;
  for (const char* const function : {"put_generation", "put_tool", "remove_tool", "claim", "put_policy", "hold_lane",
                                     "capture", "begin_walk", "save_tool", "end_walk", "advance_mark", "settle",
                                     "put_known", "take", "end_lease", "put_audit", "put_watch", "forget", "reclaim"})
    for (const char* const point : {"begin", "before_commit", "after_commit"})
      EXPECT_TRUE(History::deaths().contains(fmt::format("store.{}.{}", function, point))) << function << ' ' << point;
}

}  // namespace ptb::test
