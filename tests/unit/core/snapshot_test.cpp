// Tool settings: their stored form, which of them is sent, and which keys there may be.
#include "core/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace ptb::test {
namespace {

using ::testing::HasSubstr;

rc::Gen<Settings> any_settings() {
  const auto setting = rc::gen::apply(
      [](int scope, std::string key, std::string value) {
        return Setting{static_cast<Scope>(scope), std::move(key), std::move(value)};
      },
      rc::gen::inRange(0, 3), rc::gen::element<std::string>("a", "b", "c", "setting_a", "setting_ab", "set", ""),
      rc::gen::arbitrary<std::string>());
  return rc::gen::container<Settings>(setting);
}

/// effective_settings of the stored form, copied out of it.
Pairs sent_of(const Settings& settings) {
  const std::string encoded = encode_settings(settings);
  const auto sent = effective_settings(encoded);
  if (!sent) return {{"", sent.error().text}};
  return {sent->pairs.begin(), sent->pairs.end()};
}

TEST(Settings, AreStoredSorted) {
  const Settings settings = {{Scope::content, "b", "2"}, {Scope::system, "a", ""}};
  EXPECT_EQ(encode_settings(settings), "s01:a,0:,i01:b,1:2,");
  EXPECT_EQ(encode_settings({}), "");
}

RC_GTEST_PROP(Settings, EqualSettingsHaveEqualBytesAndComeBack, ()) {
  auto settings = *any_settings();
  const auto encoded = encode_settings(settings);
  std::sort(settings.begin(), settings.end());
  RC_ASSERT(decode_settings(encoded).value() == settings);
  std::reverse(settings.begin(), settings.end());
  RC_ASSERT(encode_settings(settings) == encoded);
}

TEST(Settings, WhatKeysBeginWithIsStoredOnce) {
  const Settings settings = {{Scope::system, "custom_link_a", "1"},
                             {Scope::system, "custom_link_b", "2"},
                             {Scope::course, "custom_path", "3"}};
  EXPECT_EQ(encode_settings(settings), "s013:custom_link_a,1:1,s<1:b,1:2,c74:path,1:3,");
  EXPECT_EQ(sent_of(settings), (Pairs{{"custom_link_a", "1"}, {"custom_link_b", "2"}, {"custom_path", "3"}}));
}

TEST(Settings, LongKeysShareAsMuchAsOneCharacterCanSay) {
  const std::string beginning(190, 'k');
  const Settings settings = {{Scope::system, beginning + "a", "1"}, {Scope::content, beginning + "b", "2"}};
  EXPECT_EQ(decode_settings(encode_settings(settings)).value(), settings);
  EXPECT_EQ(sent_of(settings), (Pairs{{beginning + "a", "1"}, {beginning + "b", "2"}}));
}

TEST(Settings, TheFormOfEarlierSchemasIsRead) {
  const std::string earlier = "6:system,1:a,0:,7:content,1:b,1:2,";
  EXPECT_EQ(decode_settings(earlier).value(), (Settings{{Scope::system, "a", ""}, {Scope::content, "b", "2"}}));
  const auto sent = effective_settings(earlier).value();
  EXPECT_EQ(sent.pairs, (PairViews{{"a", ""}, {"b", "2"}}));
}

TEST(Settings, DamagedOnesAreRefused) {
  for (const auto text : {"6:system", "6:system,1:a,", "6:system,1:a,5:b,", "nonsense", "s", "s0", "s01:a,",
                          "s11:a,0:,", "s01:a,0:,s21:b,0:,", "x01:a,0:,", "s/1:a,0:,"}) {
    const auto decoded = decode_settings(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().status, Status::damaged);
  }
}

TEST(Settings, WhatCannotBeReadIsNotSent) {
  EXPECT_EQ(effective_settings("6:system,1:k,").error().status, Status::damaged);
}

TEST(Settings, TheNarrowestScopeIsSent) {
  const Settings settings = {{Scope::content, "k", "content"}, {Scope::system, "k", "system"},
                             {Scope::course, "k", "course"},   {Scope::system, "s", "system"},
                             {Scope::course, "c", "course"},   {Scope::system, "c", "system"}};
  EXPECT_EQ(sent_of(settings), (Pairs{{"c", "course"}, {"k", "content"}, {"s", "system"}}));
}

TEST(Settings, AnEmptyValueOfANarrowerScopeIsAValue) {
  EXPECT_EQ(sent_of({{Scope::system, "k", "x"}, {Scope::course, "k", ""}}), (Pairs{{"k", ""}}));
}

RC_GTEST_PROP(Settings, WhatIsSentHasEachKeyOnceSortedAndFromTheNarrowestScope, ()) {
  const auto settings = *any_settings();
  const auto sent = sent_of(settings);
  RC_ASSERT(std::is_sorted(sent.begin(), sent.end()));
  std::map<std::string, Scope> narrowest;
  for (const auto& setting : settings) {
    const auto at = narrowest.emplace(setting.key, setting.scope).first;
    at->second = std::max(at->second, setting.scope);
  }
  RC_ASSERT(sent.size() == narrowest.size());
  for (const auto& [key, value] : sent) {
    const auto wanted = Setting{narrowest.at(key), key, value};
    RC_ASSERT(std::find(settings.begin(), settings.end(), wanted) != settings.end());
  }
}

TEST(Settings, TheOrderInWhichScopesWereReadDoesNotMatter) {
  Settings settings = {{Scope::system, "k", "1"}, {Scope::course, "k", "2"}, {Scope::content, "k", "3"}};
  do EXPECT_EQ(sent_of(settings), (Pairs{{"k", "3"}}));
  while (std::next_permutation(settings.begin(), settings.end()));
}

TEST(SettingKey, MayBeOfSmallLettersDigitsAndUnderscores) {
  for (const auto& key : {std::string("samplesetting_course_georgekey"), std::string("0"), std::string("_"),
                          std::string(200, 'k'), std::string("macro"), std::string("top"), std::string("statement")})
    EXPECT_EQ(setting_key_problem(key), "") << key;
}

TEST(SettingKey, MayBeNothingElse) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "empty"},
      {std::string(201, 'k'), "201 characters"},
      {"Key", "illegal"},
      {"a-b", "illegal"},
      {"a b", "illegal"},
      {"a&b", "illegal"},
      {"caf\xC3\xA9", "illegal"},
      {std::string("a\0b", 3), "illegal"},
      {"a\nb", "illegal"},
  };
  for (const auto& [key, what] : rows) {
    EXPECT_THAT(setting_key_problem(key), HasSubstr(what)) << key;
    EXPECT_EQ(setting_key_problem(key).find('\n'), std::string::npos);
  }
}

TEST(SettingKey, MayNotBeANameThatTheProtocolUses) {
  for (const auto name : {"mac",        "nonce",        "timestamp",    "ourguid",    "tcbaseurl",
                          "returnurl",  "locale",       "direction",    "course_id",  "ticket",
                          "userid",     "user_id",      "role",         "tcrole",     "action",
                          "type",       "oldcourseid",  "newcourseid",  "oldid",      "newid",
                          "backup_id",  "old_group_id", "new_group_id", "content_id", "external_content_id",
                          "state",      "regpass",      "tcprofileurl", "event_id",   "event_sequence",
                          "event_time", "deferred",     "attempt",      "top_x",      "bottom_y",
                          "top_"})
    EXPECT_THAT(setting_key_problem(name), HasSubstr("reserved")) << name;
}

}  // namespace
}  // namespace ptb::test
