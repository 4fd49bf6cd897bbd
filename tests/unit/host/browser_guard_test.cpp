// Which requests come from this server's own pages.
#include "http/browser_guard.h"

#include <gtest/gtest.h>

namespace host {
namespace {

Request with(std::map<std::string, std::string> headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(BrowserGuard, KnowsTheNamesOfTheLoopback) {
  for (const char* name :
       {"localhost", "LocalHost:80", "127.0.0.1:8099", "127.1.2.3", "[::1]", "[::1]:8099", "tool.localhost:1"})
    EXPECT_TRUE(is_for_loopback(with({{"host", name}}))) << name;
  for (const char* name : {"", "evil.example", "127.0.0.1.evil.example", "127.evil.example", "localhost.evil.example",
                           "xlocalhost", "10.0.0.1", "[::2]", "[::1", "evil.example:80"})
    EXPECT_FALSE(is_for_loopback(with({{"host", name}}))) << name;
  EXPECT_FALSE(is_for_loopback({}));
}

TEST(BrowserGuard, SeesWhereARequestComesFrom) {
  EXPECT_FALSE(is_cross_site(with({{"host", "localhost:1"}}))) << "curl";
  EXPECT_FALSE(is_cross_site(with({{"host", "localhost:1"}, {"sec-fetch-site", "same-origin"}})));
  EXPECT_FALSE(is_cross_site(with({{"host", "localhost:1"}, {"sec-fetch-site", "none"}})));
  EXPECT_FALSE(is_cross_site(with({{"host", "localhost:1"}, {"origin", "http://localhost:1"}})));
  EXPECT_TRUE(is_cross_site(with({{"host", "localhost:1"}, {"sec-fetch-site", "cross-site"}})));
  EXPECT_TRUE(is_cross_site(with({{"host", "localhost:1"}, {"sec-fetch-site", "same-site"}})));
  EXPECT_TRUE(is_cross_site(with({{"host", "localhost:1"}, {"origin", "http://localhost:2"}})));
  EXPECT_TRUE(is_cross_site(with({{"host", "localhost:1"}, {"origin", "null"}})));
}

}  // namespace
}  // namespace host
