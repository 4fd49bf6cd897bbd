// What README and docs/operations.md tell a newcomer to type, with the files they name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "scenario/stage.h"

namespace ptb::test {
namespace {

TEST(Examples, TheStoryOfTheReadmeIsTrue) {
  Stage stage;
  const std::string examples = PTB_EXAMPLES;
  std::ifstream file(examples + "/tool.xml");
  std::string document((std::istreambuf_iterator<char>(file)), {});
  const std::string port = "8099";
  document.replace(document.rfind(port), port.size(), std::to_string(stage.tool.port()));
  stage.tool.start();
  stage.lms.ok({"tool", "add", stage.scratch.file("tool.xml", document), "--secret-file", stage.tool.secret_file(),
                "--allow-private", "--allow-http"});
  stage.lms.ok({"tool", "save", kQuiz, "--state", "unavailable"});
  stage.lms.ok({"course", "restore", examples + "/course.imscc", "--map", "tools.acme.example=acme/quiz"});
  EXPECT_THAT(stage.standing(),
              testing::ElementsAre("course-imported:pending:not_available", "content-imported:pending:not_available",
                                   "content-imported:pending:not_available", "content-imported:pending:not_available"));
  EXPECT_EQ(stage.lms.ok({"tool", "save", kQuiz, "--state", "available"}).at("acknowledged"), 4);
  EXPECT_EQ(Receiver::parameter(stage.tool.log().back(), "level"), "hard");
}

}  // namespace
}  // namespace ptb::test
