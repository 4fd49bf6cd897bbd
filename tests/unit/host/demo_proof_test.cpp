// The demo's proof must not be one that cannot fail: each promise broken in the evidence is found, and only that one.
#include "demo_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace host::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LogLine heard(const std::string& id, const std::string& level, const std::string& nonce, bool repeat) {
  LogLine line;
  line.method = "POST";
  line.params = {
      {"event_id", id}, {"content_id", "item-" + id}, {"level", level}, {"nonce", nonce}, {"mac", "mac-" + nonce}};
  line.mac_ok = true;
  line.repeat = repeat;
  line.answer = "ok";
  return line;
}

/// The story as it should go: A, then the tool dies; A again, B, C.
Evidence good() {
  Evidence evidence;
  for (const char* id : {"a", "b", "c"})
    evidence.accepted.push_back({id, id, std::string("item-") + id, {{"level", std::string("level-") + id}}});
  evidence.received = {heard("a", "level-a", "1", false), heard("a", "level-a", "2", true),
                       heard("b", "level-b", "3", false), heard("c", "level-c", "4", false)};
  evidence.requests_of_first_save = 1;
  evidence.duplicates_answered = 3;
  return evidence;
}

std::vector<std::string> broken(const Evidence& evidence) {
  std::vector<std::string> promises;
  for (const auto& proof : prove(evidence))
    if (!proof.holds) promises.push_back(proof.promise);
  return promises;
}

std::vector<std::string> broken_by(const std::function<void(Evidence&)>& spoil) {
  auto evidence = good();
  spoil(evidence);
  return broken(evidence);
}

TEST(DemoProof, HoldsWhereTheStoryWentAsPromised) { EXPECT_THAT(broken(good()), IsEmpty()); }

TEST(DemoProof, FindsALostEvent) {
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received[3].answer = "drop"; }), ElementsAre("P1"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.still_waiting = 1; }), ElementsAre("P1"));
}

TEST(DemoProof, FindsAWrongOrder) {
  EXPECT_THAT(broken_by([](Evidence& evidence) { std::swap(evidence.received[2], evidence.received[3]); }),
              ElementsAre("P2", "P3"));
}

TEST(DemoProof, FindsARepeatThatShouldNotBeOrIsNotKnownAsOne) {
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received.push_back(heard("c", "level-c", "5", true)); }),
              ElementsAre("P3"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received[1].repeat = false; }), ElementsAre("P3"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received.erase(evidence.received.begin() + 1); }),
              ElementsAre("P3"));
}

TEST(DemoProof, FindsACaptureThatWasTakenTwice) {
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.duplicates_answered = 2; }), ElementsAre("P4"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received_after_duplicate = 1; }), ElementsAre("P4"));
}

TEST(DemoProof, FindsSettingsOfAnotherMomentAndOldSignatures) {
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received[2] = heard("b", "changed", "3", false); }),
              ElementsAre("P5"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received[1] = heard("a", "level-a", "1", true); }),
              ElementsAre("P5"));
  EXPECT_THAT(broken_by([](Evidence& evidence) { evidence.received[0].mac_ok = false; }), ElementsAre("P5"));
}

}  // namespace
}  // namespace host::test
