// Real course packages, where PTB_TEST_DATA says that there are some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(RealPackage, CanvasExportIsRestoredAndDelivered) {
  const char* const directory = std::getenv("PTB_TEST_DATA");
  if (directory == nullptr) GTEST_SKIP() << "PTB_TEST_DATA is not set";
  const std::string package = std::string(directory) + "/canvas-export-with-lti-link.imscc";
  if (!std::filesystem::exists(package)) GTEST_SKIP() << package << " is not there";
  Stage stage;
  const Json restored = stage.lms.ok({"course", "restore", package, "--id", "_1_1"});
  EXPECT_EQ(restored.at("links"), 2);
  EXPECT_EQ(restored.at("skipped_links"), 0);
  EXPECT_EQ(restored.at("groups"), 0);
  std::map<std::string, int> others;
  for (const auto& type : restored.at("not_taken_over")) others[type.at("type")] = type.at("count").get<int>();
  EXPECT_THAT(others, ElementsAre(Pair("associatedcontent/imscc_xmlv1p1/learning-application-resource", 5),
                                  Pair("imsdt_xmlv1p1", 4), Pair("webcontent", 38)));
  std::vector<std::string> events;
  for (const auto& event : restored.at("events"))
    events.push_back(event.at("tool").get<std::string>() + " " + event.at("kind").get<std::string>());
  EXPECT_THAT(
      events,
      ElementsAre("canvabadges.herokuapp.com/lti course-imported", "www.canvabadges.org/lti course-imported",
                  "canvabadges.herokuapp.com/lti content-imported", "www.canvabadges.org/lti content-imported"));
  stage.install();
  stage.lms.ok({"tool", "claim", "www.canvabadges.org/lti", kQuiz});
  stage.tool.start();
  stage.make_available();
  EXPECT_THAT(stage.tool.heard(), ElementsAre("course-imported:ok", "content-imported:ok"));
}

}  // namespace
}  // namespace ptb::test
