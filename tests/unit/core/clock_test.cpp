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

}  // namespace
}  // namespace ptb::test
