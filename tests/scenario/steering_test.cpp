// What a person can see and steer, played with ptb-host against the reference tool: dry runs, replays, export and
// import, policies, pulling, watch limits, and an LMS that was put back to an earlier state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;

constexpr const char* kPolicyHead = "<delivery-policy xmlns=\"urn:ptbridge:delivery-policy:1\" name=\"mine\"";

class Steering : public testing::Test {
 protected:
  /// The tool is installed and has been sent course _1_1 with `items` items.
  void deliver(int items) {
    stage.install();
    stage.tool.start();
    stage.make_available();
    stage.restore(stage.package(items), "_1_1");
    ASSERT_EQ(heard().size(), static_cast<std::size_t>(items) + 1);
  }
  /// What the tool has heard since the last call.
  std::vector<std::string> heard() {
    auto all = stage.tool.heard();
    std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end());
    seen = all.size();
    return fresh;
  }
  std::vector<std::string> ids() const { return column(stage.events(), "id"); }
  static std::vector<std::string> column(const Json& list, const char* member) {
    std::vector<std::string> values;
    for (const auto& one : list)
      values.push_back(one.at(member).is_string() ? one.at(member).get<std::string>() : one.at(member).dump());
    return values;
  }
  /// A command as a person runs it, without --json.
  Ran in_text(std::vector<std::string> arguments, const PtbHost* lms = nullptr) const {
    std::vector<std::string> words = {ptb_host_program(), "--quiet", "--state", (lms ? *lms : stage.lms).state()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Process(words).wait();
  }
  std::string policy_file(const std::string& attributes, const std::string& inside) const {
    return stage.scratch.file("mine.xml",
                              std::string(kPolicyHead) + attributes + ">" + inside + "</delivery-policy>\n");
  }
  std::vector<std::string> host_log() const {
    std::vector<std::string> lines;
    std::ifstream file(stage.lms.state() + "/host.log");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  Stage stage;
  std::size_t seen = 0;
};

// ---- replay

TEST_F(Steering, ADryRunSendsNothingAndShowsWhatHasChangedSince) {
  deliver(2);
  const auto item = stage.lms.ok({"content", "list", "_1_1"}).at(0).at("content_id").get<std::string>();
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "content", "--id", item, "level", "99"});
  const auto requests = stage.tool.log().size();
  const Json dry = stage.lms.ok({"replay", kQuiz, "--from-event", ids().at(0), "--dry-run"});
  ASSERT_EQ(dry.size(), 3U);
  EXPECT_EQ(column(dry, "id"), ids());
  EXPECT_THAT(dry.at(0).at("settings_changed"), IsEmpty());
  ASSERT_EQ(dry.at(1).at("settings_changed").size(), 1U) << dry.at(1);
  EXPECT_EQ(dry.at(1).at("settings_changed").at(0).at("was"), "1");
  EXPECT_EQ(dry.at(1).at("settings_changed").at(0).at("now"), "99");
  const Ran shown = in_text({"replay", kQuiz, "--from-event", ids().at(0), "--dry-run"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr("level: 1 → 99"), HasSubstr("nothing was sent"), HasSubstr("next: ")));
  EXPECT_EQ(stage.tool.log().size(), requests) << "by the tool's own log";

  EXPECT_EQ(stage.lms.ok({"replay", kQuiz, "--from-event", ids().at(1)}).at("acknowledged"), 2);
  EXPECT_THAT(heard(), ElementsAre("content-imported:ok", "content-imported:ok"));
  const auto log = stage.tool.log();
  EXPECT_EQ(Receiver::parameter(log.at(log.size() - 2), "level"), "1") << "as it was";
  EXPECT_EQ(Receiver::parameter(log.back(), "event_id"), ids().at(2));
  EXPECT_THAT(stage.standing(), Each(HasSubstr(":delivered:")));
}

TEST_F(Steering, AReplayBeginsAtATimeOrAtABackup) {
  deliver(1);
  const auto backup = stage.lms.ok({"events", "show", ids().at(0)}).at("arguments").at("backup_id").get<std::string>();
  stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  ASSERT_EQ(heard().size(), 2U);
  const auto copied_at = stage.events().at(2).at("captured_at").get<std::string>();
  EXPECT_THAT(column(stage.lms.ok({"replay", kQuiz, "--from-time", copied_at, "--dry-run"}), "kind"),
              ElementsAre("course-copied", "content-copied"));
  EXPECT_THAT(stage.lms.ok({"replay", kQuiz, "--from-backup", backup, "--dry-run"}), SizeIs(testing::Ge(2)));
  stage.lms.ok({"replay", kQuiz, "--from-time", copied_at});
  EXPECT_THAT(heard(), ElementsAre("course-copied:ok", "content-copied:ok"));
  EXPECT_EQ(stage.lms.run({"replay", kQuiz, "--from-time", "yesterday"}).status, 2);
  EXPECT_EQ(stage.lms.run({"replay", kQuiz, "--from-time", copied_at, "--from-event", ids().at(0)}).status, 2);
  EXPECT_EQ(stage.lms.run({"replay", kQuiz, "--from-event", "nonsense"}).status, 1);
}

