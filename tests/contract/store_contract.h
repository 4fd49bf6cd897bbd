// What every implementation of Store must keep: the fixture of the contract suite. A test names no implementation; it
// gets an empty place for a store, which it may open again as often as it likes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/store.h"

namespace ptb::test {

/// Bytes that repeat from run to run.
class CountingRandom final : public Random {
 public:
  explicit CountingRandom(unsigned char seed = 1) : next_(seed) {}
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = next_++;
  }

 private:
  unsigned char next_;
};

/// Where a store lives between openings.
class StorePlace {
 public:
  virtual ~StorePlace() = default;
  virtual Result<std::unique_ptr<Store>> open() = 0;
  [[nodiscard]] virtual bool is_file() const { return true; }  ///< false: it takes no place on a disk
  virtual std::uintmax_t bytes() = 0;                          ///< what it takes on disk while it is closed
  virtual std::int64_t count_snapshots() = 0;                  ///< while it is closed
  /// Some file of the store has these bytes, free pages and logs included. Also while it is open.
  virtual bool holds(const std::string& text) = 0;
};

struct StoreKind {
  const char* name;
  std::function<std::unique_ptr<StorePlace>()> make;
};

inline constexpr std::int64_t kNow = 1'700'000'000'000;
inline constexpr std::int64_t kDay = 86'400'000;

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    place_ = GetParam().make();
    reopen();
  }

  void reopen() {
    store_.reset();
    auto opened = place_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    store_ = std::move(*opened);
  }

  /// Closes the store, so that its place can be looked at.
  void release() { store_.reset(); }

  Store& store() { return *store_; }
  StorePlace& place() { return *place_; }

  static Locator locator(const std::string& program) { return {"acme", program}; }

  void install(const std::string& program, ToolState state = ToolState::available, std::int64_t now_ms = kNow) {
    Tool tool;
    tool.locator = locator(program);
    tool.guid = "0123456789abcdef0123456789abcdef";
    tool.descriptor = "<tool-profile/>";
    tool.state = state;
    tool.options.wire = "proxy-tool";
    expect_ok(store().put_tool(tool, now_ms));
  }

  /// An event whose id is made of the number alone.
  static CaptureItem item(int number, const std::string& program = "quiz",
                          EventKind kind = EventKind::content_imported) {
    CaptureItem made;
    made.event.id = id(number);
    made.event.kind = kind;
    made.event.locator = locator(program);
    made.event.operation = "op-" + std::to_string(number);
    made.event.course_id = "_5_1";
    made.event.content_id = "_" + std::to_string(number) + "_1";
    made.event.arguments = encode_pairs({{"type", "exact"}, {"content_id", made.event.content_id}});
    made.event.context = encode_pairs({{"course_label", "Grüße"}});
    made.event.occurred_at_ms = kNow - 5;
    made.event.captured_at_ms = kNow;
    return made;
  }

  /// The same in the part of its tool's lanes that a policy says.
  static CaptureItem split(CaptureItem made, const std::string& how, const std::string& name = {},
                           const std::string& other = {}) {
    made.part = {how, name, other};
    return made;
  }

  static EventId id(int number) {
    EventId made{};
    for (int byte = 0; byte < 4; ++byte) made.data[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    made.data[8] = 0x80;
    return made;
  }

  /// The table of core, with what the store says of tool and lane.
  static CaptureDecision decide(const CaptureItem& item, const Tool* tool, const Lane* lane, bool behind) {
    ToolCondition condition;
    condition.lane_has_backlog = behind;
    if (tool != nullptr) condition.installed_as = tool->state;
    if (lane != nullptr) {
      condition.lane_has_backlog = behind || lane->waiting > 0;
      condition.lane_released = lane->released;
      condition.lane_held = lane->hold == LaneHold::held;
      condition.lane_suspended = lane->hold == LaneHold::suspended;
    }
    return decide_capture(item.event.kind, condition);
  }

  std::vector<CaptureAnswer> capture(std::vector<CaptureItem> items) {
    CaptureBatch batch;
    batch.items = std::move(items);
    CaptureBatch* const batches[] = {&batch};
    expect_ok(store().capture(batches, decide));
    return batch.answers;
  }
  CaptureAnswer capture(const CaptureItem& one) {
    auto answers = capture(std::vector<CaptureItem>{one});
    return answers.empty() ? CaptureAnswer{} : answers.front();
  }
  /// `count` events of one call, numbered from `first`.
  std::vector<CaptureAnswer> capture_many(int first, int count, const std::string& program = "quiz",
                                          const std::string& settings = {}) {
    std::vector<CaptureItem> items;
    for (int number = first; number < first + count; ++number) {
      items.push_back(item(number, program));
      items.back().settings = settings;
    }
    return capture(std::move(items));
  }

  Lane lane(const std::string& program = "quiz") {
    const auto lanes = store().lanes();
    EXPECT_TRUE(lanes.has_value());
    for (const auto& found : *lanes)
      if (found.key == "acme/" + program) return found;
    ADD_FAILURE() << "no lane for " << program;
    return {};
  }

  Lane lane_at(std::int64_t id) {
    const auto found = store().lane(id);
    EXPECT_TRUE(found.has_value()) << "no lane " << id;
    return found.has_value() ? *found : Lane{};
  }
  std::int64_t lane_of(int number) { return found(number).place.lane; }

  Walk begin(const std::string& program = "quiz", std::int64_t now_ms = kNow) {
    return begin_in(lane(program).id, now_ms);
  }
  Walk begin_in(std::int64_t lane, std::int64_t now_ms = kNow) {
    const auto begun = store().begin_walk(lane, now_ms);
    EXPECT_TRUE(begun.has_value() && begun->has_value()) << "no walk began in lane " << lane;
    return begun.has_value() && begun->has_value() ? **begun : Walk{};
  }
  bool may_begin(const std::string& program = "quiz") { return may_begin_in(lane(program).id); }
  bool may_begin_in(std::int64_t lane, std::int64_t now_ms = kNow) {
    const auto begun = store().begin_walk(lane, now_ms);
    return begun.has_value() && begun->has_value();
  }
  std::vector<StoredEvent> end(const Walk& walk, const WalkEnd& how, std::int64_t now_ms = kNow + 1000) {
    std::vector<StoredEvent> dropped;
    expect_ok(store().end_walk(walk, how, now_ms, dropped));
    return dropped;
  }
  void complete(const Walk& walk, std::int64_t now_ms = kNow + 1000) {
    WalkEnd how;
    how.reached = walk.last;
    how.completed = true;
    end(walk, how, now_ms);
  }
  std::vector<StoredEvent> stop(const Walk& walk, std::int64_t stopped_by, std::int64_t now_ms = kNow + 1000) {
    WalkEnd how;
    how.reached = stopped_by;
    how.stopped_by = stopped_by;
    how.error = "connection refused";
    return end(walk, how, now_ms);
  }
  /// Captured, walked and acknowledged.
  void deliver(int first, int count, std::int64_t now_ms = kNow + 1000, const std::string& settings = {}) {
    capture_many(first, count, "quiz", settings);
    complete(begin("quiz", now_ms), now_ms);
  }

  StoredEvent found(int number) {
    const auto event = store().find(id(number));
    EXPECT_TRUE(event.has_value() && event->has_value()) << "event " << number << " is not there";
    return event.has_value() && event->has_value() ? **event : StoredEvent{};
  }
  bool is_there(int number) {
    const auto event = store().find(id(number));
    EXPECT_TRUE(event.has_value());
    return event.has_value() && event->has_value();
  }
  std::vector<std::int64_t> waiting(const std::string& program = "quiz") {
    const auto events = store().read_waiting(lane(program).id, 0, 1'000'000, 1000);
    EXPECT_TRUE(events.has_value());
    std::vector<std::int64_t> sequences;
    for (const auto& event : *events) sequences.push_back(event.place.sequence);
    return sequences;
  }
  /// The same retention for all tools.
  static ReceiptRetention keep(std::int64_t receipts_ms) {
    return [receipts_ms](const Locator&) { return receipts_ms; };
  }
  /// Rounds until nothing is left; the number of calls it took.
  int reclaim_all(std::int64_t now_ms, std::int64_t receipts_ms, std::int64_t keys_ms, int pieces = 50) {
    for (int calls = 1; calls < 100'000; ++calls) {
      const auto more = store().reclaim(now_ms, keep(receipts_ms), keys_ms, pieces);
      EXPECT_TRUE(more.has_value()) << more.error().text;
      if (!more.has_value() || !*more) return calls;
    }
    ADD_FAILURE() << "reclaim never ends";
    return 0;
  }

  template <typename Value>
  static void expect_ok(const Result<Value>& result) {
    EXPECT_TRUE(result.has_value()) << (result.has_value() ? "" : result.error().text);
  }
  template <typename Value>
  static void expect_status(const Result<Value>& result, Status status) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().status, status) << result.error().text;
    EXPECT_FALSE(result.error().text.empty());
    EXPECT_EQ(result.error().text.find('\n'), std::string::npos);
  }

 private:
  std::unique_ptr<StorePlace> place_;
  std::unique_ptr<Store> store_;
};

}  // namespace ptb::test
