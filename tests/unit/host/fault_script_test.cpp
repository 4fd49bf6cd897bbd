// The fault script: grammar, order of steps, conditions, and what is no script.
#include "receive/fault_script.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tool_process.h"

namespace host {
namespace {

std::string words(FaultScript& script, int count, const Params& params = {}, const char* path = "/p") {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + word_of(script.next(path, params));
  return text;
}

TEST(FaultScript, GivesStepsInOrderAndRepeatsTheLast) {
  const struct {
    const char* script;
    const char* words;
  } cases[] = {
      {"", "ok,ok,ok,ok,ok,ok,ok"},
      {"ok*", "ok,ok,ok,ok,ok,ok,ok"},
      {"ok*3, error, drop", "ok,ok,ok,error,drop,drop,drop"},
      {"reset, slow 1500, garbage, huge, status 503, die before, die after",
       "reset,slow,garbage,huge,status 503,die,die after"},
      {"status 503*2,ok*", "status 503,status 503,ok,ok,ok,ok,ok"},
      {" error * 2 ,\tok ", "error,error,ok,ok,ok,ok,ok"},
      {"error # first\n\n# nothing\ndrop\nok*", "error,drop,ok,ok,ok,ok,ok"},
      {"error; drop*2", "error,drop,drop,drop,drop,drop,drop"},
  };
  for (const auto& one : cases) {
    auto script = FaultScript::parse(one.script);
    ASSERT_TRUE(script) << script.error();
    EXPECT_EQ(words(*script, 7), one.words) << one.script;
  }
}

TEST(FaultScript, KeepsNumbers) {
  auto script = FaultScript::parse("slow 1500, status 204");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->next("/", {}).number, 1500U);
  EXPECT_EQ(script->next("/", {}).number, 204U);
}

TEST(FaultScript, ConditionsHaveSequencesOfTheirOwn) {
  auto script = FaultScript::parse(
      "when action=state-change: ok; when content_id=_7_1: drop*2, ok; when /gone: status 404; error, garbage");
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(words(*script, 1), "error");
  EXPECT_EQ(words(*script, 2, {{"action", "state-change"}}), "ok,ok");
  EXPECT_EQ(words(*script, 1, {{"content_id", "_7_1"}}), "drop");
  EXPECT_EQ(words(*script, 1, {}, "/gone"), "status 404");
  EXPECT_EQ(words(*script, 1, {}, "/gone?x=1"), "status 404");
  EXPECT_EQ(words(*script, 2, {{"content_id", "_7_1"}}), "drop,ok");
  EXPECT_EQ(words(*script, 2, {{"content_id", "_7_12"}}), "garbage,garbage");
}

TEST(FaultScript, SaysWhatIsWrongInOneLine) {
  const struct {
    const char* script;
    const char* piece;
  } cases[] = {
      {"explode", "'explode'"},
      {"ok,,ok", "''"},
      {"ok,", "''"},
      {"ok*0", "'ok*0'"},
      {"ok*x", "'ok*x'"},
      {"ok 3", "'ok 3'"},
      {"slow", "slow wants"},
      {"slow -1", "slow wants"},
      {"slow 3600001", "slow wants"},
      {"status 99", "status wants"},
      {"status 600", "status wants"},
      {"die", "'die'"},
      {"die never", "'die never'"},
      {"ok*, error", "never reached"},
      {"ok*\nerror", "never reached"},
      {"when a=b drop", "ends with ':'"},
      {"when : drop", "NAME=VALUE"},
      {"when =b: drop", "NAME=VALUE"},
      {"when a=b:", "''"},
      {"slow 99999999999999999999", "slow wants"},
  };
  for (const auto& one : cases) {
    const auto script = FaultScript::parse(one.script);
    ASSERT_FALSE(script) << one.script;
    EXPECT_NE(script.error().find(one.piece), std::string::npos) << one.script << ": " << script.error();
    EXPECT_EQ(script.error().find('\n'), std::string::npos);
  }
}

TEST(FaultScript, ReadsFiles) {
  const test::TemporaryDirectory directory;
  auto script = FaultScript::load("@" + directory.write("faults", "drop\r\nok*\r\n"));
  ASSERT_TRUE(script) << script.error();
  EXPECT_EQ(words(*script, 3), "drop,ok,ok");
  const auto missing = FaultScript::load("@" + (directory / "none"));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().find("none"), std::string::npos);
}

}  // namespace
}  // namespace host
