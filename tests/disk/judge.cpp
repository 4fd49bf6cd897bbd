#include "disk/judge.h"

#include <sqlite3.h>

#include <algorithm>

namespace ptb::test {

namespace {

class Judge {
 public:
  Judge(Store& store, const Account& account) : store_(store), account_(account) {}

  void look() {
    identity_and_tools();
    read_events();
    calls_are_whole();
    order_is_of_capture();
    marks_and_states();
  }
  void go_on() {
    captures_are_known();
    walk_to_the_end();
  }
  std::vector<std::string> take() { return std::move(complaints_); }

 private:
  void broken(const char* invariant, const std::string& what) {
    complaints_.push_back(std::string(invariant) + ": " + what);
  }
  static std::string named(int number) { return "event " + std::to_string(number); }
  static std::string at(const Place& place) {
    return std::to_string(place.lane) + "/" + std::to_string(place.sequence);
  }
  /// Empty, after a complaint, where the store could not say it.
  template <typename Value>
  std::optional<Value> said(const Result<Value>& result) {
    if (result) return *result;
    broken("answers", result.error().text);
    return std::nullopt;
  }
  bool said(const Result<void>& result) {
    if (!result) broken("answers", result.error().text);
    return result.has_value();
  }

  void identity_and_tools() {
    if (account_.bridge && store_.identity().bridge != *account_.bridge) broken("identity", "the store is another one");
    const auto tools = said(store_.tools());
    if (!tools) return;
    for (const auto& [locator, states] : account_.tools) {
      const auto found = std::find_if(tools->begin(), tools->end(),
                                      [&](const Tool& tool) { return to_text(tool.locator) == locator; });
      if (found == tools->end()) {
        if (account_.sure_tools.contains(locator)) broken("settled", "tool " + locator + " is gone");
      } else if (!states.contains(found->state)) {
        broken("settled", "tool " + locator + " is not in the state that it was saved in");
      }
    }
  }

  static int number_of(const EventId& id) {
    int number = 0;
    for (int byte = 3; byte >= 0; --byte) number = number << 8 | id.data[byte];
    return number;
  }

  /// Everything that the store lists, and each expected event as it finds it.
  void read_events() {
    EventFilter filter;
    for (;;) {
      const auto page = said(store_.list(filter));
      if (!page || page->empty()) break;
      for (const StoredEvent& event : *page) {
        const int number = number_of(event.event.id);
        if (!account_.events.contains(number))
          broken("nothing else", "an event that nobody captured stands at " + at(event.place));
        if (!found_.emplace(number, event).second) broken("once", named(number) + " is there twice");
      }
      filter.after = page->back().place;
    }
    for (const auto& [number, expected] : account_.events) {
      const auto seen = found_.find(number);
      const bool there = seen != found_.end();
      if (expected.must_be_there && !expected.may_be_gone && !there) broken("kept", named(number) + " is lost");
      if (!there) continue;
      const auto by_id = said(store_.find(item_of(number).event.id));
      if (by_id && (!*by_id || (*by_id)->place != seen->second.place))
        broken("kept", named(number) + " is not found by its id");
      content_is_as_it_was(expected, seen->second);
    }
  }

  void content_is_as_it_was(const Expected& expected, const StoredEvent& found) {
    const CaptureItem item = item_of(expected.number);
    const bool erased = found.event.arguments.empty() && found.event.course_id.empty() && found.snapshot == 0;
    if (expected.content_gone && !erased) broken("forgotten", named(expected.number) + " still has its content");
    if (expected.content_goes && erased) return;
    const auto settings = said(store_.settings(found.snapshot));
    if (found.event.arguments != item.event.arguments || found.event.context != item.event.context ||
        found.event.operation != item.event.operation || found.event.kind != item.event.kind ||
        found.event.captured_at_ms != item.event.captured_at_ms || settings != item.settings)
      broken("as it was", named(expected.number) + " has other content than at its capture");
  }

  /// All or nothing of each call.
  void calls_are_whole() {
    std::map<int, std::set<bool>> there;
    for (const auto& [number, expected] : account_.events)
      if (!expected.may_be_gone) there[expected.call].insert(found_.contains(number));
    for (const auto& [call, answers] : there)
      if (answers.size() == 2) broken("whole", "call " + std::to_string(call) + " is there in part");
  }

  void order_is_of_capture() {
    std::map<std::int64_t, std::map<std::int64_t, int>> lanes;
    for (const auto& [number, event] : found_) {
      lanes[event.place.lane][event.place.sequence] = number;
      const auto expected = account_.events.find(number);
      if (expected == account_.events.end() || expected->second.place.lane == 0) continue;
      if (expected->second.place != event.place)
        broken("order",
               named(number) + " stands at " + at(event.place) + " and stood at " + at(expected->second.place));
    }
    for (const auto& [lane, events] : lanes) {
      int before = 0;
      for (const auto& [sequence, number] : events) {
        if (number < before) broken("order", named(number) + " stands behind " + named(before));
        before = number;
      }
    }
  }

