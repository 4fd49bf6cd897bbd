// Times as text.
#include "core/clock.h"

#include <gtest/gtest.h>

namespace ptb::test {
namespace {

TEST(Rfc3339, IsUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'600'000'000'001), "2020-09-13T12:26:40.001Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, IsReadBack) {
  EXPECT_EQ(time_from("2020-09-13T12:26:40.001Z"), 1'600'000'000'001);
  EXPECT_EQ(time_from("2020-09-13T12:26:40Z"), 1'600'000'000'000);
  EXPECT_EQ(time_from("2020-09-13T14:26:40.5+02:00"), 1'600'000'000'500);
  for (const char* const wrong : {"", "2020-09-13", "2020-09-13T12:26:40", "2020-02-31T00:00:00Z",
                                  "2020-09-13T25:00:00Z", "2020-09-13T12:26:40Z later", "2020-09-13T12:26:40+2"})
    EXPECT_FALSE(time_from(wrong)) << wrong;
}

}  // namespace
}  // namespace ptb::test
