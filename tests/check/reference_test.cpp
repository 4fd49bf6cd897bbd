// The vendor check as a program against the reference tool: a right one passes clean, and each known defect is found by
// its case and by no other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "check/case.h"
#include "receive/bugs.h"
#include "support/processes.h"

namespace host {

void PrintTo(const BugKind& kind, std::ostream* out);
void PrintTo(const BugKind& kind, std::ostream* out) { *out << kind.name; }

}  // namespace host

namespace host::test {
namespace {

using ptb::test::Process;
using ptb::test::ptb_host_program;
using ptb::test::Ran;
using ptb::test::Scratch;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Names = std::vector<std::string>;
using Words = std::vector<std::string>;

class Reference : public ::testing::Test {
 protected:
  void start(const Words& more = {}) {
    const auto port_file = scratch_.path("port");
    Words words = {ptb_host_program(), "receive", "--secret-file", secret_, "--port-file", port_file};
    words.insert(words.end(), more.begin(), more.end());
    tool_ = std::make_unique<Process>(words);
    for (int i = 0; i < 1000 && port_ == 0 && tool_->running(); ++i) {
      std::ifstream(port_file) >> port_;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_NE(port_, 0) << tool_->wait().err;
    const auto url = fmt::format("http://127.0.0.1:{}", port_);
    probe_ = url + "/_receive/effects";
    descriptor_ = scratch_.file("tool.xml", every_action(url));
  }

  /// Every action that there is, so that no case has to be skipped for want of one.
  static std::string every_action(const std::string& url) {
    std::string actions;
    auto types = event_kinds();
    for (const char* type : {"state-change", "ping", "remove", "reregister"}) types.emplace_back(type);
    for (const auto& type : types)
      actions += fmt::format(R"(<action type="{0}" path="/proxy"><param name="action" fixed="{0}"/></action>)", type);
    return fmt::format(
        "<tool-profile><vendor><code>acme</code></vendor><tool-info><code>quiz</code></tool-info><tool-instance>"
        "<base-urls><base-url type=\"http\">{}</base-url></base-urls></tool-instance><http-actions>{}</http-actions>"
        "</tool-profile>",
        url, actions);
  }

  Ran check(const Words& more) const {
    Words words = {ptb_host_program(), "--json",          "check",  descriptor_, "--secret-file", secret_,
                   "--allow-http",     "--allow-private", "--rate", "1000",      "--load",        "60"};
    words.insert(words.end(), more.begin(), more.end());
    return Process(words).wait();
  }
  Ran check_all() const { return check({"--probe", probe_, "--destructive"}); }

  static Names with_result(const Ran& ran, const std::string& result) {
    Names names;
    const auto json = ran.json();
    for (const auto& one : json.at("cases"))
      if (one.at("result") == result) names.push_back(one.at("name"));
    return names;
  }

  Scratch scratch_;
  std::string secret_ = scratch_.file("secret", "a shared secret\n");
  std::unique_ptr<Process> tool_;
  int port_ = 0;
  std::string probe_;
  std::string descriptor_;
};

TEST_F(Reference, ARightToolPassesClean) {
  start();
  const auto ran = check_all();
  EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
  EXPECT_THAT(with_result(ran, "failed"), IsEmpty());
  EXPECT_THAT(with_result(ran, "warning"), IsEmpty());
  EXPECT_THAT(with_result(ran, "skipped"), UnorderedElementsAre("tls", "refuses-wrong-guid"));
}

TEST_F(Reference, ARightToolPassesWithoutTheBridgesOwnParameters) {
  start();
  const auto ran = check({"--probe", probe_, "--strict"});
  EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
  EXPECT_THAT(with_result(ran, "skipped"),
              UnorderedElementsAre("tls", "refuses-wrong-guid", "late-event", "remove", "reregister"));
}

TEST_F(Reference, WithoutAProbeItSaysWhatItCouldNotSee) {
  start();
  const auto ran = check({"--case", "same-event-twice-has-effect-of-one"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.json().at("cases").back().at("reason").get<std::string>(), ::testing::HasSubstr("--probe"));
}

TEST_F(Reference, EveryCaseRunsAlone) {
  start();
  for (const auto& one : all_cases()) {
    const auto ran = check({"--case", one.name, "--probe", probe_, "--destructive"});
    EXPECT_EQ(ran.status, 0) << one.name << ran.err << ran.out;
    Names names;
    const auto json = ran.json();
    for (const auto& outcome : json.at("cases")) names.push_back(outcome.at("name"));
    if (one.name == "reachable")
      EXPECT_THAT(names, ElementsAre("reachable"));
    else
      EXPECT_THAT(names, ElementsAre("reachable", one.name));
  }
}

TEST_F(Reference, AnotherGuidThanTheToolsIsAWarning) {
  start();
  const auto ran = check({"--case", "refuses-wrong-guid", "--guid", std::string(32, 'b')});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(with_result(ran, "warning"), ElementsAre("refuses-wrong-guid"));
}

TEST_F(Reference, ItsReportsAreWrittenAndHoldNoSecret) {
  start({"--bug", "accepts-any-mac"});
  const auto ran =
      check({"--case", "refuses-wrong-mac", "--junit", scratch_.path("j.xml"), "--html", scratch_.path("h.html")});
  EXPECT_EQ(ran.status, 1);
  for (const char* name : {"j.xml", "h.html"}) {
    std::ifstream file(scratch_.path(name));
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, ::testing::HasSubstr("refuses-wrong-mac")) << name;
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("a shared secret"))) << name;
  }
  EXPECT_EQ(Process({"/usr/bin/xmllint", "--noout", scratch_.path("j.xml")}).wait().status, 0);
}

class KnownDefect : public Reference, public ::testing::WithParamInterface<BugKind> {};

TEST_P(KnownDefect, IsFoundByItsCaseAndNoOther) {
  start({"--bug", std::string(GetParam().name)});
  const bool slow = GetParam().name == "slow-now-and-then";
  Words words = {"--probe", probe_, "--destructive"};
  if (slow) words.insert(words.end(), {"--within-ms", "250"});
  const auto ran = check(words);
  EXPECT_EQ(ran.status, 1) << ran.err << ran.out;
  EXPECT_THAT(with_result(ran, "failed"), ElementsAre(std::string(GetParam().found_by))) << ran.out;
}

INSTANTIATE_TEST_SUITE_P(All, KnownDefect, ::testing::ValuesIn(bug_kinds()), [](const auto& one) {
  std::string name(one.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(KnownDefects, AreAtLeastADozenAndEachNamesACase) {
  EXPECT_GE(bug_kinds().size(), 12U);
  Names names;
  for (const auto& one : all_cases()) names.push_back(one.name);
  for (const auto& kind : bug_kinds()) EXPECT_THAT(names, ::testing::Contains(std::string(kind.found_by))) << kind.name;
}

}  // namespace
}  // namespace host::test
