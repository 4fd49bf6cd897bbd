// What restores, copies, moves and deletions tell tools (proxy-tool-protocol §4), and that each is one stored
// operation.
#include "course_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusal.h"
#include "temporary_directory.h"

namespace host::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const Locator kQuiz{"acme", "quiz"};
const Locator kWiki{"umbrella", "wiki"};

struct CourseOperations : testing::Test {
  /// Course _1_1 with the items quiz, wiki, quiz.
  Operation restore() {
    Restore restore{"_1_1", "Algebra", "backup", {}};
    restore.links = {{kQuiz, "one", {{"level", "1"}}}, {kWiki, "two", {}}, {kQuiz, "three", {}}};
    return restore_course(lms, restore);
  }
  std::string item(std::size_t index) { return lms.items("_1_1").at(index).id; }
  std::vector<std::string> settings(const std::string& course, const std::string& content) {
    std::vector<std::string> found;
    lms.visit_settings(kQuiz, course, content, [&](const Setting& setting) {
      found.push_back(setting.scope + ":" + setting.key + "=" + setting.value);
      return true;
    });
    return found;
  }
  static std::vector<std::string> outline(const Operation& operation) {
    std::vector<std::string> lines;
    for (const auto& event : operation.events) lines.push_back(event.kind + " " + to_text(event.tool));
    return lines;
  }

  TemporaryDirectory directory;
  Lms lms{directory / "lms.db"};
};

TEST_F(CourseOperations, ARestoreTellsEachToolOfTheCourseThenOfEachItem) {
  const auto operation = restore();
  EXPECT_THAT(outline(operation),
              ElementsAre("course-imported acme/quiz", "course-imported umbrella/wiki", "content-imported acme/quiz",
                          "content-imported umbrella/wiki", "content-imported acme/quiz"));
  EXPECT_THAT(operation.events.at(0).arguments,
              ElementsAre(Pair("type", "shallow"), Pair("course_id", "_1_1"), Pair("backup_id", "backup")));
  EXPECT_THAT(operation.events.at(2).arguments, ElementsAre(Pair("content_id", item(0)), Pair("course_id", "_1_1"),
                                                            Pair("backup_id", "backup"), Pair("type", "shallow")));
  EXPECT_THAT(settings("_1_1", item(0)), ElementsAre("content:level=1"));
  EXPECT_EQ(lms.high_water(), operation.id);
}

TEST_F(CourseOperations, ACourseCopyTakesItsSettingsAlong) {
  restore();
  lms.set_setting(kQuiz, {"course", "_1_1", "theme", "blue"});
  const auto operation = copy_course(lms, "_1_1", "copy", true);
  EXPECT_THAT(outline(operation),
              ElementsAre("course-copied acme/quiz", "course-copied umbrella/wiki", "content-copied acme/quiz",
                          "content-copied umbrella/wiki", "content-copied acme/quiz"));
  EXPECT_THAT(operation.events.at(0).arguments,
              ElementsAre(Pair("type", "exact"), Pair("oldCourseId", "_1_1"), Pair("newCourseId", "copy")));
  const auto copy = lms.items("copy").at(0).id;
  EXPECT_THAT(operation.events.at(2).arguments,
              ElementsAre(Pair("type", "exact"), Pair("oldId", item(0)), Pair("newId", copy),
                          Pair("oldCourseId", "_1_1"), Pair("newCourseId", "copy"), Pair("external_content_id", "")));
  EXPECT_THAT(settings("copy", copy), ElementsAre("course:theme=blue", "content:level=1"));
}

TEST_F(CourseOperations, AMoveToAnotherCourseIsACopyThenADeletionInOneOperation) {
  restore();
  create_course(lms, "other");
  const auto old_id = item(0);
  const auto moved = copy_content(lms, old_id, "other", true);
  EXPECT_THAT(outline(moved.operation), ElementsAre("content-copied acme/quiz", "content-deleted acme/quiz"));
  EXPECT_THAT(moved.operation.events.at(1).arguments,
              ElementsAre(Pair("content_id", old_id), Pair("course_id", "_1_1"), Pair("external_content_id", "")));
  EXPECT_FALSE(lms.item(old_id));
  EXPECT_EQ(lms.item(moved.item_id)->course_id, "other");
}

