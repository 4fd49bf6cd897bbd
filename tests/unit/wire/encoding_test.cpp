// Base64 in both alphabets, and times.
#include "wire/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ptb::test {
namespace {

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"\xFB\xFF\xFE", "+//+"},
                                                      {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(bytes_of_base64(text), bytes);
  }
  EXPECT_EQ(base64url("\xFB\xFF\xFE"), "-__-");
  EXPECT_EQ(base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(bytes_of_base64("Zg"), "f");
}

TEST(Base64, IsNothingElse) {
  for (const auto* text : {"Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm 9", "Zm9v\n", "-__-", "Zg==Zg==", "Z=g="})
    EXPECT_EQ(bytes_of_base64(text), std::nullopt) << text;
}

RC_GTEST_PROP(Base64, GivesBackAnyBytes, (const std::string& bytes)) {
  RC_ASSERT(bytes_of_base64(base64(bytes)) == bytes);
}

}  // namespace
}  // namespace ptb::test
