// Base URLs and what is put behind them.
#include "wire/base_url.h"

#include <gtest/gtest.h>

namespace ptb::test {
namespace {

TEST(BaseUrl, IsHttpOrHttpsWithAHost) {
  for (const auto url :
       {"http://tool.example", "https://tool.example/", "HTTPS://Tool.Example:8443/a/b", "http://10.0.0.1",
        "http://[::1]:8080/x", "http://localhost:1", "https://a_b.example/caf%C3%A9"})
    EXPECT_EQ(base_url_problem(url), "") << url;
}

TEST(BaseUrl, IsNothingElse) {
  for (const auto url : {"",
                         "tool.example",
                         "//tool.example",
                         "ftp://tool.example",
                         "javascript://x",
                         "http:/tool.example",
                         "http://",
                         "http:///path",
                         "http://:80",
                         "http://host:",
                         "http://host:0",
                         "http://host:65536",
                         "http://host:8x",
                         "http://user@host",
                         "http://user:pw@host",
                         "http://ho st",
                         "http://host/a b",
                         "http://host/\n",
                         "http://host?x=1",
                         "http://host/#f",
                         "http://host/a\\b",
                         "http://host\\evil",
                         "http://caf\xC3\xA9.example",
                         "http://[::1",
                         "http://[::1]x",
                         "http://[]",
                         "http://[::1%25eth0]",
                         "http://a,b"})
    EXPECT_NE(base_url_problem(url), "") << url;
}

TEST(JoinUrl, PutsExactlyOneSlashBetween) {
  for (const auto base : {"http://h/a", "http://h/a/", "http://h/a//"})
    for (const auto path : {"x.do", "/x.do", "//x.do"}) EXPECT_EQ(join_url(base, path), "http://h/a/x.do");
  EXPECT_EQ(join_url("http://h", ""), "http://h");
  EXPECT_EQ(join_url("http://h/a/", ""), "http://h/a/");
  EXPECT_EQ(join_url("http://h", "//evil.example/x"), "http://h/evil.example/x");
}

TEST(JoinUrl, EncodesWhatARequestLineMustNotHold) {
  EXPECT_EQ(join_url("http://h", "a b\r\nX: y\xC3\xA9"), "http://h/a%20b%0D%0AX:%20y%C3%A9");
  EXPECT_EQ(join_url("http://h", "a%20b?c=d&e"), "http://h/a%20b?c=d&e");
}

TEST(AbsoluteUrl, StartsWithAScheme) {
  for (const auto text : {"http://h", "https:x", "javascript:alert(1)", "a+b-c.d:e"})
    EXPECT_TRUE(is_absolute_url(text)) << text;
  for (const auto text : {"", "/a", "a/b:c", "a", ":a", "1a:b", "//h/x", "?a:b"})
    EXPECT_FALSE(is_absolute_url(text)) << text;
}

TEST(AbsoluteUrl, IsUnderABaseUrlOnlyInItsFolder) {
  const auto base = "https://tool.example/app/";
  for (const auto url : {"https://tool.example/app/x", "https://TOOL.example/app", "HTTPS://tool.example/app/?a=b",
                         "https://tool.example/app?x"})
    EXPECT_TRUE(is_under(url, base)) << url;
  for (const auto url : {"http://tool.example/app/x", "https://tool.example/application", "https://tool.example/",
                         "https://tool.example", "https://tool.example:444/app/x", "https://tool.example.evil/app/x",
                         "https://tool.example@evil/app/x", "https://tool.example/app/../x",
                         "https://tool.example/app/%2e%2e/x", "https://tool.example/app/..",
                         "https://tool.example/app/.%2E/x", "https://tool.example\\@evil/app/x", "/app/x", ""})
    EXPECT_FALSE(is_under(url, base)) << url;
}

}  // namespace
}  // namespace ptb::test
