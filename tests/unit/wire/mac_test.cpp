// The MAC: the check vectors of the protocol, and what is signed in which order.
#include "wire/mac.h"

#include <gtest/gtest.h>

#include <thread>

namespace ptb::test {
namespace {

std::string mac_of(Parameters parameters, std::string_view secret = "secret",
                   DigestAlgorithm algorithm = DigestAlgorithm::md5) {
  sort_by_name(parameters);
  return Mac().of(algorithm, parameters, secret).value();
}

const Parameters kVector = {{"timestamp", "1235"}, {"returnurl", "xxx"}};

TEST(Mac, GivesTheCheckVectorsOfTheProtocol) {
  EXPECT_EQ(mac_of(kVector), "UYoQHl/CvzZCsWoNhRQISw==");
  EXPECT_EQ(mac_of(kVector, "secret", DigestAlgorithm::sha1), "2vr4eM6hXL01I8W7w4rsczrMyIg=");
}

TEST(Mac, SortsByNameByteByByte) {
  EXPECT_EQ(mac_of({{"b", "2"}, {"a", "1"}}), mac_of({{"x", "12"}}));
  // '1' < '_' < 'a', capitals before small letters: not the order of a culture.
  EXPECT_EQ(mac_of({{"s_a", "3"}, {"s1", "2"}, {"sa", "4"}, {"S", "1"}}), mac_of({{"x", "1234"}}));
  EXPECT_EQ(mac_of({{"ab", "2"}, {"a", "1"}, {"\xC3\xA9", "3"}}), mac_of({{"x", "123"}}));
}

TEST(Mac, PassesOverItselfAndTopAndBottom) {
  auto parameters = kVector;
  parameters.insert(parameters.end(), {{"mac", "old"}, {"top_x", "1"}, {"bottom_y", "2"}});
  EXPECT_EQ(mac_of(parameters), mac_of(kVector));
  parameters = kVector;
  parameters.push_back({"top", "1"});
  EXPECT_NE(mac_of(parameters), mac_of(kVector));
  parameters.back() = {"macro", "1"};
  EXPECT_NE(mac_of(parameters), mac_of(kVector));
}

TEST(Mac, EndsWithTheSecretAndTakesAnyBytes) {
  EXPECT_EQ(mac_of({{"a", "x"}}, "ysecret"), mac_of({{"a", "xy"}}, "secret"));
  EXPECT_NE(mac_of(kVector, "secret"), mac_of(kVector, "secreT"));
  EXPECT_EQ(mac_of({{"a", "\xC3\xA9"}}, "s"), mac_of({{"a", "\xC3"}}, "\xA9s"));
  EXPECT_EQ(mac_of({}, "").size(), 24u);
}

TEST(Mac, KeepsTheFirstOfSeveralParametersWithOneName) {
  Parameters parameters = {{"b", "1"}, {"a", "1"}, {"b", "2"}, {"a", "2"}};
  sort_by_name(parameters);
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].name, "a");
  EXPECT_EQ(parameters[0].value, "1");
  EXPECT_EQ(parameters[1].value, "1");
}

TEST(Mac, MayBeComputedByManyThreadsAtOnce) {
  const Mac mac;
  Parameters parameters = kVector;
  sort_by_name(parameters);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const auto algorithm = t % 2 == 0 ? DigestAlgorithm::md5 : DigestAlgorithm::sha1;
      const auto expected = t % 2 == 0 ? "UYoQHl/CvzZCsWoNhRQISw==" : "2vr4eM6hXL01I8W7w4rsczrMyIg=";
      for (int i = 0; i < 2000; ++i)
        if (mac.of(algorithm, parameters, "secret").value() != expected) ++wrong;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace ptb::test
