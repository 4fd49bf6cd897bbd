// `--with restart=next,settle=1`: which attributes may be named, and what becomes of the document.
#include "policy_overrides.h"

#include <gmock/gmock.h>

#include "refusal.h"

namespace host::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* kDocument =
    "<?xml version=\"1.0\"?>\n<!-- why -->\n"
    "<delivery-policy xmlns=\"urn:x\" name=\"mine\" order=\"tool\" restart=\"first\">\n"
    "  <acknowledge by=\"success\"/>\n</delivery-policy>\n";

std::string refusal_of(std::string_view text) {
  try {
    overrides_from(text);
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.exit_status(), kExitUsage);
    return refusal.what();
  }
  return {};
}

TEST(PolicyOverrides, AreReadFromOneWord) {
  EXPECT_THAT(overrides_from("restart=next,settle=1"), ElementsAre(Pair("restart", "next"), Pair("settle", "1")));
  EXPECT_THAT(overrides_from("settle="), ElementsAre(Pair("settle", "")));
}

TEST(PolicyOverrides, WhatIsWrongIsNamedWithWhatIsAllowed) {
  for (const char* wrong : {"", "restart", "acknowledge=2xx", "restart=next,", ",restart=next", "Restart=next", "=x"}) {
    SCOPED_TRACE(wrong);
    EXPECT_THAT(refusal_of(wrong), HasSubstr("name, order, restart, settle, settings"));
  }
  EXPECT_THAT(refusal_of("order=none,order=tool"), HasSubstr("twice"));
}

TEST(PolicyOverrides, ChangeTheRootElementAndNothingElse) {
  const auto changed = with_overrides(kDocument, {{"restart", "next"}, {"settle", "1"}});
  EXPECT_THAT(changed, HasSubstr("restart=\"next\""));
  EXPECT_THAT(changed, HasSubstr("settle=\"1\""));
  EXPECT_THAT(changed, Not(HasSubstr("first")));
  EXPECT_THAT(changed, HasSubstr("xmlns=\"urn:x\""));
  EXPECT_THAT(changed, HasSubstr("<!-- why -->"));
  EXPECT_THAT(changed, HasSubstr("<acknowledge by=\"success\""));
}

TEST(PolicyOverrides, AChangedPolicyHasANameOfItsOwn) {
  EXPECT_THAT(with_overrides(kDocument, {{"order", "none"}}), HasSubstr("name=\"mine-changed\""));
  EXPECT_THAT(with_overrides(kDocument, {{"order", "none"}, {"name", "yours"}}), HasSubstr("name=\"yours\""));
  const auto twice = with_overrides(with_overrides(kDocument, {{"order", "none"}}), {{"restart", "next"}});
  EXPECT_THAT(twice, HasSubstr("name=\"mine-changed\""));
  EXPECT_THAT(with_overrides(kDocument, {}), HasSubstr("name=\"mine\""));
}

TEST(PolicyOverrides, AnEmptyValueTakesAnAttributeAway) {
  EXPECT_THAT(with_overrides(kDocument, {{"restart", ""}}), Not(HasSubstr("restart")));
}

TEST(PolicyOverrides, ValuesAreEscaped) {
  EXPECT_THAT(with_overrides(kDocument, {{"name", "a\"<b"}}), HasSubstr("name=\"a&quot;&lt;b\""));
}

TEST(PolicyOverrides, WhatIsNoXmlIsRefused) {
  EXPECT_THROW(with_overrides("<delivery-policy", {{"order", "none"}}), Refusal);
}

}  // namespace
}  // namespace host::test
