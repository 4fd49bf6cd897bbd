// The judge of the crash tests must be able to say no: a sound chronicle is spoilt in one way after the other.
#include "crash/oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ptb::test {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::StartsWith;

std::string id_of(int sequence) { return "00000000-0000-4000-8000-00000000000" + std::to_string(sequence); }

Arrival arrival(std::size_t turn, int sequence, const std::string& attempt, const std::string& answer = "ok") {
  Arrival made{turn, id_of(sequence), answer, Json::object()};
  const std::map<std::string, std::string> params = {{"event_id", id_of(sequence)},
                                                     {"event_sequence", std::to_string(sequence)},
                                                     {"attempt", attempt},
                                                     {"colour", "red"},
                                                     {"nonce", "n" + attempt}};
  for (const auto& [name, value] : params) made.request["params"].push_back(Json::array({name, value}));
  made.request["mac_ok"] = true;
  return made;
}

/// A restore of three events while the tool was down, a save that was killed after two of them, a save.
Chronicle sound() {
  Chronicle chronicle;
  for (const char* command : {"course restore", "tool save", "tool save"}) {
    Turn turn;
    turn.command = command;
    turn.waited = true;
    turn.colour = "red";
    chronicle.turns.push_back(turn);
  }
  chronicle.turns[1].status = -9;
  chronicle.turns[1].waited = false;
  chronicle.turns[1].killed_at = "walk.after_answer:2";
  chronicle.said.push_back({0, "operation 1"});
  for (int i = 1; i <= 3; ++i) {
    const std::map<std::string, std::string> arguments = {{"content_id", std::to_string(i)}};
    chronicle.said.push_back({0, "accepted " + id_of(i) + " content-imported acme/quiz " + std::to_string(i) + " new"});
    chronicle.owed.push_back({1, "content-imported", arguments, true});
    Json event = {{"id", id_of(i)},       {"kind", "content-imported"}, {"lane", "acme/quiz"},  {"sequence", i},
                  {"state", "delivered"}, {"operation", "1"},           {"last_error", nullptr}};
    event["arguments"] = arguments;
    chronicle.events.push_back(event);
  }
  chronicle.arrivals = {arrival(1, 1, "1"), arrival(1, 2, "1"), arrival(2, 1, "2"), arrival(2, 2, "2"),
                        arrival(2, 3, "2")};
  return chronicle;
}

TEST(Oracle, FindsNothingWrongWithASoundStory) { EXPECT_THAT(broken_promises(sound()), IsEmpty()); }

struct Spoilt {
  const char* what;
  const char* promise;
  void (*spoil)(Chronicle&);
};

TEST(Oracle, NoticesEverythingThatIsBroken) {
  const Spoilt kCases[] = {
      {"an accepted event is gone", "P1: ", [](Chronicle& c) { c.events.pop_back(); }},
      {"an operation that was committed is gone", "P1: ",
       [](Chronicle& c) {
         c.said.push_back({0, "operation 2"});
       }},
      {"an operation was never captured", "P1: ",
       [](Chronicle& c) {
         c.owed.push_back({2, "course-copied", {}, false});
       }},
      {"an event waits at the end", "P1: ", [](Chronicle& c) { c.events[2]["state"] = "pending"; }},
      {"delivered, and never taken", "P1: ", [](Chronicle& c) { c.arrivals.pop_back(); }},
      {"refused, and never said so", "P1: ", [](Chronicle& c) { c.events[2]["state"] = "refused"; }},
      {"discarded without a reason", "P1: ", [](Chronicle& c) { c.events[2]["state"] = "discarded"; }},
      {"the tool heard of something nobody knows",
       "P1: ", [](Chronicle& c) { c.arrivals.push_back(arrival(2, 4, "1")); }},
      {"a database is damaged", "P1: ", [](Chronicle& c) { c.unsound.emplace_back("bridge.db: malformed"); }},
      {"first arrivals out of order", "P2: ", [](Chronicle& c) { std::swap(c.arrivals[0], c.arrivals[1]); }},
      {"the second event is passed over", "P2: ",
       [](Chronicle& c) {
         c.arrivals = {arrival(1, 1, "1"), arrival(2, 1, "2"), arrival(2, 3, "2"), arrival(2, 2, "2")};
       }},
      {"a repeat that nothing excuses", "P3: ", [](Chronicle& c) { c.arrivals.push_back(arrival(2, 3, "3")); }},
      {"a repeat after the end of the walk was recorded",
       "P3: ", [](Chronicle& c) { c.turns[1].walks_were_over = true; }},
      {"a repeat that does not count its walk", "P3: ", [](Chronicle& c) { c.arrivals[2] = arrival(2, 1, "1"); }},
      {"a repeat with other content", "P3: ",
       [](Chronicle& c) {
         c.arrivals[2].request["params"].push_back(Json::array({"level", "9"}));
       }},
      {"one event twice", "P4: ",
       [](Chronicle& c) {
         Json twin = c.events[2];
         twin["id"] = id_of(4);
         c.events.push_back(twin);
       }},
      {"another place than was said", "P4: ", [](Chronicle& c) { c.events[2]["sequence"] = 4; }},
      {"new twice", "P4: ", [](Chronicle& c) { c.said.push_back(c.said.back()); }},
      {"settings of now", "P5: ", [](Chronicle& c) { c.turns[0].colour = "green"; }},
      {"a mac that does not fit", "P5: ", [](Chronicle& c) { c.arrivals[4].request["mac_ok"] = false; }},
      {"a process that died by itself", "P7: ", [](Chronicle& c) { c.turns[2].status = -11; }},
      {"a process that nobody killed", "P7: ", [](Chronicle& c) { c.turns[1].killed_at.clear(); }},
  };
  for (const Spoilt& one : kCases) {
    SCOPED_TRACE(one.what);
    Chronicle chronicle = sound();
    one.spoil(chronicle);
    EXPECT_THAT(broken_promises(chronicle), Contains(StartsWith(one.promise)));
  }
}

}  // namespace
}  // namespace ptb::test
