#include "disk/player.h"

#include <algorithm>

#include "store/sqlite_store.h"

namespace ptb::test {

namespace {

class ChanceOf final : public Random {
 public:
  explicit ChanceOf(unsigned seed) : chance_(seed) {}
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = static_cast<unsigned char>(chance_());
  }

 private:
  std::mt19937 chance_;
};

Locator locator_of(char tool) { return {"acme", std::string("tool") + tool}; }

/// What the engine's own decision comes to: whatever can wait, waits.
CaptureDecision wait(const CaptureItem&, const Tool* tool, const Lane*, bool) {
  return {CaptureDecision::Verdict::defer, tool == nullptr ? Deferral::not_installed : Deferral::behind_backlog, {}};
}

std::int64_t at_once(const Locator&) { return 0; }
constexpr std::int64_t kKeysForever = 4000LL * 86'400'000;

}  // namespace

OpenStore usual_store(std::int64_t reserve_bytes) {
  return [reserve_bytes](const std::string& path) -> Result<std::unique_ptr<Store>> {
    ChanceOf random(7);
    auto opened = open_sqlite_store({.path = path, .migrate = true, .reserve_bytes = reserve_bytes}, random);
    if (!opened) return fail(opened.error());
    return std::unique_ptr<Store>(std::move(*opened));
  };
}

Player::Player(std::string path, Ledger& ledger, std::function<DiskTime()> now, Memory memory)
    : path_(std::move(path)), ledger_(ledger), now_(std::move(now)), memory_(std::move(memory)) {}

Player::~Player() = default;

template <typename Value>
bool Player::fine(const Result<Value>& result) {
  if (!result) errors.push_back(result.error());
  return result.has_value();
}

template <typename Value>
bool Player::done(Act& act, const Result<Value>& result) {
  const bool well = fine(result);
  if (well)
    act.done = now_();
  else
    act.failed = true;
  if (when_done) when_done();
  return well;
}

bool Player::open() {
  Act& act = ledger_.begin(Act::Kind::open, now_());
  auto opened = opening(path_);
  for (int tried = 1; !fine(opened) && tried < tries; ++tried) opened = opening(path_);
  if (!opened) return false;
  store_ = std::move(*opened);
  act.bridge = store_->identity().bridge;
  if (when_open) when_open();
  return done(act, Result<void>());
}

void Player::close() {
  if (store_ && before_close) before_close(*this);
  store_.reset();
}

void Player::install(char tool) {
  if (!store_) return;
  Act& act = ledger_.begin(Act::Kind::save, now_());
  act.tool = locator_of(tool);
  act.saved = ToolState::unavailable;
  Tool installed;
  installed.locator = act.tool;
  installed.guid = "0123456789abcdef0123456789abcdef";
  installed.descriptor = "<tool-profile/>";
  installed.state = act.saved;
  installed.options.wire = "proxy-tool";
  done(act, store_->put_tool(installed, tick()));
}

void Player::save(char tool, ToolState state) {
  if (!store_) return;
  Act& act = ledger_.begin(Act::Kind::save, now_());
  act.tool = locator_of(tool);
  act.saved = state;
  const auto walks = store_->save_tool(act.tool, state, tick());
  if (!done(act, walks)) return;
  for (const Walk& walk : *walks) walk_lane(walk, static_cast<int>(below(3)) + 1, 0);
}

void Player::capture(int events, int callers) {
  if (!store_) return;
  std::vector<CaptureBatch> batches(static_cast<std::size_t>(callers));
  Act asked;
  for (CaptureBatch& batch : batches) {
    ++memory_.call;
    for (int i = 0; i < events; ++i) {
      asked.numbers.push_back(memory_.next);
      asked.calls.push_back(memory_.call);
      batch.items.push_back(item_of(memory_.next++));
    }
  }
  // A host captures again what it cannot prove to have captured.
  constexpr int kTries = 3;
  for (int tried = 0; tried < kTries; ++tried)
    if (capture_once(asked, batches)) return;
}

