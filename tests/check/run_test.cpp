// Which cases are run, in which order, and when the rest is not worth asking.
#include "check/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> names(const std::vector<Case>& cases) {
  std::vector<std::string> all;
  for (const auto& one : cases) all.push_back(one.name);
  return all;
}

TEST(CheckOrder, ASeedRepeatsItAndAnotherOneDiffers) {
  const auto first = names(in_order(all_cases(), {}, 7));
  EXPECT_EQ(first, names(in_order(all_cases(), {}, 7)));
  EXPECT_NE(first, names(in_order(all_cases(), {}, 8)));
  EXPECT_THAT(first, ::testing::UnorderedElementsAreArray(names(all_cases())));
}

TEST(CheckOrder, SomebodyMustBeThereFirstAndWhatCannotBeUndoneComesLast) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto order = names(in_order(all_cases(), {}, seed));
    EXPECT_EQ(order.front(), "reachable");
    EXPECT_EQ(order[order.size() - 2], "reregister");
    EXPECT_EQ(order.back(), "remove");
  }
}

TEST(CheckOrder, OnlyTheChosenOnes) {
  EXPECT_THAT(names(in_order(all_cases(), {"ping"}, 1)), ElementsAre("reachable", "ping"));
}

TEST(CheckCases, HaveEachANameInKebabCaseAndOneSentence) {
  std::vector<std::string> seen;
  for (const auto& one : all_cases()) {
    EXPECT_THAT(one.name, ::testing::MatchesRegex("[a-z0-9]+(-[a-z0-9]+)*"));
    EXPECT_THAT(seen, Not(::testing::Contains(one.name)));
    seen.push_back(one.name);
    EXPECT_THAT(one.sentence, ::testing::EndsWith(".")) << one.name;
    EXPECT_THAT(one.sentence, Not(HasSubstr("|"))) << one.name;
  }
}

TEST(CheckRun, SkipsAllWhereNobodyIsThere) {
  const Subject subject;
  Bench bench(subject);
  int asked = 0;
  const std::vector<Case> cases = {
      {"there", "Is there.", [](Bench&) { return Finding{Result::failed, "nobody", {}, {}, {}, {}}; },
       Case::Turn::first},
      {"other", "Other.", [&](Bench&) {
         ++asked;
         return passed();
       }}};
  const auto outcomes = run_cases(cases, bench, [](std::size_t, const std::string&) {});
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(outcomes[1].finding.result, Result::skipped);
  EXPECT_THAT(outcomes[1].finding.reason, HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace host
