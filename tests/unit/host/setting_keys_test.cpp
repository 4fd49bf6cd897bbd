// Custom parameters of an LTI link as keys of tool settings.
#include "package/setting_keys.h"

#include <gmock/gmock.h>

namespace host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

bool only_mac(std::string_view name) { return name == "mac" || name.starts_with("top_"); }

TEST(SettingKey, IsLowerCaseWithUnderscores) {
  EXPECT_EQ(setting_key_of("abc_09"), "abc_09");
  EXPECT_EQ(setting_key_of("Due-Date"), "due_date");
  EXPECT_EQ(setting_key_of("a.b:c d"), "a_b_c_d");
  EXPECT_EQ(setting_key_of("caf\u00e9\u20ac!"), "caf___");
  EXPECT_EQ(setting_key_of(""), "");
}

TEST(SettingsFromCustom, KeepsOrderAndValues) {
  const auto result = settings_from_custom({{"Zeta", " x "}, {"alpha", ""}}, only_mac, "link 'a'");
  EXPECT_THAT(result.settings, ElementsAre(Pair("zeta", " x "), Pair("alpha", "")));
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(SettingsFromCustom, ReportsCollisionsAndKeepsTheFirst) {
  const auto result = settings_from_custom({{"a-b", "1"}, {"A_B", "2"}, {"a_b", "3"}}, only_mac, "link 'a'");
  EXPECT_THAT(result.settings, ElementsAre(Pair("a_b", "1")));
  ASSERT_THAT(result.warnings, ElementsAre(HasSubstr("'a-b' and 'A_B'"), HasSubstr("'a-b' and 'a_b'")));
  EXPECT_TRUE(result.warnings[0].starts_with("link 'a': "));
}

TEST(SettingsFromCustom, LeavesOutWhatCannotBeSent) {
  const auto result = settings_from_custom(
      {{"", "1"}, {"MAC", "2"}, {"top-frame", "3"}, {std::string(201, 'k'), "4"}, {std::string(200, 'k'), "5"}},
      only_mac, "x");
  EXPECT_THAT(result.settings, ElementsAre(Pair(std::string(200, 'k'), "5")));
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("no name"), HasSubstr("'MAC'"), HasSubstr("'top-frame'"),
                                           HasSubstr("201 characters")));
}

}  // namespace
}  // namespace host
