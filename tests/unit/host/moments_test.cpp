// Moments on the command line.
#include <gtest/gtest.h>

#include "text/rfc3339.h"

namespace host::test {
namespace {

TEST(Moments, AreReadAsMillisecondsSinceTheEpoch) {
  EXPECT_EQ(moment_from("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(moment_from("2026-11-23T08:00:00Z"), 1'795'420'800'000);
  EXPECT_EQ(moment_from("2026-11-23T08:00:00.25Z"), 1'795'420'800'250);
  EXPECT_EQ(moment_from("2026-11-23T08:00:00.123456Z"), 1'795'420'800'123);
  EXPECT_EQ(moment_from("2026-11-23 09:30:00+01:30"), 1'795'420'800'000);
  EXPECT_EQ(moment_from("2026-11-22t23:00:00-09:00"), 1'795'420'800'000);
  EXPECT_EQ(moment_from("1969-12-31T23:59:59.999Z"), -1);
  EXPECT_TRUE(moment_from("2028-02-29T00:00:00Z"));
}

TEST(Moments, WhatIsNoneIsNotGuessed) {
  for (const char* wrong :
       {"", "now", "2026-11-23", "2026-11-23T08:00", "2026-11-23T08:00:00", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T08:60:00Z", "2026-11-23T08:00:60Z",
        "2026-11-23T08:00:00.Z", "2026-11-23T08:00:00Z ", "2026-11-23T08:00:00+1:00", "2026-11-23T08:00:00+01:60",
        "2026-1--23T08:00:00Z", "2026-11-23T08:00:00+-1:00", "2026-11-23T08:00:00ZZ"})
    EXPECT_FALSE(moment_from(wrong)) << wrong;
}

}  // namespace
}  // namespace host::test
