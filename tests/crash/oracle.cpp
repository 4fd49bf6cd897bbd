#include "crash/oracle.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace ptb::test {

namespace {

/// A line "accepted EVENT_ID KIND LANE SEQUENCE ANSWER" of the witness.
struct Accepted {
  std::size_t turn = 0;
  std::string event_id;
  std::string kind;
  std::string lane;
  std::int64_t sequence = 0;
  std::string answer;
};

class Judgement {
 public:
  explicit Judgement(const Chronicle& chronicle) : chronicle_(chronicle) {
    for (const Json& event : chronicle.events) events_[event.at("id")] = &event;
    for (std::size_t i = 0; i < chronicle.arrivals.size(); ++i)
      if (!chronicle.arrivals[i].event_id.empty()) arrivals_[chronicle.arrivals[i].event_id].push_back(i);
    for (const Said& said : chronicle.said) read(said);
  }

  std::vector<std::string> judge() {
    for (const std::string& complaint : chronicle_.unsound) broken("P1", complaint);
    processes_end_as_they_should();
    operations_are_complete();
    accepted_events_are_there();
    events_have_come_to_an_end();
    first_deliveries_are_in_order();
    repeats_are_excused();
    settings_are_of_the_capture();
    return std::move(broken_);
  }

 private:
  using Indexes = std::vector<std::size_t>;

  void broken(const char* promise, const std::string& what) { broken_.push_back(std::string(promise) + ": " + what); }

  void read(const Said& said) {
    std::istringstream words(said.line);
    std::string what;
    words >> what;
    if (what == "operation") {
      std::int64_t id = 0;
      words >> id;
      operations_.insert(id);
      return;
    }
    Accepted accepted;
    accepted.turn = said.turn;
    words >> accepted.event_id >> accepted.kind >> accepted.lane >> accepted.sequence >> accepted.answer;
    if (what != "accepted" || !words) return broken("P1", "the witness heard \"" + said.line + "\"");
    accepted_.push_back(accepted);
  }

  [[nodiscard]] const Arrival& arrival(std::size_t index) const { return chronicle_.arrivals[index]; }
  [[nodiscard]] bool taken(std::size_t index) const {
    return arrival(index).answer == "ok" || arrival(index).answer == "die after";
  }
  [[nodiscard]] bool answered(std::size_t index) const { return taken(index) || arrival(index).answer == "error"; }
  /// The walk ended here, or with the next exchange.
  [[nodiscard]] bool stops_the_walk(std::size_t index) const {
    return !answered(index) || arrival(index).answer == "die after";
  }

  /// A process may be killed by us and may refuse; it may not die by itself or find its own state damaged.
  void processes_end_as_they_should() {
    for (const Turn& turn : chronicle_.turns) {
      const bool killed_by_us = turn.status == -9 && !turn.killed_at.empty();
      if (!killed_by_us && turn.status != 0 && turn.status != 1)
        broken("P7", turn.command + " ended with status " + std::to_string(turn.status) + ": " + turn.err);
      for (const char* word : {"fault of ptb-host", "damaged", "PTB_WITNESS", "internal"})
        if (turn.err.find(word) != std::string::npos) broken("P7", turn.command + " said: " + turn.err);
    }
  }