// ---- export and import

TEST_F(Steering, ExportAndImportKeepIdsOrderAndSettings) {
  stage.install();
  stage.restore(stage.package(3), "_1_1");
  const auto before = stage.events();
  const auto file = stage.scratch.path("events.jsonl");
  EXPECT_EQ(stage.lms.ok({"events", "export", "--file", file}).at("events"), 4);
  EXPECT_EQ(stage.lms.run({"events", "export", "--file", file}).status, 1) << "a file is never overwritten";

  const PtbHost other(stage.scratch, "other");
  const Json imported = other.ok({"events", "import", file});
  EXPECT_EQ(imported.at("imported"), 4) << imported;
  EXPECT_THAT(imported.at("ignored"), IsEmpty());
  EXPECT_EQ(other.ok({"events", "import", file}).at("duplicates"), 4);
  const Json after = other.ok({"events", "list"});
  for (const char* member : {"id", "kind", "course_id", "arguments", "settings", "captured_at", "state"})
    EXPECT_EQ(column(after, member), column(before, member)) << member;

  const std::string url = "http://127.0.0.1:" + std::to_string(stage.tool.port());
  other.ok({"tool", "add", stage.scratch.file("tool.xml", descriptor("acme", "quiz", url)), "--secret-file",
            stage.tool.secret_file(), "--allow-private", "--allow-http"});
  stage.tool.start();
  EXPECT_EQ(other.ok({"tool", "save", kQuiz, "--state", "available"}).at("acknowledged"), 4);
  std::vector<std::string> received;
  std::vector<std::string> levels;
  for (const auto& line : stage.tool.log())
    if (const auto id = Receiver::parameter(line, "event_id"); !id.empty()) {
      received.push_back(id);
      levels.push_back(Receiver::parameter(line, "level"));
    }
  EXPECT_EQ(received, column(before, "id"));
  EXPECT_THAT(levels, ElementsAre("", "1", "2", "3"));
}

TEST_F(Steering, AFileThatIsNoExportIsRefusedWithItsLine) {
  const auto file = stage.scratch.file("events.jsonl", "{\"id\":\"x\"}\nnonsense\n");
  const Ran refused = stage.lms.run({"events", "import", file});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("line 2"));
  EXPECT_EQ(stage.lms.run({"events", "import", "/nowhere"}).status, 1);
}

// ---- policies

TEST_F(Steering, ThePresetsAreListedWithTheToolsThatHaveThem) {
  stage.install();
  const Json list = stage.lms.ok({"policy", "list"});
  EXPECT_THAT(list.at("presets").get<std::vector<std::string>>(),
              IsSupersetOf({"blackboard", "shuttle", "oneio", "open-connectors", "drillster"}));
  EXPECT_EQ(list.at("tools").at(kQuiz), "blackboard");
}

TEST_F(Steering, AWrongPolicyIsRefusedAndTheOneInForceStays) {
  stage.install();
  const Json set = stage.lms.ok({"policy", "set", kQuiz, "blackboard", "--with", "restart=next,settle=1"});
  EXPECT_EQ(set.at("policy"), "blackboard-changed");
  const auto shown = stage.lms.ok({"policy", "show", kQuiz}).at("document").get<std::string>();
  EXPECT_THAT(shown, AllOf(HasSubstr("restart=\"next\""), HasSubstr("settle=\"1\"")));

  const auto wrong = policy_file("", "\n<on-failure then=\"retry\"><wait>-5s</wait></on-failure>");
  const Ran checked = stage.lms.run({"policy", "check", wrong});
  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("mine.xml"), HasSubstr("line 2")));
  EXPECT_EQ(stage.lms.run({"policy", "set", kQuiz, wrong}).status, 1);
  EXPECT_EQ(stage.lms.run({"policy", "set", kQuiz, "nonsense"}).status, 1);
  EXPECT_EQ(stage.lms.run({"tool", "save", kQuiz, "--state", "inactive", "--policy", wrong}).status, 1);
  const Ran attribute = stage.lms.run({"policy", "set", kQuiz, "blackboard", "--with", "watch=1"});
  EXPECT_EQ(attribute.status, 2);
  EXPECT_THAT(attribute.err, HasSubstr("restart"));
  EXPECT_EQ(stage.lms.run({"policy", "set", kQuiz, "blackboard", "--with", "order=alphabet"}).status, 1);
  EXPECT_EQ(stage.lms.ok({"policy", "show", kQuiz}).at("document"), shown);

  stage.lms.ok({"tool", "save", kQuiz, "--state", "inactive", "--policy", "shuttle"});
  EXPECT_EQ(stage.lms.ok({"policy", "show", kQuiz}).at("policy"), "shuttle");
  EXPECT_EQ(stage.lms.ok({"policy", "set", "umbrella/later", "oneio"}).at("policy"), "oneio") << "not installed yet";
}

