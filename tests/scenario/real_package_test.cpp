// Real course packages, where PTB_TEST_DATA says that there are some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;

TEST(RealPackage, CanvasExportIsRestoredAndDelivered) {
  const char* const directory = std::getenv("PTB_TEST_DATA");
  if (directory == nullptr) GTEST_SKIP() << "PTB_TEST_DATA is not set";
  const std::string package = std::string(directory) + "/canvas-export-with-lti-link.imscc";
  if (!std::filesystem::exists(package)) GTEST_SKIP() << package << " is not there";
  Stage stage;
  const Json restored = stage.lms.ok({"course", "restore", package, "--id", "_1_1"});
  ASSERT_EQ(restored.at("events").size(), 2U);
  EXPECT_EQ(restored.at("events").at(0).at("tool"), "www.canvabadges.org/lti");
  stage.install();
  stage.lms.ok({"tool", "claim", "www.canvabadges.org/lti", kQuiz});
  stage.tool.start();
  stage.make_available();
  EXPECT_THAT(stage.tool.heard(), ElementsAre("course-imported:ok", "content-imported:ok"));
}

}  // namespace
}  // namespace ptb::test