  void marks_and_states() {
    const auto lanes = said(store_.lanes());
    std::map<std::int64_t, std::int64_t> marks;
    if (lanes)
      for (const Lane& lane : *lanes) marks[lane.id] = lane.mark;
    for (const auto& [lane, mark] : account_.marked)
      if (marks[lane] < mark)
        broken("settled", "the mark of lane " + std::to_string(lane) + " fell from " + std::to_string(mark) + " to " +
                              std::to_string(marks[lane]));
    for (const auto& [number, event] : found_) {
      const auto known = account_.events.find(number);
      if (known == account_.events.end()) continue;
      const auto& states = known->second.states;
      const bool answered = account_.answered.contains({event.place.lane, event.place.sequence});
      if (event.place.sequence <= marks[event.place.lane] && !answered && !known->second.settled_by_hand &&
          !known->second.adrift)
        broken("answered", named(number) + " is behind the mark and was never answered");
      if (!states.contains(event.state) && !known->second.adrift)
        broken("settled", named(number) + " is " + std::string(to_text(event.state)) + " all of a sudden");
    }
  }

  /// A host captures again what it cannot prove to have captured.
  void captures_are_known() {
    for (const auto& [number, expected] : account_.events) {
      CaptureBatch batch;
      batch.items.push_back(item_of(number));
      CaptureBatch* const batches[] = {&batch};
      const bool captured = said(store_.capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
        return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::behind_backlog, {}};
      }));
      if (!captured) continue;
      const CaptureAnswer& answer = batch.answers.front();
      const auto seen = found_.find(number);
      const bool was_known = expected.must_be_there || seen != found_.end();
      if (expected.adrift && seen == found_.end()) {
        // It may have come and gone.
      } else if ((answer.kind == CaptureAnswer::Kind::duplicate) != was_known)
        broken("duplicate", named(number) + (was_known ? " was taken for a new one" : " was said to be known"));
      else if (seen != found_.end() && answer.place != seen->second.place)
        broken("duplicate", named(number) + " was said to be at " + at(answer.place));
      if (answer.kind == CaptureAnswer::Kind::fresh) waiting_.insert(number);
    }
  }

  void walk_to_the_end() {
    for (const auto& [number, event] : found_)
      if (event.state == EventState::pending) waiting_.insert(number);
    for (const char tool : {'a', 'b', 'c'}) {
      Tool installed;
      installed.locator = {"acme", std::string("tool") + tool};
      installed.guid = "0123456789abcdef0123456789abcdef";
      installed.descriptor = "<tool-profile/>";
      installed.options.wire = "proxy-tool";
      const auto there = said(store_.tool(installed.locator));
      if (there && !*there) said(store_.put_tool(installed, kEvening));
      if (const auto walks = said(store_.save_tool(installed.locator, ToolState::available, kEvening)))
        for (const Walk& walk : *walks) deliver(walk);
    }
    for (const int number : waiting_)
      if (!delivered_.contains(number)) broken("delivered", named(number) + " waited and was never sent");
    if (const auto lanes = said(store_.lanes()))
      for (const Lane& lane : *lanes)
        if (lane.waiting != 0) broken("delivered", "lane " + lane.key + " still has something waiting at its end");
  }

  void deliver(const Walk& walk) {
    std::int64_t after = 0;
    int before = 0;
    for (;;) {
      const auto page = said(store_.read_waiting(walk.lane, after, walk.last, 50));
      if (!page || page->empty()) break;
      for (const StoredEvent& event : *page) {
        const int number = number_of(event.event.id);
        if (event.place.sequence <= after) broken("order", named(number) + " was read out of its turn");
        const bool is_new = !found_.contains(number);
        if (!is_new && number < before) broken("order", named(number) + " is sent behind " + named(before));
        if (!waiting_.contains(number)) broken("settled", named(number) + " is sent and did not wait");
        if (!delivered_.insert(number).second) broken("once", named(number) + " is sent twice");
        if (event.settings != item_of(number).settings) broken("as it was", named(number) + " has other settings");
        after = event.place.sequence;
        before = is_new ? before : number;
      }
    }
    WalkEnd how;
    how.reached = walk.last;
    how.completed = true;
    std::vector<StoredEvent> dropped;
    said(store_.end_walk(walk, how, kEvening + 1, dropped));
  }

  static constexpr std::int64_t kEvening = kMorning + 2'000'000'000;
  Store& store_;
  const Account& account_;
  std::map<int, StoredEvent> found_;
  std::set<int> waiting_;
  std::set<int> delivered_;
  std::vector<std::string> complaints_;
};

std::string check_of_file(const std::string& path) {
  sqlite3* handle = nullptr;
  sqlite3_stmt* check = nullptr;
  std::string said = "it cannot be opened";
  if (sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(handle, "PRAGMA integrity_check", -1, &check, nullptr) == SQLITE_OK &&
      sqlite3_step(check) == SQLITE_ROW)
    said = reinterpret_cast<const char*>(sqlite3_column_text(check, 0));
  sqlite3_finalize(check);
  sqlite3_close(handle);
  return said;
}

}  // namespace

std::vector<std::string> broken_invariants(const std::string& path, const Account& account) {
  auto opened = usual_store()(path);
  if (!opened) return {"opens: " + opened.error().text};
  Judge judge(**opened, account);
  judge.look();
  judge.go_on();
  opened->reset();
  auto complaints = judge.take();
  if (const std::string said = check_of_file(path); said != "ok") complaints.push_back("sound: " + said);
  return complaints;
}

std::vector<std::string> broken_invariants(Store& store, const Account& account) {
  Judge judge(store, account);
  judge.look();
  return judge.take();
}

}  // namespace ptb::test