TEST_F(Steering, WhatADelayWaitsForIsToldByASetting) {
  deliver(1);
  stage.lms.ok({"course", "create", "_2_1"});
  stage.lms.ok({"policy", "set", kQuiz,
                policy_file("",
                            "<delays><delay kinds=\"content-copied\" until-setting=\"licence\" "
                            "scope=\"course\"/></delays>")});
  const auto item = stage.lms.ok({"content", "list", "_1_1"}).at(0).at("content_id").get<std::string>();
  const auto copy = stage.lms.ok({"content", "copy", item, "--to", "_2_1"});
  ASSERT_EQ(copy.at("events").at(0).at("deferral"), "delayed") << copy;
  const Json why = stage.lms.ok({"events", "explain", copy.at("events").at(0).at("id")});
  EXPECT_THAT(why.at("waits_for").dump(), HasSubstr("licence"));
  EXPECT_THAT(why.at("next"), Not(IsEmpty()));
  EXPECT_THAT(heard(), IsEmpty());
  stage.lms.ok({"setting", "set", kQuiz, "--scope", "course", "--id", "_2_1", "licence", "bought"});
  EXPECT_THAT(heard(), IsEmpty()) << "a command about settings sends nothing";
  stage.lms.ok({"content", "known", item, "quiz-77"});  // one that does
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok"));
  EXPECT_EQ(stage.lms.ok({"content", "list", "_1_1"}).at(0).at("external_content_id"), "quiz-77");
}

TEST_F(Steering, NotBeforeKeepsAnEventBack) {
  deliver(1);
  const Json later = stage.lms.ok({"course", "copy", "_1_1", "_2_1", "--not-before", "2999-01-01T00:00:00Z"});
  EXPECT_THAT(column(later.at("events"), "state"), Each("pending"));
  EXPECT_THAT(heard(), IsEmpty());
  stage.lms.ok({"course", "copy", "_1_1", "_3_1", "--not-before", "2020-01-01T00:00:00Z"});
  EXPECT_EQ(stage.lms.run({"course", "copy", "_1_1", "_4_1", "--not-before", "soon"}).status, 2);
}

// ---- pulling

TEST_F(Steering, TwoPullersNeverHoldOneEvent) {
  deliver(1);
  stage.lms.ok({"policy", "set", kQuiz, policy_file("", "<on-failure then=\"queue\"/>")});
  stage.tool.stop();
  stage.lms.run({"course", "copy", "_1_1", "_2_1"});
  const auto waiting = column(stage.lms.ok({"pull", "list", kQuiz}), "id");
  ASSERT_THAT(waiting, SizeIs(2));
  const auto url = stage.lms.ok({"pull", "list", kQuiz}).at(0).at("url").get<std::string>();
  EXPECT_THAT(stage.lms.ok({"pull", "list", kQuiz, "--url", "http://elsewhere.example/"}), IsEmpty());
  EXPECT_THAT(stage.lms.ok({"pull", "list", kQuiz, "--url", url}), Not(IsEmpty()));

  const Json first = stage.lms.ok({"pull", "take", kQuiz, "--limit", "1"});
  EXPECT_THAT(column(first.at("events"), "id"), ElementsAre(waiting.at(0)));
  const Json second = stage.lms.ok({"pull", "take", kQuiz});
  EXPECT_THAT(column(second.at("events"), "id"), ElementsAre(waiting.at(1)));
  EXPECT_TRUE(stage.lms.ok({"pull", "take", kQuiz}).at("token").is_null());

  const Ran stranger = stage.lms.run({"pull", "ack", second.at("token"), waiting.at(0)});
  EXPECT_EQ(stranger.status, 1);
  EXPECT_THAT(stage.lms.ok({"pull", "ack", first.at("token"), waiting.at(0)}).at("done"), ElementsAre(waiting.at(0)));
  EXPECT_THAT(stage.lms.ok({"pull", "give-back", second.at("token"), waiting.at(1)}).at("done"), SizeIs(1));
  EXPECT_THAT(column(stage.lms.ok({"pull", "list", kQuiz}), "id"), ElementsAre(waiting.at(1)));

  stage.tool.start();
  stage.lms.ok({"pull", "redeliver", kQuiz});
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok"));
  EXPECT_THAT(stage.lms.ok({"events", "list", "--state", "pending"}), IsEmpty());
}