  /// P1, P4: whatever the LMS has committed is captured, each event exactly once; nothing else is.
  void operations_are_complete() {
    using Key = std::tuple<std::int64_t, std::string, std::map<std::string, std::string>>;
    std::map<Key, int> owed;
    std::set<std::int64_t> committed;
    for (const Owed& one : chronicle_.owed) {
      committed.insert(one.operation);
      ++owed[{one.operation, one.kind, one.arguments}];
      if (!one.captured) broken("P1", "operation " + std::to_string(one.operation) + " was never captured");
    }
    for (const std::int64_t operation : operations_)
      if (!committed.contains(operation))
        broken("P1", "operation " + std::to_string(operation) + " was committed, and is gone");
    std::map<Key, int> kept;
    for (const Json& event : chronicle_.events)
      ++kept[{std::stoll(event.at("operation").get<std::string>()), event.at("kind"),
              event.at("arguments").get<std::map<std::string, std::string>>()}];
    for (const auto& [key, count] : owed)
      if (const int found = kept.contains(key) ? kept.at(key) : 0; found != count)
        broken(found < count ? "P1" : "P4", "operation " + std::to_string(std::get<0>(key)) + " owes " +
                                                std::to_string(count) + " event(s) " + std::get<1>(key) +
                                                ", the bridge has " + std::to_string(found));
    for (const auto& [key, count] : kept)
      if (!owed.contains(key))
        broken("P4", "the bridge has an event " + std::get<1>(key) + " of operation " +
                         std::to_string(std::get<0>(key)) + ", which the LMS has not");
  }

  /// P1, P4: what the bridge has accepted is there, once, under the name and at the place that it said.
  void accepted_events_are_there() {
    std::map<std::string, int> fresh;
    std::set<std::string> known;
    for (const Accepted& one : accepted_) {
      const std::string name = one.kind + " " + one.event_id;
      known.insert(one.event_id);
      if (one.answer == "new" && ++fresh[one.event_id] > 1) broken("P4", name + " was answered new twice");
      const auto found = events_.find(one.event_id);
      if (found == events_.end()) {
        broken("P1", name + " was accepted, and is gone");
        continue;
      }
      const Json& event = *found->second;
      if (event.at("sequence") != one.sequence || event.at("lane") != one.lane || event.at("kind") != one.kind)
        broken("P4", name + " was accepted as " + one.lane + ":" + std::to_string(one.sequence) + ", and is " +
                         event.at("lane").get<std::string>() + ":" + event.at("sequence").dump());
    }
    for (const auto& [id, event] : events_)
      if (!known.contains(id)) broken("P4", "event " + id + " is there, and nobody was told that it was accepted");
    for (const auto& [id, indexes] : arrivals_)
      if (!events_.contains(id)) broken("P1", "the tool has heard of event " + id + ", which is gone");
  }

  /// P1: delivered and refused events have had that answer from the tool; nothing waits any more.
  void events_have_come_to_an_end() {
    for (const auto& [id, event] : events_) {
      const std::string state = event->at("state");
      const std::string name = event->at("kind").get<std::string>() + " " + id;
      const auto found = arrivals_.find(id);
      const Indexes came = found == arrivals_.end() ? Indexes() : found->second;
      if (state == "delivered" && std::none_of(came.begin(), came.end(), [&](auto i) { return taken(i); }))
        broken("P1", name + " is delivered, and the tool never took it");
      if (state == "refused" &&
          std::none_of(came.begin(), came.end(), [&](auto i) { return arrival(i).answer == "error"; }))
        broken("P1", name + " is refused, and the tool never refused it");
      if (state == "discarded" && event->at("last_error").is_null() && !discarded_by_a_person(id))
        broken("P1", name + " is discarded without a reason");
      if (state == "pending" || state == "parked") broken("P1", name + " is still " + state + " at the end");
    }
  }

  [[nodiscard]] bool discarded_by_a_person(const std::string& id) const {
    return std::any_of(chronicle_.turns.begin(), chronicle_.turns.end(), [&](const Turn& turn) {
      return turn.command.find("events discard " + id) != std::string::npos;
    });
  }

  /// P2: per lane, first arrivals and first answers come in the order of capture.
  void first_deliveries_are_in_order() {
    for (const bool only_answered : {false, true}) {
      std::map<std::string, std::int64_t> last;
      std::set<std::string> seen;
      for (std::size_t i = 0; i < chronicle_.arrivals.size(); ++i) {
        const std::string& id = arrival(i).event_id;
        if (!events_.contains(id) || (only_answered && !answered(i)) || !seen.insert(id).second) continue;
        const Json& event = *events_.at(id);
        const std::int64_t sequence = event.at("sequence");
        std::int64_t& before = last[event.at("lane")];
        if (sequence <= before)
          broken("P2", "event " + std::to_string(sequence) + " of lane " + event.at("lane").get<std::string>() +
                           (only_answered ? " was first answered after event " : " first came after event ") +
                           std::to_string(before));
        before = std::max(before, sequence);
        if (Receiver::parameter(arrival(i).request, "event_sequence") != std::to_string(sequence))
          broken("P2", "event " + std::to_string(sequence) + " was sent with another event_sequence");
      }
    }
  }