bool Player::capture_once(const Act& asked, std::vector<CaptureBatch>& batches) {
  std::vector<CaptureBatch*> together;
  for (CaptureBatch& batch : batches) together.push_back(&batch);
  Act& act = ledger_.begin(Act::Kind::capture, now_());
  act.numbers = asked.numbers;
  act.calls = asked.calls;
  if (slip == Slip::capture_said_too_early) act.done = act.begun;
  const auto result = store_->capture(together, wait);
  for (const CaptureBatch& batch : batches)
    for (const CaptureAnswer& answer : batch.answers) act.places.push_back(answer.place);
  const DiskTime said = act.done;
  const bool well = done(act, result);
  if (slip == Slip::capture_said_too_early) act.done = said;
  return well;
}

void Player::walk(int answers, int group) {
  if (!store_) return;
  const auto lanes = store_->lanes();
  if (!fine(lanes)) return;
  for (const Lane& lane : *lanes) {
    const auto begun = store_->begin_walk(lane.id, tick());
    if (fine(begun) && *begun) walk_lane(**begun, answers, group);
  }
}

void Player::walk_lane(const Walk& walk, int answers, int group) {
  constexpr int kPage = 8;
  int answered = 0;
  std::int64_t reached = walk.first - 1;
  std::int64_t marked = 0;
  for (;;) {
    const auto page = store_->read_waiting(walk.lane, reached, walk.last, kPage);
    if (!fine(page)) return;
    for (const StoredEvent& event : *page) {
      if (answers != 0 && answered == answers) return end(walk, event.place.sequence, event.place.sequence, marked);
      if (slip == Slip::mark_before_answer && group != 0) mark(walk, event.place.sequence);
      Act& act = ledger_.begin(Act::Kind::answer, now_());
      act.place = event.place;
      act.done = act.begun;
      reached = event.place.sequence;
      ++answered;
      if (group == 0 || answered % group != 0) continue;
      mark(walk, reached);
      marked = reached;
    }
    if (page->size() < kPage) break;
  }
  end(walk, walk.last, 0, 0);
}

void Player::mark(const Walk& walk, std::int64_t through) {
  Act& act = ledger_.begin(Act::Kind::mark, now_());
  act.place = {walk.lane, through};
  done(act, store_->advance_mark(walk, through, tick()));
}

void Player::end(const Walk& walk, std::int64_t reached, std::int64_t stopped_by, std::int64_t settled) {
  WalkEnd how;
  how.reached = reached;
  how.completed = stopped_by == 0;
  how.stopped_by = stopped_by;
  how.settled = settled;
  if (!how.completed) how.error = "connection refused";
  Act& act = ledger_.begin(Act::Kind::mark, now_());
  act.place = {walk.lane, how.completed ? walk.last : settled};
  std::vector<StoredEvent> dropped;
  done(act, store_->end_walk(walk, how, tick(), dropped));
}

void Player::settle_some(EventState from, EventState to) {
  if (!store_) return;
  EventFilter filter;
  filter.state = static_cast<EventFilterState>(static_cast<int>(from) + 1);
  const auto found = store_->list(filter);
  if (!fine(found) || found->empty()) return;
  const StoredEvent& event = (*found)[below(found->size())];
  Act& act = ledger_.begin(Act::Kind::settle, now_());
  int number = 0;
  for (int byte = 3; byte >= 0; --byte) number = number << 8 | event.event.id.data[byte];
  act.numbers.push_back(number);
  act.state = to;
  if (slip == Slip::settled_said_too_early) act.done = act.begun;
  const auto result = store_->settle(event.place, to, to == EventState::delivered ? "" : "by_hand", "answer", tick());
  if (slip == Slip::settled_said_too_early) return;
  done(act, result);
}

void Player::reclaim(int pieces) {
  if (!store_) return;
  Act& act = ledger_.begin(Act::Kind::reclaim, now_());
  done(act, store_->reclaim(tick() + 1'000'000'000, at_once, kKeysForever, pieces));
}

void Player::forget_some() {
  if (!store_ || memory_.next == 1) return;
  Act& act = ledger_.begin(Act::Kind::forget, now_());
  act.course = item_of(static_cast<int>(below(static_cast<std::size_t>(captured()))) + 1).event.course_id;
  done(act, store_->forget({act.course, ""}, tick()));
}

}  // namespace ptb::test
