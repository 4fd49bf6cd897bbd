// The reports of the vendor check: whole, well-formed, and without what must not be in them.
#include "check/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/processes.h"

namespace host {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "s3cret&<word>";

/// What a hostile tool could have made of a run.
CheckRun hostile_run() {
  CheckRun run;
  run.tool = "acme/<b>quiz</b>";
  run.name = "Quiz & \"Co\"";
  run.url = "http://127.0.0.1:1/";
  run.seed = 42;
  run.outcomes = {
      {"good", "Good & right.", passed("p50 <1 ms"), 3},
      {"bad",
       "Bad.",
       {Result::failed, "reason </script><script>alert(1)</script>", "a=1\nb=" + std::string(kSecret) + "\n",
        "expected ]]> thing", std::string("came \x01\x1b[31m \xff {{name}} ") + kSecret, "fix 'this'"},
       5},
      {"odd", "Odd.", {Result::warning, "hm", "s", "e", "c\xEF\xBF\xBF", "f"}, 5},
      {"none", "None.", skipped("was <not> asked"), 0}};
  make_presentable(run, kSecret);
  return run;
}

TEST(CheckReport, ThePageIsEscapedSelfContainedAndKeepsTheSecret) {
  const auto page = html_report(hostile_run());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<b>quiz")));
  EXPECT_THAT(page, HasSubstr("acme/&lt;b&gt;quiz&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("{{name}}")) << "what a tool answers is no template";
  EXPECT_THAT(page, HasSubstr("1 passed, 1 failed, 1 warning, 1 skipped"));
  EXPECT_THAT(page, HasSubstr("--seed 42"));
  for (const char* elsewhere : {"src=", "http-equiv", "@import", "url(", "<link"})
    EXPECT_THAT(page, Not(HasSubstr(elsewhere)));
}

TEST(CheckReport, NoReportHoldsTheSecret) {
  const auto run = hostile_run();
  for (const auto& text : {html_report(run), junit_report(run), json_report(run).dump()}) {
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
    EXPECT_THAT(text, HasSubstr("[the secret]"));
  }
}

TEST(CheckReport, JunitIsWellFormed) {
  const ptb::test::Scratch scratch;
  const auto file = scratch.path("junit.xml");
  write_report(file, "--junit", junit_report(hostile_run()));
  const auto ran = ptb::test::Process({"/usr/bin/xmllint", "--noout", file}).wait();
  EXPECT_EQ(ran.status, 0) << ran.err;
  const auto text = junit_report(hostile_run());
  EXPECT_THAT(text, HasSubstr("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("time=\"0.013\""));
}

TEST(CheckReport, JsonHoldsWhatAPersonWouldRead) {
  const auto json = json_report(hostile_run());
  EXPECT_EQ(json["failed"], 1);
  EXPECT_EQ(json["cases"][1]["name"], "bad");
  EXPECT_EQ(json["cases"][1]["fix"], "fix 'this'");
  EXPECT_EQ(json["cases"][3]["result"], "skipped");
}

TEST(CheckReport, AFileThatCannotBeWrittenIsNamed) {
  try {
    write_report("/nowhere/report.html", "--html", "x");
    FAIL() << "wrote it";
  } catch (const Refusal& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("/nowhere/report.html"));
    EXPECT_THAT(refusal.what(), HasSubstr("--html"));
  }
}

}  // namespace
}  // namespace host