  /// P3: between two arrivals of an event, a walk that had it was cut off, or a person asked for it.
  void repeats_are_excused() {
    for (const auto& [id, indexes] : arrivals_) {
      std::set<std::string> attempts;
      for (std::size_t n = 0; n < indexes.size(); ++n) {
        const Arrival& now = arrival(indexes[n]);
        const Turn& turn = chronicle_.turns.at(now.turn);
        const std::string attempt = Receiver::parameter(now.request, "attempt");
        if (!attempts.insert(attempt).second && !turn.orders_a_repeat)
          broken("P3", "event " + id + " came twice as attempt " + attempt);
        if (n == 0) continue;
        if (!same_but_for_the_stamp(arrival(indexes[n - 1]).request, now.request))
          broken("P3", "event " + id + " was repeated with other arguments or settings");
        if (!cut_between(indexes[n - 1], indexes[n]) && !turn.orders_a_repeat)
          broken("P3", "event " + id + " was repeated in turn " + std::to_string(now.turn) +
                           " though its walk of turn " + std::to_string(arrival(indexes[n - 1]).turn) + " was over");
      }
    }
  }

  [[nodiscard]] bool cut_between(std::size_t first, std::size_t again) const {
    const std::size_t turn = arrival(first).turn;
    for (std::size_t i = first; i < again && arrival(i).turn == turn; ++i)
      if (stops_the_walk(i)) return true;
    const Turn& ran = chronicle_.turns.at(turn);
    // A process that ended without waiting for its walk has cut it off, too.
    return !ran.waited && !ran.walks_were_over && arrival(again).turn != turn;
  }

  static bool same_but_for_the_stamp(const Json& one, const Json& other) {
    const auto content = [](const Json& request) {
      std::map<std::string, std::string> params;
      for (const auto& pair : request.at("params")) params[pair.at(0)] = pair.at(1);
      for (const char* fresh : {"timestamp", "nonce", "mac", "attempt", "deferred"}) params.erase(fresh);
      return params;
    };
    return content(one) == content(other);
  }

  /// P5: the setting `colour` has the value that it had when the event was captured. Where a kill fell between capture
  /// and witness, that is the moment of the killed process or of the one that captured again.
  void settings_are_of_the_capture() {
    std::map<std::string, std::set<std::string>> allowed;
    for (const Accepted& one : accepted_) {
      if (allowed.contains(one.event_id)) continue;
      auto& colours = allowed[one.event_id];
      colours.insert(chronicle_.turns.at(one.turn).colour);
      if (one.answer == "new") continue;
      for (std::size_t i = 0; i < one.turn; ++i)
        if (chronicle_.turns[i].status == -9) colours.insert(chronicle_.turns[i].colour);
    }
    for (const auto& [id, indexes] : arrivals_)
      for (const std::size_t index : indexes)
        if (const std::string colour = Receiver::parameter(arrival(index).request, "colour");
            allowed.contains(id) && !allowed.at(id).contains(colour))
          broken("P5", "event " + id + " was sent with colour=" + colour);
    for (const Arrival& one : chronicle_.arrivals)
      if (one.request.at("mac_ok") != true || one.request.contains("problem"))
        broken("P5", "the tool could not accept " + one.request.dump());
  }

  const Chronicle& chronicle_;
  std::map<std::string, const Json*> events_;
  std::map<std::string, Indexes> arrivals_;
  std::set<std::int64_t> operations_;
  std::vector<Accepted> accepted_;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_promises(const Chronicle& chronicle) { return Judgement(chronicle).judge(); }

}  // namespace ptb::test
