// The nine situations in which an event is deferred, and the ones in which it must not be, each played with ptb-host
// against a real HTTP server on loopback: what waits, why, and that a save then delivers it in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A stage on which course _1_1 with two items stands and everything about it has been delivered.
class Deferral : public testing::Test {
 protected:
  void set_up_course() {
    stage.install();
    stage.tool.start();
    stage.make_available();
    stage.restore(stage.package(2), "_1_1");
    ASSERT_THAT(heard(), ElementsAre("course-imported:ok", "content-imported:ok", "content-imported:ok"));
    const Json items = stage.lms.ok({"content", "list", "_1_1"});
    first_item = items.at(0).at("content_id").get<std::string>();
    stage.lms.ok({"course", "create", "_2_1"});
  }
  /// What the tool has heard since the last call.
  std::vector<std::string> heard() {
    auto all = stage.tool.heard();
    std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end());
    seen = all.size();
    return fresh;
  }
  void switch_off() { stage.save("unavailable"); }
  void take_down() { stage.tool.stop(); }
  /// The administrator's part: the tool runs and is saved as available.
  void bring_back() {
    stage.tool.stop();
    stage.tool.start();
    stage.make_available();
  }
  /// What waits, without what was delivered before.
  std::vector<std::string> waiting() {
    std::vector<std::string> lines;
    for (const auto& line : stage.standing())
      if (line.find(":pending:") != std::string::npos) lines.push_back(line);
    return lines;
  }

  Stage stage;
  std::string first_item;
  std::size_t seen = 0;
};

TEST_F(Deferral, S1RestoreWithTheToolNotInstalled) {
  stage.lms.ok({"course", "restore", stage.package(2), "--id", "_1_1"});
  EXPECT_THAT(waiting(), ElementsAre("course-imported:pending:not_installed", "content-imported:pending:not_installed",
                                     "content-imported:pending:not_installed"));
  stage.install();
  stage.lms.ok({"tool", "claim", std::string(kLaunchHost) + "/lti", kQuiz});
  stage.tool.start();
  EXPECT_THAT(heard(), IsEmpty());
  stage.make_available();
  EXPECT_THAT(heard(), ElementsAre("course-imported:ok", "content-imported:ok", "content-imported:ok"));
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Deferral, S1RestoreForALocatorThatIsInstalledLater) {
  stage.restore(stage.package(1), "_1_1");
  EXPECT_THAT(waiting(),
              ElementsAre("course-imported:pending:not_installed", "content-imported:pending:not_installed"));
  stage.install();
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("course-imported:ok", "content-imported:ok"));
}

TEST_F(Deferral, S2RestoreWithTheToolNotAvailable) {
  stage.install();
  stage.restore(stage.package(2), "_1_1");
  EXPECT_THAT(waiting(), ElementsAre("course-imported:pending:not_available", "content-imported:pending:not_available",
                                     "content-imported:pending:not_available"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("course-imported:ok", "content-imported:ok", "content-imported:ok"));
}

TEST_F(Deferral, S3RestoreWithTheToolNotResponding) {
  set_up_course();
  take_down();
  stage.restore(stage.package(2, "second.imscc"), "_3_1");
  EXPECT_THAT(waiting(),
              ElementsAre("course-imported:pending:not_responding", "content-imported:pending:behind_backlog",
                          "content-imported:pending:behind_backlog"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("course-imported:ok", "content-imported:ok", "content-imported:ok"));
}

TEST_F(Deferral, S4CourseCopyWithTheToolNotAvailable) {
  set_up_course();
  switch_off();
  stage.lms.ok({"course", "copy", "_1_1", "_4_1"});
  EXPECT_EQ(waiting().at(0), "course-copied:pending:not_available");
  bring_back();
  EXPECT_EQ(heard().at(0), "course-copied:ok");
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Deferral, S5CourseCopyWithTheToolNotResponding) {
  set_up_course();
  take_down();
  stage.lms.ok({"course", "copy", "_1_1", "_4_1", "--exact"});
  EXPECT_EQ(waiting().at(0), "course-copied:pending:not_responding");
  bring_back();
  EXPECT_EQ(heard().at(0), "course-copied:ok");
  EXPECT_EQ(Receiver::parameter(stage.tool.log().at(stage.tool.log().size() - 3), "type"), "exact");
}

TEST_F(Deferral, S6ContentCopyWithTheToolNotAvailable) {
  set_up_course();
  switch_off();
  stage.lms.ok({"content", "copy", first_item, "--to", "_2_1"});
  EXPECT_THAT(waiting(), ElementsAre("content-copied:pending:not_available"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok"));
}

TEST_F(Deferral, S7ContentCopyWithTheToolNotResponding) {
  set_up_course();
  take_down();
  stage.lms.ok({"content", "copy", first_item, "--to", "_2_1"});
  EXPECT_THAT(waiting(), ElementsAre("content-copied:pending:not_responding"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok"));
}

TEST_F(Deferral, S8MoveToAnotherCourseWithTheToolNotAvailable) {
  set_up_course();
  switch_off();
  stage.lms.ok({"content", "copy", first_item, "--to", "_2_1", "--delete"});
  EXPECT_THAT(waiting(), ElementsAre("content-copied:pending:not_available", "content-deleted:pending:not_available"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok", "content-deleted:ok"));
}

TEST_F(Deferral, S9MoveToAnotherCourseWithTheToolNotResponding) {
  set_up_course();
  take_down();
  stage.lms.ok({"content", "copy", first_item, "--to", "_2_1", "--delete"});
  EXPECT_THAT(waiting(),
              ElementsAre("content-copied:pending:not_responding", "content-deleted:pending:behind_backlog"));
  bring_back();
  EXPECT_THAT(heard(), ElementsAre("content-copied:ok", "content-deleted:ok"));
}

TEST_F(Deferral, AnErrorAnswerIsNotDeferred) {
  stage.install();
  stage.tool.start("error*");
  stage.lms.run({"tool", "save", kQuiz, "--state", "available"});  // refused: the tool says ERROR to everything
  stage.tool.stop();
  stage.tool.start("when action=content-imported: error, ok*");
  stage.make_available();
  stage.restore(stage.package(1), "_1_1");
  EXPECT_THAT(stage.standing(), ElementsAre("course-imported:delivered:-", "content-imported:refused:-"));
}

TEST_F(Deferral, ACopyForAToolThatIsNotInstalledIsIgnored) {
  set_up_course();
  stage.lms.ok({"tool", "remove", kQuiz});
  const Json copied = stage.lms.ok({"course", "copy", "_1_1", "_4_1"});
  for (const auto& event : copied.at("events")) {
    EXPECT_EQ(event.at("answer"), "ignored");
    EXPECT_EQ(event.at("deferral"), "tool_not_installed");
  }
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Deferral, AMoveInsideOneCourseGivesNothing) {
  set_up_course();
  heard();
  const Json moved = stage.lms.ok({"content", "copy", first_item, "--to", "_1_1", "--delete"});
  EXPECT_THAT(moved.at("events"), IsEmpty());
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Deferral, AnActionWithoutAHandlerIsIgnored) {
  stage.install("course-imported");
  const Json restored = stage.restore(stage.package(1), "_1_1");
  EXPECT_EQ(restored.at("events").at(0).at("answer"), "ignored");
  EXPECT_EQ(restored.at("events").at(0).at("deferral"), "no_handler");
  EXPECT_THAT(waiting(), ElementsAre("content-imported:pending:not_available"));
}

}  // namespace
}  // namespace ptb::test
