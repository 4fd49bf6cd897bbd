// Replays seen from outside: settings as they were, new nonces, restarts at the first event, the same operation once,
// and what a person can do about a single event.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <set>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Replay, SendsTheSettingsOfTheMomentOfCapture) {
  Stage stage;
  stage.install();
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "system", "colour", "red & blue"});
  stage.restore(stage.package(1), "_1_1");
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "system", "colour", "green"});
  const std::string item = stage.lms.ok({"content", "list", "_1_1"}).at(0).at("content_id");
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "content", "--id", item, "level", "99"});

  stage.tool.start("ok, ok, drop, ok*");
  EXPECT_EQ(stage.lms.run({"tool", "save", kQuiz, "--state", "available"}).status, 1);
  stage.make_available();

  std::set<std::string> nonces;
  std::set<std::string> macs;
  std::map<std::string, std::set<std::string>> ids;
  std::map<std::string, std::vector<std::string>> attempts;
  std::map<std::string, std::int64_t> last_timestamp;
  for (const Json& line : stage.tool.log()) {
    const std::string action = Receiver::parameter(line, "action");
    EXPECT_EQ(line.at("mac_ok"), true) << line;
    nonces.insert(Receiver::parameter(line, "nonce"));
    macs.insert(Receiver::parameter(line, "mac"));
    if (action == "state-change") continue;
    ids[action].insert(Receiver::parameter(line, "event_id"));
    attempts[action].push_back(Receiver::parameter(line, "attempt"));
    const std::int64_t timestamp = std::stoll(Receiver::parameter(line, "timestamp"));
    EXPECT_GE(timestamp, last_timestamp[action]);
    last_timestamp[action] = timestamp;
    EXPECT_EQ(Receiver::parameter(line, "colour"), "red & blue");
    EXPECT_EQ(Receiver::parameter(line, "deferred"), "true");
    if (action == "content-imported") {
      EXPECT_EQ(Receiver::parameter(line, "level"), "1");
    }
  }
  EXPECT_EQ(nonces.size(), stage.tool.log().size());
  EXPECT_EQ(macs.size(), stage.tool.log().size());
  EXPECT_EQ(ids["course-imported"].size(), 1U);
  EXPECT_EQ(ids["content-imported"].size(), 1U);
  EXPECT_THAT(attempts["course-imported"], ElementsAre("1", "2"));
}

TEST(Replay, StartsAgainAtTheFirstEventAndTellsRepeats) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(2), "_1_1");
  stage.tool.start("ok, ok, die after");
  const Ran stopped = stage.lms.run({"tool", "save", kQuiz, "--state", "available"});
  stage.tool.wait_gone();
  EXPECT_EQ(stopped.status, 1);
  EXPECT_EQ(stopped.json().at("left"), 3);
  EXPECT_FALSE(stopped.json().at("stopped_by").is_null());

  stage.tool.start();
  const Json done = stage.lms.ok({"tool", "save", kQuiz, "--state", "available"});
  EXPECT_EQ(done.at("acknowledged"), 3);
  EXPECT_EQ(done.at("repeated"), 2);
  EXPECT_EQ(done.at("left"), 0);
  std::vector<std::string> sequences;
  std::vector<bool> repeats;
  for (const Json& line : stage.tool.log())
    if (Receiver::parameter(line, "action") != "state-change") {
      sequences.push_back(Receiver::parameter(line, "event_sequence"));
      repeats.push_back(line.at("repeat").get<bool>());
    }
  EXPECT_THAT(sequences, ElementsAre("1", "2", "1", "2", "3"));
  EXPECT_THAT(repeats, ElementsAre(false, false, true, true, false));
}

TEST(Replay, EveryKindOfFailureStopsTheWalkAndLosesNothing) {
  for (const char* fault : {"drop", "reset", "garbage", "huge", "status 503", "die before"}) {
    SCOPED_TRACE(fault);
    Stage stage;
    stage.install();
    stage.restore(stage.package(1), "_1_1");
    stage.tool.start(std::string("ok, ok, ") + fault);
    EXPECT_EQ(stage.lms.run({"tool", "save", kQuiz, "--state", "available"}).status, 1);
    EXPECT_THAT(stage.standing(),
                ElementsAre("course-imported:pending:not_responding", "content-imported:pending:behind_backlog"))
        << "the walk stopped at the second, and the first one waits too: it will be heard again";
    stage.tool.stop();
    stage.tool.start();
    stage.make_available();
    EXPECT_THAT(stage.standing(), ElementsAre("course-imported:delivered:-", "content-imported:delivered:-"));
  }
}

