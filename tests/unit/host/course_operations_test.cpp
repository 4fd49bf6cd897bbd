// What restores, copies, moves and deletions tell tools (proxy-tool-protocol §4), and that each is one stored
// operation.
#include "course_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lms_schema.h"
#include "refusal.h"
#include "temporary_directory.h"

namespace host::test {
namespace {

using testing::_;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
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

TEST_F(CourseOperations, GroupsAreRestoredAndEachToolOfTheCourseHearsOfThem) {
  Restore restore{"_1_1", "Algebra", "backup", {}};
  restore.links = {{kQuiz, "one", {}}, {kWiki, "two", {}}};
  restore.groups = {{"_90_1", "Reds"}};
  const auto operation = restore_course(lms, restore);
  EXPECT_THAT(outline(operation), ElementsAre("course-imported acme/quiz", "course-imported umbrella/wiki",
                                              "group-imported acme/quiz", "group-imported umbrella/wiki",
                                              "content-imported acme/quiz", "content-imported umbrella/wiki"));
  const auto groups = lms.groups("_1_1");
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups.at(0).name, "Reds");
  EXPECT_THAT(operation.events.at(2).arguments,
              ElementsAre(Pair("type", "shallow"), Pair("course_id", "_1_1"), Pair("backup_id", "backup"),
                          Pair("old_group_id", "_90_1"), Pair("new_group_id", groups.at(0).id)));
}

TEST_F(CourseOperations, GroupsAreCopiedWithTheirCourse) {
  restore();
  const auto group = create_group(lms, "_1_1", "Reds");
  EXPECT_THROW(create_group(lms, "_1_1", "Reds"), Refusal) << "the name is taken";
  EXPECT_THROW(create_group(lms, "_1_1", ""), Refusal);
  EXPECT_THROW(create_group(lms, "nowhere", "Reds"), Refusal);
  const auto operation = copy_course(lms, "_1_1", "copy", true);
  const auto copies = lms.groups("copy");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_NE(copies.at(0).id, group.id);
  EXPECT_EQ(operation.events.at(2).kind, "group-copied");
  EXPECT_THAT(operation.events.at(2).arguments,
              ElementsAre(Pair("type", "exact"), Pair("oldCourseId", "_1_1"), Pair("newCourseId", "copy"),
                          Pair("oldId", group.id), Pair("newId", copies.at(0).id)));
}

TEST_F(CourseOperations, AnExportTellsOfTheCourseItsGroupsAndItsItems) {
  restore();
  const auto group = create_group(lms, "_1_1", "Reds");
  const auto operation = export_course(lms, "_1_1", "backup");
  EXPECT_THAT(outline(operation),
              ElementsAre("course-exported acme/quiz", "course-exported umbrella/wiki", "group-exported acme/quiz",
                          "group-exported umbrella/wiki", "content-exported acme/quiz",
                          "content-exported umbrella/wiki", "content-exported acme/quiz"));
  EXPECT_THAT(operation.events.at(0).arguments,
              ElementsAre(Pair("type", "shallow"), Pair("course_id", "_1_1"), Pair("backup_id", "backup")));
  EXPECT_THAT(operation.events.at(2).arguments, ElementsAre(Pair("type", "shallow"), Pair("course_id", "_1_1"),
                                                            Pair("backup_id", "backup"), Pair("group_id", group.id)));
  EXPECT_THAT(operation.events.at(4).arguments, ElementsAre(Pair("content_id", item(0)), Pair("course_id", "_1_1"),
                                                            Pair("backup_id", "backup"), Pair("type", "shallow")));
}

TEST_F(CourseOperations, EventsOfAnItemCarryItsHandlerAndAllCarryWhoDidIt) {
  Restore restore{"_1_1", "", "backup", {}};
  restore.links = {{kQuiz, "one", {}, "resource/x-acme-quiz", "https://tools.example/l"}, {kQuiz, "two", {}}};
  restore.user_id = "_7_1";
  const auto restored = restore_course(lms, restore);
  EXPECT_THAT(restored.events.at(0).context, Contains(Pair("user_id", "_7_1")));
  EXPECT_THAT(restored.events.at(0).context, Not(Contains(Pair("content_handle", _))));
  EXPECT_THAT(restored.events.at(1).context, Contains(Pair("content_handle", "resource/x-acme-quiz")));
  EXPECT_THAT(restored.events.at(1).context, Contains(Pair("user_id", "_7_1")));
  EXPECT_THAT(restored.events.at(2).context, Not(Contains(Pair("content_handle", _))));
  const auto copied = copy_course(lms, "_1_1", "copy", false);
  EXPECT_THAT(copied.events.at(1).context, Contains(Pair("content_handle", "resource/x-acme-quiz")));
  EXPECT_THAT(copied.events.at(1).context, Not(Contains(Pair("user_id", _))));
  EXPECT_EQ(lms.items("copy").at(0).launch_url, "https://tools.example/l");
  const auto moved = copy_content(lms, item(0), "copy", true, {"_8_1"});
  for (const auto& event : moved.operation.events) {
    EXPECT_THAT(event.context, Contains(Pair("content_handle", "resource/x-acme-quiz")));
    EXPECT_THAT(event.context, Contains(Pair("user_id", "_8_1")));
  }
}

TEST_F(CourseOperations, ForgettingRemovesWhatFinishedOperationsSay) {
  const auto restored = restore();
  const auto copied = copy_course(lms, "_1_1", "copy", false, {"_7_1"});
  EXPECT_EQ(lms.forget("_1_1", ""), 0) << "nothing of it is finished";
  lms.finish_operation(copied, "");
  EXPECT_EQ(lms.forget("", "_8_1"), 0);
  EXPECT_EQ(lms.forget("elsewhere", ""), 0);
  EXPECT_EQ(lms.forget("", "_7_1"), 5);
  EXPECT_EQ(lms.forget("_1_1", ""), 0);
  EXPECT_THAT(lms.unfinished_operations(), SizeIs(1)) << "what the bridge has not taken yet stays";
  const auto again = copy_course(lms, "_1_1", "another", false);
  lms.finish_operation(again, "");
  EXPECT_EQ(lms.forget("_1_1", ""), 5) << "as the old course of copies";
}

TEST_F(CourseOperations, ADatabaseOfVersion1IsBroughtUpToDate) {
  const auto path = directory / "old.db";
  {
    Database old(path);
    old.execute(kLmsSchema);
    old.execute(
        "INSERT INTO life VALUES (1, 'g', 7); INSERT INTO course (id, title) VALUES ('c', 'C');"
        "INSERT INTO item (id, course_id, vendor, program, title, external_id) VALUES ('i', 'c', 'acme', 'quiz', '', "
        "'');"
        "PRAGMA user_version=1");
  }
  Lms upgraded(path);
  EXPECT_EQ(upgraded.generation(), "g");
  EXPECT_EQ(upgraded.items("c").at(0).handle, "");
  EXPECT_THAT(upgraded.groups("c"), IsEmpty());
  Lms again(path);
}

TEST_F(CourseOperations, ARemovedToolsSecretStaysUntilItIsTakenAway) {
  Tool tool;
  tool.locator = kQuiz;
  tool.state = "inactive";
  lms.put_tool(tool);
  lms.put_secret(kQuiz, "secret");
  EXPECT_THAT(lms.removed_with_secret(), IsEmpty());
  lms.remove_tool(kQuiz);
  EXPECT_EQ(lms.secret(kQuiz), "secret");
  EXPECT_THAT(lms.removed_with_secret(), ElementsAre(kQuiz));
  lms.remove_secret(kQuiz);
  EXPECT_THAT(lms.removed_with_secret(), IsEmpty());
}

TEST_F(CourseOperations, EverythingSaidOfAToolIsKept) {
  Tool tool;
  tool.locator = kQuiz;
  tool.state = "inactive";
  tool.wire = "lti-notice";
  tool.allow_cidrs = "10.0.0.0/8 fd00::/8";
  tool.client_cert_file = "/c.pem";
  tool.client_key_file = "/k.pem";
  tool.endpoint = "https://e.example/";
  tool.lti_client_id = "client";
  tool.lti_deployment_id = "1";
  tool.max_batch = 50;
  tool.told = true;
  lms.put_tool(tool);
  EXPECT_EQ(lms.tool(kQuiz), tool);
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

TEST_F(CourseOperations, NotBeforeIsKeptWithTheOperationUntilItIsCaptured) {
  Restore restore{"_1_1", "Algebra", "backup", {{kQuiz, "one", {}}}};
  restore.not_before_ms = 7'000;
  restore_course(lms, restore);
  copy_course(lms, "_1_1", "copy", false, {"", 8'000});
  create_course(lms, "other");
  copy_content(lms, item(0), "other", false, {"", 9'000});
  delete_course(lms, "copy");
  std::vector<std::int64_t> kept;
  for (const auto& operation : lms.unfinished_operations()) kept.push_back(operation.not_before_ms);
  EXPECT_THAT(kept, ElementsAre(7'000, 8'000, 9'000, 0));
}

}  // namespace
}  // namespace host::test
