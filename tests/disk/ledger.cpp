#include "disk/ledger.h"

#include <algorithm>

#include "core/snapshot.h"

namespace ptb::test {

namespace {

bool is_settled(EventState state) { return state != EventState::pending && state != EventState::parked; }

void capture(Account& account, const Act& act, bool done) {
  for (std::size_t i = 0; i < act.numbers.size(); ++i) {
    Expected& event = account.events[act.numbers[i]];
    event.number = act.numbers[i];
    event.call = act.calls[i];
    event.adrift = act.failed && !event.must_be_there;
    event.may_be_gone = event.adrift;
    if (!done) continue;
    event.must_be_there = true;
    event.place = act.places[i];
  }
}

void allow(Expected& event, EventState state, bool done) {
  event.settled_by_hand = true;
  if (done) event.states.clear();
  event.states.insert(state);
}

void move_mark(Account& account, const Place& through, bool done) {
  for (auto& [number, event] : account.events) {
    const bool behind = event.place.lane == through.lane && event.place.sequence <= through.sequence;
    if (!behind || !event.states.contains(EventState::pending)) continue;
    if (done) event.states.erase(EventState::pending);
    event.states.insert(EventState::delivered);
  }
  if (done) account.marked[through.lane] = std::max(account.marked[through.lane], through.sequence);
}

void forget(Account& account, const std::string& course, bool done) {
  for (auto& [number, event] : account.events) {
    if (item_of(number).event.course_id != course) continue;
    event.content_goes = true;
    event.settled_by_hand = true;
    if (done) event.content_gone = true;
    for (const EventState waiting : {EventState::pending, EventState::parked}) {
      if (!event.states.contains(waiting)) continue;
      if (done) event.states.erase(waiting);
      event.states.insert(EventState::discarded);
    }
  }
}

void allow_reclaim(Account& account) {
  for (auto& [number, event] : account.events)
    if (std::any_of(event.states.begin(), event.states.end(), is_settled)) event.may_be_gone = true;
}

}  // namespace

Act& Ledger::begin(Act::Kind kind, DiskTime now) {
  acts_.emplace_back();
  acts_.back().kind = kind;
  acts_.back().begun = now;
  acts_.back().in_play = in_play_;
  return acts_.back();
}

std::size_t Ledger::calls_done_by(DiskTime moment) const {
  return static_cast<std::size_t>(std::count_if(acts_.begin(), acts_.end(), [&](const Act& act) {
    return act.kind != Act::Kind::answer && act.done <= moment && act.in_play;
  }));
}

Account Ledger::at(DiskTime moment) const {
  Account account;
  for (const Act& act : acts_) {
    if (act.begun > moment) break;
    const bool done = act.done <= moment;
    switch (act.kind) {
      case Act::Kind::open:
        if (done && act.bridge) account.bridge = act.bridge;
        break;
      case Act::Kind::capture: capture(account, act, done); break;
      case Act::Kind::answer: account.answered.emplace(act.place.lane, act.place.sequence); break;
      case Act::Kind::mark: move_mark(account, act.place, done); break;
      case Act::Kind::settle:
        for (const int number : act.numbers) allow(account.events[number], act.state, done);
        break;
      case Act::Kind::reclaim: allow_reclaim(account); break;
      case Act::Kind::forget: forget(account, act.course, done); break;
      case Act::Kind::save:
        if (done) account.tools[to_text(act.tool)].clear();
        if (done) account.sure_tools.insert(to_text(act.tool));
        account.tools[to_text(act.tool)].insert(act.saved);
        break;
    }
  }
  return account;
}

CaptureItem item_of(int number) {
  constexpr int kTools = 3;
  CaptureItem item;
  Event& event = item.event;
  for (int byte = 0; byte < 4; ++byte) event.id.data[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
  event.id.data[8] = 0x80;
  event.kind = EventKind::content_imported;
  event.locator = {"acme", std::string("tool") + static_cast<char>('a' + number % kTools)};
  event.operation = "op-" + std::to_string(number);
  event.course_id = "_" + std::to_string(number / 7) + "_1";
  event.content_id = "_" + std::to_string(number) + "_1";
  event.arguments = encode_pairs({{"course_id", event.course_id},
                                  {"content_id", event.content_id},
                                  {"text", std::string(static_cast<std::size_t>(300 + number * 37 % 2500), 'x')}});
  event.context = encode_pairs({{"course_label", "Grüße " + event.course_id}});
  event.occurred_at_ms = kMorning + number;
  event.captured_at_ms = kMorning + number;
  item.settings = encode_settings({{Scope::course, "colour", std::to_string(number / 5)}});
  return item;
}

}  // namespace ptb::test