TEST(Replay, ASlowToolTimesOut) {
  Stage stage;
  stage.lms.options = {"--timeout-ms", "1000"};
  stage.install();
  stage.restore(stage.package(1), "_1_1");
  stage.tool.start("ok, slow 60000, ok*");
  const Ran stopped = stage.lms.run({"tool", "save", kQuiz, "--state", "available"});
  EXPECT_EQ(stopped.status, 1);
  EXPECT_THAT(stopped.err, HasSubstr("timed out"));
}

TEST(Replay, AnUnansweredContactGoesOutWithTheNextCommand) {
  Stage stage;
  stage.lms.options = {"--contact-interval-ms", "1"};
  stage.install();
  stage.tool.start();
  stage.make_available();
  stage.tool.stop();
  stage.restore(stage.package(1), "_1_1");
  stage.tool.start();
  stage.restore(stage.package(1, "other.imscc"), "_2_1");
  EXPECT_THAT(stage.tool.heard(),
              ElementsAre("course-imported:ok", "content-imported:ok", "course-imported:ok", "content-imported:ok"));
}

TEST(Replay, TheSameOperationIsOneEventAlsoForAHostThatDiedBeforeItCouldNoteTheCapture) {
  Stage stage;
  stage.install();
  const Ran killed = stage.lms.run(
      {"course", "restore", stage.package(1), "--id", "_1_1", "--map", std::string(kLaunchHost) + "=" + kQuiz},
      {{"PTB_HOST_KILL_AT", "host.captured.before_commit"}});
  EXPECT_EQ(killed.status, -9);
  EXPECT_EQ(stage.standing().size(), 2U);
  stage.tool.start();
  stage.make_available();  // captures again what it could not prove, and finds it captured
  EXPECT_EQ(stage.standing().size(), 2U);
  EXPECT_THAT(stage.tool.heard(), ElementsAre("course-imported:ok", "content-imported:ok"));
}

TEST(Replay, OneOperationForTwoToolsIsTwoLanes) {
  Stage stage;
  Receiver wiki(stage.scratch, "wiki");
  wiki.start();
  stage.install();
  const std::string url = "http://127.0.0.1:" + std::to_string(wiki.port());
  stage.lms.ok({"tool", "add", stage.scratch.file("wiki.xml", descriptor("umbrella", "wiki", url)), "--secret-file",
                wiki.secret_file(), "--allow-private", "--allow-http"});
  const std::string package = stage.package(1);
  stage.restore(package, "_1_1");
  stage.lms.ok({"course", "restore", package, "--id", "_2_1", "--map", std::string(kLaunchHost) + "=umbrella/wiki"});
  stage.lms.ok({"tool", "save", "umbrella/wiki", "--state", "available"});
  EXPECT_EQ(wiki.heard().size(), 2U);
  const Json lanes = stage.lms.ok({"lanes"});
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_EQ(lanes.at(0).at("waiting"), 2);
  EXPECT_EQ(lanes.at(1).at("waiting"), 0);
}

TEST(Replay, APersonCanLookRetryAndDiscard) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(2), "_1_1");
  const std::string first = stage.events().at(0).at("id");
  const std::string second = stage.events().at(1).at("id");
  const Json shown = stage.lms.ok({"events", "show", second});
  EXPECT_EQ(shown.at("kind"), "content-imported");
  EXPECT_EQ(shown.at("arguments").at("course_id"), "_1_1");
  EXPECT_EQ(shown.at("settings").at(0).at("key"), "level");
  const Json explained = stage.lms.ok({"events", "explain", second});
  EXPECT_EQ(explained.at("ahead"), 1);

  const Ran too_early = stage.lms.run({"events", "retry", first});
  EXPECT_EQ(too_early.status, 1);
  EXPECT_THAT(too_early.err, HasSubstr("not available"));

  stage.lms.ok({"events", "discard", first, "--reason", "restored by mistake"});
  stage.tool.start("when event_sequence=2: error, ok*");
  stage.make_available();
  EXPECT_THAT(stage.standing(),
              ElementsAre("course-imported:discarded:-", "content-imported:refused:-", "content-imported:delivered:-"));
  stage.tool.stop();
  stage.tool.start();
  stage.lms.ok({"events", "retry", second});
  EXPECT_EQ(stage.standing().at(1), "content-imported:delivered:-");
}

