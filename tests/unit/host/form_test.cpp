// The form reader of the reference tool: what it takes and what it refuses.
#include "receive/form.h"

#include <gtest/gtest.h>

#include "text/utf8.h"

namespace host {
namespace {

TEST(Form, DecodesInOrder) {
  const auto params = parse_form("b=2&a=x+y%26%3D%2b&empty=&t=%C3%A4%E2%82%AC%F0%9F%8E%93&n%5F1=v");
  ASSERT_TRUE(params) << params.error();
  EXPECT_EQ(*params,
            (Params{{"b", "2"}, {"a", "x y&=+"}, {"empty", ""}, {"t", "\u00e4\u20ac\U0001F393"}, {"n_1", "v"}}));
  EXPECT_EQ(*find_param(*params, "b"), "2");
  EXPECT_EQ(find_param(*params, "c"), nullptr);
}

TEST(Form, EmptyBodyHasNoParameters) {
  const auto params = parse_form("");
  ASSERT_TRUE(params);
  EXPECT_TRUE(params->empty());
}

TEST(Form, RefusesWhatACarefulToolRefuses) {
  const struct {
    const char* body;
    const char* problem;
  } cases[] = {
      {"a", "no '='"},         {"=v", "no name"},           {"a=1&", "parameter 2"},
      {"&a=1", "parameter 1"}, {"a=1&&b=2", "parameter 2"}, {"a=%4", "escape '%4'"},
      {"a=%", "escape '%'"},   {"a=%zz", "escape '%zz'"},   {"a=1=2", "0x3d"},
      {"a=b c", "0x20"},       {"a=\xc3\xa4", "0xc3"},      {"a=1\r\n", "0x0d"},
      {"a=%ff", "not UTF-8"},  {"%c3=1", "not UTF-8"},      {"a=1&b=2&a=3", "'a' comes twice"},
  };
  for (const auto& one : cases) {
    const auto params = parse_form(one.body);
    ASSERT_FALSE(params) << one.body;
    EXPECT_NE(params.error().find(one.problem), std::string::npos) << one.body << ": " << params.error();
    EXPECT_EQ(params.error().find('\n'), std::string::npos);
  }
}

TEST(Utf8, KnowsWellFormedText) {
  for (const char* good : {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ab\xf0\x9f\x8e"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Form, WhatIsWrittenIsReadBack) {
  const Params params = {{"a b", "1 + 2 = 3 & 100% ~"}, {"empty", ""}, {"z\xC3\xBC", "\xE8\xAF\xBE\r\n"}};
  EXPECT_EQ(write_form({{"a b", "c+d~"}}), "a+b=c%2Bd%7E");
  EXPECT_EQ(parse_form(write_form(params)), params);
}

}  // namespace
}  // namespace host