// ---- watching

TEST_F(Steering, TheWatchLimitIsToldOnceOverAndOnceBack) {
  stage.install();
  stage.lms.ok({"policy", "set", kQuiz, policy_file("", "<watch waiting=\"2\"/>")});
  stage.restore(stage.package(3), "_1_1");
  stage.restore(stage.package(1, "more.imscc"), "_2_1");
  ASSERT_THAT(host_log(), SizeIs(1));
  EXPECT_THAT(host_log().at(0), AllOf(HasSubstr("warning: "), HasSubstr(kQuiz), HasSubstr("ptb-host lanes")));
  stage.tool.start();
  stage.make_available();
  ASSERT_THAT(host_log(), SizeIs(2));
  EXPECT_THAT(host_log().at(1), HasSubstr("over: "));
  stage.restore(stage.package(1, "third.imscc"), "_3_1");
  EXPECT_THAT(host_log(), SizeIs(2));
}

TEST_F(Steering, LanesAreHeldReleasedAndWatched) {
  deliver(1);
  const auto lane = stage.lms.ok({"lanes"}).at(0).at("lane").get<std::string>();
  for (const auto& which : std::vector<std::vector<std::string>>{{lane}, {"--tool", kQuiz}, {"--all"}}) {
    SCOPED_TRACE(which.front());
    auto words = std::vector<std::string>{"lane", "hold"};
    words.insert(words.end(), which.begin(), which.end());
    EXPECT_THAT(stage.lms.ok(words).at("lanes"), ElementsAre(lane));
    EXPECT_EQ(stage.lms.ok({"lanes"}).at(0).at("state"), "held");
    words.at(1) = "release";
    stage.lms.ok(words);
    EXPECT_NE(stage.lms.ok({"lanes"}).at(0).at("state"), "held");
  }
  EXPECT_EQ(stage.lms.run({"lane", "hold"}).status, 2);
  EXPECT_EQ(stage.lms.run({"lane", "hold", lane, "--all"}).status, 2);
  const Ran watched = in_text({"lanes", "--watch", "--count", "2"});
  EXPECT_EQ(watched.status, 0);
  const auto first = watched.out.find(lane);
  EXPECT_NE(watched.out.find(lane, first + 1), std::string::npos) << watched.out;
}

TEST_F(Steering, EveryCommandThatChangesSomethingSaysWhatComesNext) {
  stage.install();
  stage.restore(stage.package(2), "_1_1");
  const auto id = ids().at(1);
  const auto backup = stage.scratch.path("backup.db");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"setting", "set", kQuiz, "--scope", "system", "colour", "red"},
                                             {"course", "create", "_9_1"},
                                             {"group", "create", "_1_1", "Reds"},
                                             {"policy", "set", kQuiz, "blackboard"},
                                             {"events", "park", id, "--reason", "to look at it"},
                                             {"events", "discard", id, "--reason", "to be rid of it"},
                                             {"lane", "hold", "--all"},
                                             {"lane", "release", "--all"},
                                             {"course", "copy", "_1_1", "_2_1"},
                                             {"tool", "save", kQuiz, "--state", "unavailable"},
                                             {"state", "backup", backup},
                                             {"state", "restore", backup},
                                             {"forget", "--course", "_2_1"},
                                             {"tool", "remove", kQuiz}}) {
    const Ran ran = in_text(words);
    EXPECT_EQ(ran.status, 0) << words.at(0) << " " << words.at(1) << ": " << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("\nnext: ")) << words.at(0) << " " << words.at(1);
  }
}