TEST_F(CourseOperations, SettingsOfWhatWasDeletedLastUntilTheCapture) {
  restore();
  create_course(lms, "other");
  const auto old_id = item(0);
  const auto moved = copy_content(lms, old_id, "other", true);
  EXPECT_THAT(settings("_1_1", old_id), ElementsAre("content:level=1"));
  lms.finish_operation(moved.operation, "");
  EXPECT_THAT(settings("_1_1", old_id), IsEmpty());
  EXPECT_THAT(settings("other", moved.item_id), ElementsAre("content:level=1"));
}

TEST_F(CourseOperations, AMoveInsideOneCourseKeepsTheIdAndTellsNobody) {
  const auto restored = restore();
  const auto moved = copy_content(lms, item(0), "_1_1", true);
  EXPECT_TRUE(moved.moved_inside_course);
  EXPECT_EQ(moved.item_id, item(0));
  EXPECT_THAT(moved.operation.events, IsEmpty());
  EXPECT_EQ(lms.high_water(), restored.id);
}

TEST_F(CourseOperations, ADeletionTellsEachToolOnce) {
  restore();
  EXPECT_THAT(outline(delete_course(lms, "_1_1")),
              ElementsAre("course-deleted acme/quiz", "course-deleted umbrella/wiki"));
  EXPECT_FALSE(lms.course("_1_1"));
}

TEST_F(CourseOperations, WhatIsRefusedLeavesNothingBehind) {
  restore();
  EXPECT_THROW(restore(), Refusal) << "the course is there already";
  EXPECT_THROW(copy_course(lms, "_1_1", "_1_1", false), Refusal);
  EXPECT_THROW(copy_course(lms, "nowhere", "copy", false), Refusal);
  EXPECT_THROW(copy_content(lms, item(0), "nowhere", false), Refusal);
  EXPECT_THAT(lms.courses(), SizeIs(1));
  EXPECT_THAT(lms.items("_1_1"), SizeIs(3));
  EXPECT_THAT(lms.unfinished_operations(), SizeIs(1));
}

TEST_F(CourseOperations, AnOperationIsUnfinishedUntilItsCaptureIsNotedAlsoForTheNextProcess) {
  const auto operation = restore();
  {
    Lms again(directory / "lms.db");
    const auto unfinished = again.unfinished_operations();
    ASSERT_THAT(unfinished, SizeIs(1));
    EXPECT_EQ(unfinished.front().id, operation.id);
    EXPECT_EQ(outline(unfinished.front()), outline(operation));
    EXPECT_EQ(unfinished.front().events.at(2).arguments, operation.events.at(2).arguments);
    EXPECT_EQ(unfinished.front().events.at(2).content_id, operation.events.at(2).content_id);
    again.finish_operation(operation, "");
  }
  EXPECT_THAT(lms.unfinished_operations(), IsEmpty());
}

TEST_F(CourseOperations, AClaimGivesItemsAndSettingsToTheOtherTool) {
  restore();
  const Locator unknown{"tools.example", "lti"};
  Restore later{"_9_1", "", "backup", {{unknown, "link", {{"level", "2"}}}}};
  restore_course(lms, later);
  lms.claim(unknown, kQuiz);
  const auto claimed = lms.items("_9_1").at(0);
  EXPECT_EQ(claimed.tool, kQuiz);
  EXPECT_THAT(settings("_9_1", claimed.id), ElementsAre("content:level=2"));
  EXPECT_EQ(lms.claimed_by(unknown), kQuiz);
  EXPECT_FALSE(lms.has_items_of(unknown));
}

}  // namespace
}  // namespace host::test