TEST(Replay, AChangedDescriptorCountsAtSendAndTheOldArgumentsStay) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(1), "_1_1");
  stage.install("content-imported");
  stage.tool.start();
  stage.make_available();
  EXPECT_THAT(stage.standing(), ElementsAre("course-imported:delivered:-", "content-imported:discarded:-"));
}

TEST(Replay, PlainHttpAndPrivateAddressesNeedAnAdministratorsWord) {
  Stage stage;
  stage.tool.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(stage.tool.port());
  const std::string file = stage.scratch.file("tool.xml", descriptor("acme", "quiz", url));
  stage.lms.ok({"tool", "add", file, "--secret-file", stage.tool.secret_file()});
  const Ran no_http = stage.lms.run({"tool", "save", kQuiz, "--state", "available"});
  EXPECT_EQ(no_http.status, 1);
  EXPECT_THAT(no_http.err, HasSubstr("--allow-http"));
  const Ran no_private = stage.lms.run({"tool", "save", kQuiz, "--state", "available", "--allow-http"});
  EXPECT_EQ(no_private.status, 1);
  EXPECT_THAT(no_private.err, HasSubstr("--allow-private"));
  EXPECT_THAT(stage.tool.log(), IsEmpty());
  stage.lms.ok({"tool", "save", kQuiz, "--state", "available", "--allow-private"});
}

TEST(Replay, WorksPumpedByTheHostAsWell) {
  Stage stage;
  stage.lms.options = {"--pumped"};
  stage.install();
  stage.restore(stage.package(3), "_1_1");
  stage.tool.start();
  EXPECT_EQ(stage.lms.ok({"tool", "save", kQuiz, "--state", "available"}).at("acknowledged"), 4);
}

TEST(Replay, CtrlCStopsAfterTheExchangeInFlight) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(50), "_1_1");
  stage.tool.start("slow 100*");
  const auto saving = stage.lms.start({"tool", "save", kQuiz, "--state", "available"});
  for (int i = 0; i < 1000 && stage.tool.heard().size() < 2; ++i) usleep(10'000);
  saving->signal(SIGINT);
  const Ran stopped = saving->wait();
  EXPECT_EQ(stopped.status, 1) << stopped.err;
  EXPECT_EQ(stopped.json().at("left"), 51);
  EXPECT_EQ(stopped.json().at("acknowledged"), stage.tool.heard().size());
  EXPECT_LT(stage.tool.heard().size(), 51U);
}

TEST(Replay, CommandsThatSendNothingLeaveACutOffWalkAloneAndOthersFinishIt) {
  Stage stage;
  stage.install();
  stage.restore(stage.package(3), "_1_1");
  stage.tool.start("ok*2, slow 60000");
  const auto saving = stage.lms.start({"tool", "save", kQuiz, "--state", "available"});
  for (int i = 0; i < 1000 && stage.tool.heard().size() < 2; ++i) usleep(10'000);
  saving->signal(SIGKILL);
  saving->wait();
  stage.tool.stop();
  stage.tool.start();
  const std::size_t before = stage.tool.heard().size();
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "system", "colour", "red"});
  EXPECT_EQ(stage.tool.heard().size(), before);
  stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  EXPECT_EQ(stage.tool.heard().size(), before + 4 + 4);
  for (const auto& line : stage.standing()) EXPECT_THAT(line, HasSubstr(":delivered:"));
}

TEST(Replay, TheDemoProvesItself) {
  const Ran ran = Process({ptb_host_program(), "demo"}).wait(std::chrono::seconds(120));
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  for (const char* promise : {"P1", "P2", "P3", "P4", "P5"}) EXPECT_THAT(ran.out, HasSubstr(promise));
}

}  // namespace
}  // namespace ptb::test