TEST_F(Steering, TheAuditTrailSaysWho) {
  stage.install();
  stage.restore(stage.package(1), "_1_1");
  stage.lms.ok({"--as", "Ada", "events", "discard", ids().at(0), "--reason", "by mistake"});
  const Json trail = stage.lms.ok({"audit"});
  ASSERT_FALSE(trail.empty());
  const Json& last = trail.back();
  EXPECT_EQ(last.at("who"), "Ada");
  EXPECT_EQ(last.at("what"), "discard");
  EXPECT_THAT(last.dump(), AllOf(HasSubstr(ids().at(0)), HasSubstr("by mistake")));
}

// ---- put back

class PutBack : public Steering {
 protected:
  /// The LMS goes back to a moment before a course was copied, of which the tool, which was down, has not heard.
  void go_back() {
    deliver(1);
    stage.lms.ok({"state", "backup", backup});
    stage.tool.stop();
    stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
    stage.tool.start();
    const Json restored = stage.lms.ok({"state", "restore", backup});
    EXPECT_EQ(restored.at("held"), true) << restored;
  }
  std::string backup = stage.scratch.path("friday.db");
};

TEST_F(PutBack, NothingIsSentOrCapturedUntilAPersonHasLooked) {
  go_back();
  for (const auto& words : std::vector<std::vector<std::string>>{{"course", "copy", "_1_1", "_2_1"},
                                                                 {"tool", "save", kQuiz, "--state", "available"},
                                                                 {"lane", "release", "--all"}}) {
    const Ran refused = stage.lms.run(words);
    EXPECT_EQ(refused.status, 1) << words.at(0);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("put back"), HasSubstr("new-generation"))) << words.at(0);
  }
  EXPECT_THAT(stage.lms.ok({"course", "list"}), SizeIs(1)) << "what is refused is not done either";
  EXPECT_THAT(stage.lms.ok({"events", "list", "--state", "pending"}), SizeIs(2)) << "looking goes on";
  EXPECT_THAT(column(stage.lms.ok({"lanes"}), "state"), Each("held"));
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(PutBack, AnOperationWithANumberUsedAgainIsNew) {
  go_back();
  const Json begun = stage.lms.ok({"state", "new-generation"});
  EXPECT_THAT(column(stage.lms.ok({"lanes"}), "state"), Each("held"));
  EXPECT_EQ(begun.at("waiting"), 2);
  const Json again = stage.lms.ok({"course", "copy", "_1_1", "_2_1"});  // the same number, the same words
  EXPECT_THAT(column(again.at("events"), "answer"), Each("new"));
  EXPECT_THAT(heard(), IsEmpty()) << "nothing goes into the past";
  const auto waiting = stage.lms.ok({"events", "list", "--state", "pending"});
  ASSERT_THAT(waiting, SizeIs(4));
  for (const auto& lost : {waiting.at(0), waiting.at(1)})
    stage.lms.ok({"events", "discard", lost.at("id"), "--reason", "made after the backup"});
  stage.lms.ok({"lane", "release", "--all"});
  EXPECT_THAT(heard(), ElementsAre("course-copied:ok", "content-copied:ok"));
  EXPECT_EQ(Receiver::parameter(stage.tool.log().back(), "event_id"), again.at("events").at(1).at("id"));
  EXPECT_EQ(stage.lms.run({"state", "new-generation"}).status, 1) << "there is nothing to begin anew for";
}

TEST_F(PutBack, ABackupFromBeforeAnotherPuttingBackIsNoticedToo) {
  go_back();
  stage.lms.ok({"state", "new-generation"});
  const Json again = stage.lms.ok({"state", "restore", backup});
  EXPECT_EQ(again.at("held"), true) << again;
  const Json copied = stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  EXPECT_THAT(column(copied.at("events"), "answer"), Each("new"));
}

TEST_F(PutBack, ABackupOfNowHoldsNothing) {
  deliver(1);
  stage.lms.ok({"state", "backup", backup});
  EXPECT_EQ(stage.lms.ok({"state", "restore", backup}).at("held"), false);
  stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  EXPECT_THAT(heard(), SizeIs(2));
}

TEST_F(PutBack, AStateThatAnotherProcessHoldsIsNotReplaced) {
  deliver(1);
  stage.lms.ok({"state", "backup", backup});
  stage.tool.stop();
  stage.tool.start("slow 60000");
  const auto copying = stage.lms.start({"course", "copy", "_1_1", "_2_1"});
  for (int i = 0; i < 2000 && stage.tool.log().size() < seen + 2; ++i) usleep(5'000);
  const Ran refused = stage.lms.run({"state", "restore", backup});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("another ptb-host"));
  copying->signal(SIGKILL);
  copying->wait();
}

}  // namespace
}  // namespace ptb::test
