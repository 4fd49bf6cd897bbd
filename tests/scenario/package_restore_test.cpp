// One package of each kind through `ptb-host course restore`, as an administrator does it: what comes of the links
// waits for tools that are not installed, with the settings that the package held; or goes to the one that is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "scenario/stage.h"
#include "unit/host/zip_of_our_own.h"

namespace ptb::test {
namespace {

using host::test::members_of;
using host::test::Packing;
using host::test::write_archive;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// An event with its settings, in one line.
std::string told(const Json& event) {
  std::string line = event.at("tool").get<std::string>() + " " + event.at("kind").get<std::string>() + " ";
  line +=
      event.at("deferral").is_null() ? event.at("state").get<std::string>() : event.at("deferral").get<std::string>();
  for (const auto& setting : event.at("settings"))
    line += " " + setting.at("key").get<std::string>() + "=" + setting.at("value").get<std::string>();
  return line;
}

class PackageRestore : public testing::Test {
 protected:
  /// The package in tests/packages, packed; its name says nothing of what it is.
  std::string packed(const std::string& name, Packing packing) {
    const auto path = stage.scratch.path("upload");
    write_archive(path, packing, members_of(std::string(PTB_PACKAGES) + "/" + name + "/package"));
    return path;
  }
  std::vector<std::string> restored(const std::string& name, Packing packing,
                                    const std::vector<std::string>& options = {}) {
    std::vector<std::string> command = {"course", "restore", packed(name, packing), "--id", "_1_1"};
    command.insert(command.end(), options.begin(), options.end());
    answer = stage.lms.ok(command);
    std::vector<std::string> lines;
    for (const auto& event : stage.lms.ok({"events", "list"})) lines.push_back(told(event));
    return lines;
  }
  Stage stage;
  Json answer;
};

TEST_F(PackageRestore, ACommonCartridgeWaitsUnderItsLaunchHosts) {
  EXPECT_THAT(restored("cc-1.3", Packing::zip),
              ElementsAre("fruit.tools.example/lti course-imported not_installed",
                          "fruit.tools.example/lti content-imported not_installed sweet=",
                          "flowers.tools.example/lti course-imported not_installed",
                          "flowers.tools.example/lti content-imported not_installed petals=5"));
  EXPECT_EQ(answer.at("format"), "Common Cartridge 1.3");
}

TEST_F(PackageRestore, ThinCartridgesToo) {
  EXPECT_THAT(restored("thin-cc-1.2", Packing::zip),
              ElementsAre("book.example/lti course-imported not_installed",
                          "book.example/lti content-imported not_installed chapter=1",
                          "book.example/lti content-imported not_installed chapter=2"));
}

TEST_F(PackageRestore, ACanvasExportHasItsModuleItemsAndAssignments) {
  EXPECT_THAT(restored("canvas", Packing::zip),
              AllOf(Contains("lab.tools.example/lti content-imported not_installed level=2 unit=mol"),
                    Contains("lab.tools.example/lti content-imported not_installed level=3 unit=mol"),
                    Contains("table.tools.example/lti content-imported not_installed colour=blue"),
                    Contains("video.tools.example/lti content-imported not_installed video=9"),
                    Contains("account.tools.example/lti content-imported not_installed")));
  EXPECT_EQ(answer.at("links"), 5);
}

TEST_F(PackageRestore, VendorAndProductCodesFindAnInstalledTool) {
  const std::string url = "http://127.0.0.1:" + std::to_string(stage.tool.port());
  const auto file = stage.scratch.file("lab.xml", descriptor("acme", "lab", url));
  stage.lms.ok({"tool", "add", file, "--secret-file", stage.tool.secret_file(), "--allow-private", "--allow-http"});
  EXPECT_THAT(restored("canvas", Packing::zip),
              AllOf(Contains("acme/lab content-imported not_available level=3 unit=mol"),
                    Contains("lab.tools.example/lti content-imported not_installed level=2 unit=mol")));
}

TEST_F(PackageRestore, AMoodleBackupWaitsForToolsOfItsSiteAndHasItsGroups) {
  for (const auto packing : {Packing::zip, Packing::tar_gz}) {
    const auto lines =
        restored("moodle", packing, {"--map", "moodle.school.example/site-tool-süße-videos-site=acme/video"});
    EXPECT_THAT(lines, AllOf(Contains("quiz.tools.example/lti content-imported not_installed chapter=4 level=admin "
                                      "school=yes"),
                             Contains("acme/video content-imported not_installed video=1"),
                             Contains("wiki.tools.example/lti content-imported not_installed pages=12 region=eu "
                                      "theme=dark")));
    EXPECT_EQ(answer.at("groups"), 2);
    EXPECT_EQ(answer.at("skipped_links"), 1);
    stage.lms.ok({"course", "delete", "_1_1"});
  }
  for (const auto& event : answer.at("events"))
    if (event.at("kind") == "group-imported") {
      EXPECT_THAT(event.at("arguments").at("old_group_id").get<std::string>(), testing::AnyOf("7", "8"));
      EXPECT_EQ(event.at("arguments").at("backup_id"), answer.at("backup_id"));
    }
}

TEST_F(PackageRestore, WhatIsNotTakenOverIsCountedAndShown) {
  restored("moodle", Packing::tar_gz);
  std::map<std::string, int> others;
  for (const auto& type : answer.at("not_taken_over")) others[type.at("name")] = type.at("count").get<int>();
  EXPECT_EQ(others, (std::map<std::string, int>{{"activity", 1}, {"assignments", 2}, {"quiz", 1}}));
  Process said({ptb_host_program(), "--state", stage.scratch.path("other"), "course", "restore",
                packed("moodle", Packing::zip)});
  const Ran ran = said.wait();
  EXPECT_THAT(ran.out, HasSubstr("\nnot taken over: 2 assignments (mod_assign), 1 activity (mod_greatgame), 1 quiz "
                                 "(mod_quiz)\n"));
}

TEST_F(PackageRestore, ABlackboardExportWaitsUnderWhatItsHandlersAreCalled) {
  EXPECT_THAT(restored("blackboard", Packing::zip),
              AllOf(Contains("acme/quiz content-imported not_installed level=2 mode=exam quizid=4711"),
                    Contains("acme/quiz content-imported not_installed"),
                    Contains("sim.tools.example/lti content-imported not_installed speed=fast"),
                    Contains("bltiplacement/meeting-room-2 content-imported not_installed")));
  EXPECT_EQ(answer.at("groups"), 2);
}

/// The tool's codes say nothing here: its descriptor has the handle.
TEST_F(PackageRestore, ContentOfAHandlerGoesToTheInstalledToolThatHasIt) {
  std::string text = descriptor("umbrella", "suite", "http://127.0.0.1:" + std::to_string(stage.tool.port()));
  const std::string handle = "resource/x-umbrella-item";
  text.replace(text.find(handle), handle.size(), "resource/x-acme-quiz");
  stage.lms.ok({"tool", "add", stage.scratch.file("tool.xml", text), "--secret-file", stage.tool.secret_file(),
                "--allow-private", "--allow-http"});
  EXPECT_THAT(restored("blackboard", Packing::zip),
              AllOf(Contains("umbrella/suite content-imported not_available level=2 mode=exam quizid=4711"),
                    Not(Contains(HasSubstr("acme/quiz")))));
  stage.tool.start();
  stage.lms.ok({"tool", "save", "umbrella/suite", "--state", "available"});
  EXPECT_THAT(stage.tool.heard(), ElementsAre("course-imported:ok", "group-imported:ok", "group-imported:ok",
                                              "content-imported:ok", "content-imported:ok"));
}

/// It is installed later, under the codes that its handle names.
TEST_F(PackageRestore, ContentOfAHandlerIsDeliveredOnceItsToolComes) {
  restored("blackboard", Packing::zip);
  std::string text = descriptor("acme", "quiz", "http://127.0.0.1:" + std::to_string(stage.tool.port()));
  const std::string handle = "resource/x-acme-item";
  text.replace(text.find(handle), handle.size(), "resource/x-acme-quiz");
  stage.lms.ok({"tool", "add", stage.scratch.file("tool.xml", text), "--secret-file", stage.tool.secret_file(),
                "--allow-private", "--allow-http"});
  stage.tool.start();
  stage.make_available();
  EXPECT_THAT(stage.tool.heard(), ElementsAre("course-imported:ok", "group-imported:ok", "group-imported:ok",
                                              "content-imported:ok", "content-imported:ok"));
  const auto log = stage.tool.log();
  std::vector<std::string> levels;
  for (const auto& line : log)
    if (!Receiver::parameter(line, "content_id").empty()) levels.push_back(Receiver::parameter(line, "level"));
  EXPECT_THAT(levels, ElementsAre("2", ""));
}

TEST_F(PackageRestore, AHandleThatTwoToolsHaveNeedsAMap) {
  for (const std::string program : {"one", "two"}) {
    const auto file = stage.scratch.file(program + ".xml", descriptor("acme", program, "http://127.0.0.1:1"));
    stage.lms.ok({"tool", "add", file, "--secret-file", stage.tool.secret_file(), "--allow-private", "--allow-http"});
  }
  auto members = members_of(std::string(PTB_PACKAGES) + "/blackboard/package");
  for (auto& member : members)
    if (member.name == "res00012.dat")
      member.content = "<CONTENT id='_1_1'><CONTENTHANDLER value='resource/x-acme-item'/></CONTENT>";
  const auto path = stage.scratch.path("upload");
  write_archive(path, Packing::zip, members);
  const Ran refused = stage.lms.run({"course", "restore", path});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("resource/x-acme-item could belong to acme/one or acme/two: say which with --map "
                                     "resource/x-acme-item=VENDOR/PROGRAM"));
  EXPECT_THAT(stage.lms.ok({"course", "list"}), IsEmpty());
  const Json done = stage.lms.ok({"course", "restore", path, "--map", "resource/x-acme-item=acme/two"});
  EXPECT_THAT(done.dump(), AllOf(HasSubstr("\"acme/two\""), Not(HasSubstr("\"acme/one\""))));
}

}  // namespace
}  // namespace ptb::test
