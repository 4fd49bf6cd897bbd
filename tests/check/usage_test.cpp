// The vendor check typed wrongly, or with nobody to ask: one line, and the right exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/processes.h"

namespace host::test {
namespace {

using ptb::test::Process;
using ptb::test::ptb_host_program;
using ptb::test::Ran;
using ptb::test::Scratch;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Ran run(const Words& more) {
  Words words = {ptb_host_program()};
  words.insert(words.end(), more.begin(), more.end());
  return Process(words).wait();
}

class CheckUsage : public ::testing::Test {
 protected:
  Scratch scratch_;
  std::string secret_ = scratch_.file("secret", "a shared secret\n");
  // Port 1 of this machine: nobody is there.
  std::string descriptor_ = scratch_.file("tool.xml", ptb::test::descriptor("acme", "quiz", "http://127.0.0.1:1"));
};

TEST_F(CheckUsage, WhatIsWrongIsSaidInOneLine) {
  const auto broken = scratch_.file("broken.xml", "<tool-profile>");
  const struct {
    Words words;
    int status;
    const char* text;
  } cases[] = {
      {{"check"}, 2, "DESCRIPTOR.xml"},
      {{"check", descriptor_}, 2, "--secret-file"},
      {{"check", descriptor_, "--secret-file", secret_, "--case", "no-such"}, 2, "--list"},
      {{"check", descriptor_, "--secret-file", secret_, "--guid", "XYZ"}, 2, "--guid"},
      {{"check", descriptor_, "--secret-file", secret_, "--allow-cidr", "10.1.0.0/99"}, 2, "--allow-cidr"},
      {{"check", descriptor_, "--secret-file", secret_, "--client-cert", secret_}, 2, "--client-key"},
      {{"check", descriptor_, "--secret-file", secret_, "--rate", "0"}, 2, "--rate"},
      {{"check", descriptor_, "--secret-file", "/nowhere"}, 1, "/nowhere"},
      {{"check", "/nowhere.xml", "--secret-file", secret_}, 1, "/nowhere.xml"},
      {{"check", broken, "--secret-file", secret_}, 1, "broken.xml"},
      {{"check", descriptor_, "--secret-file", secret_, "--ca-file", "/nowhere.pem"}, 1, "--ca-file"},
      {{"receive", "--bug", "no-such", "--secret-file", secret_}, 2, "--list-bugs"},
      {{"receive", "--bug", "slow-now-and-then"}, 2, "--secret-file"},
      {{"receive", "--bug", "refuses-ping", "--secret-file", secret_, "--wire", "standard-webhooks"}, 2, "proxy-tool"},
  };
  for (const auto& one : cases) {
    const auto ran = run(one.words);
    EXPECT_EQ(ran.status, one.status) << one.text << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(one.text));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_EQ(ran.out, "") << one.text;
  }
}

TEST_F(CheckUsage, NobodyThereIsOneLineAndAllElseIsSkipped) {
  const auto ran = run({"--json", "check", descriptor_, "--secret-file", secret_, "--allow-http", "--allow-private"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("http://127.0.0.1:1/proxy cannot be reached"));
  EXPECT_THAT(ran.err, HasSubstr("Start the tool"));
  const auto json = ran.json();
  EXPECT_EQ(json.at("failed"), 1);
  EXPECT_EQ(json.at("skipped").get<std::size_t>() + 1, json.at("cases").size());
}

TEST_F(CheckUsage, WhatMustBeAllowedIsSaid) {
  EXPECT_THAT(run({"check", descriptor_, "--secret-file", secret_, "--allow-http"}).err, HasSubstr("--allow-private"));
  EXPECT_THAT(run({"check", descriptor_, "--secret-file", secret_, "--allow-private"}).err, HasSubstr("--allow-http"));
}

TEST_F(CheckUsage, ASeedThatWasPrintedRepeatsTheOrder) {
  const auto first = run({"--json", "check", descriptor_, "--secret-file", secret_}).json();
  const auto seed = first.at("seed").dump();
  const auto again = run({"--json", "check", descriptor_, "--secret-file", secret_, "--seed", seed}).json();
  for (std::size_t i = 0; i < first.at("cases").size(); ++i)
    EXPECT_EQ(first.at("cases")[i].at("name"), again.at("cases")[i].at("name"));
}

TEST_F(CheckUsage, ListsNeedNoTool) {
  EXPECT_THAT(run({"check", "--list"}).out, HasSubstr("settings-culture-order"));
  EXPECT_THAT(run({"receive", "--list-bugs"}).out, HasSubstr("sorts-by-culture"));
}

}  // namespace
}  // namespace host::test
