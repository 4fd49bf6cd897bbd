// Netstrings, UTF-8 and printable texts.
#include "core/pairs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace ptb::test {
namespace {

TEST(Pairs, AreStoredAsNetstrings) {
  EXPECT_EQ(encode_pairs({{"type", "exact"}, {"", ""}}), "4:type,5:exact,0:,0:,");
  EXPECT_EQ(encode_pairs({}), "");
}

RC_GTEST_PROP(Pairs, AnyPairsComeBackAsTheyWere, (const Pairs& pairs)) {
  const auto decoded = decode_pairs(encode_pairs(pairs));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == pairs);
}

RC_GTEST_PROP(Pairs, DifferentPairsHaveDifferentEncodings, (const Pairs& a, const Pairs& b)) {
  RC_ASSERT((a == b) == (encode_pairs(a) == encode_pairs(b)));
}

RC_GTEST_PROP(Pairs, EveryCutEncodingIsFoundOut, (const Pairs& pairs)) {
  const auto encoded = encode_pairs(pairs);
  RC_PRE(!encoded.empty());
  const auto cut = *rc::gen::inRange<std::size_t>(1, encoded.size());
  const auto decoded = decode_pairs(std::string_view(encoded).substr(0, cut));
  // A cut between two pairs gives the pairs before it; every other one an error.
  if (decoded) {
    RC_ASSERT(decoded->size() < pairs.size());
    RC_ASSERT(std::equal(decoded->begin(), decoded->end(), pairs.begin()));
  } else {
    RC_ASSERT(decoded.error().status == Status::damaged);
  }
}

RC_GTEST_PROP(Pairs, AnyBytesAreDecodedOrRefused, (const std::string& bytes)) {
  const auto decoded = decode_pairs(bytes);
  if (decoded) RC_ASSERT(decode_pairs(encode_pairs(*decoded)).value() == *decoded);
}

TEST(Pairs, DamagedEncodingsAreRefused) {
  for (const auto text : {"4", "4:", "4:typ", "4:type", "4:type;", "4:type,", "-1:,0:,", "x:a,", ":a,0:,", " 1:a,1:b,",
                          "18446744073709551616:a,1:b,", "18446744073709551615:a,1:b,", "1:a,2:b,"}) {
    const auto decoded = decode_pairs(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().status, Status::damaged);
  }
}

TEST(Pairs, AFailedTakeLeavesTheInputAlone) {
  std::string_view in = "5:abc,";
  std::string_view text = "before";
  EXPECT_FALSE(take_netstring(in, text));
  EXPECT_EQ(in, "5:abc,");
  in = "3:abc,rest";
  EXPECT_TRUE(take_netstring(in, text));
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(in, "rest");
}

TEST(Pairs, TheFirstValueOfANameIsFound) {
  const Pairs pairs = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(find_value(pairs, "a"), "1");
  EXPECT_EQ(find_value(pairs, "b"), "2");
  EXPECT_EQ(find_value(pairs, "c"), "");
}

struct Utf8Row {
  std::string_view text;
  bool clean;
};

TEST(Utf8, IsJudgedByRfc3629) {
  using namespace std::string_view_literals;
  const Utf8Row rows[] = {
      {""sv, true},
      {"plain\r\n\t"sv, true},
      {"\xC2\x80"sv, true},
      {"\xDF\xBF"sv, true},
      {"\xE0\xA0\x80"sv, true},
      {"\xED\x9F\xBF"sv, true},
      {"\xEE\x80\x80"sv, true},
      {"\xEF\xBF\xBF"sv, true},
      {"\xF0\x90\x80\x80"sv, true},
      {"\xF4\x8F\xBF\xBF"sv, true},
      {"a\0b"sv, false},              // NUL
      {"\x80"sv, false},              // continuation without lead
      {"\xC0\xAF"sv, false},          // overlong '/'
      {"\xC1\xBF"sv, false},          // overlong
      {"\xE0\x9F\xBF"sv, false},      // overlong
      {"\xF0\x8F\xBF\xBF"sv, false},  // overlong
      {"\xED\xA0\x80"sv, false},      // surrogate
      {"\xED\xBF\xBF"sv, false},      // surrogate
      {"\xF4\x90\x80\x80"sv, false},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80"sv, false},  // no such lead
      {"\xFF"sv, false},              //
      {"\xC2"sv, false},              // cut
      {"\xE2\x82"sv, false},          // cut
      {"\xF0\x9F\x98"sv, false},      // cut
      {"\xC2 "sv, false},             // no continuation
      {"ok \xE2\x82\xAC \xE2("sv, false},
  };
  for (const auto& [text, clean] : rows) EXPECT_EQ(is_clean_utf8(text), clean) << testing::PrintToString(text);
}

TEST(Printable, ReplacesWhatCannotBePrintedAndCutsBetweenCharacters) {
  EXPECT_EQ(printable("a\r\nb\tc", 100), "a  b c");
  EXPECT_EQ(printable("caf\xC3\xA9", 100), "caf\xC3\xA9");
  EXPECT_EQ(printable("caf\xC3\xA9", 4), "caf");
  EXPECT_EQ(printable("x\xC2\x85y\x7Fz\x1B[31m", 100), "x y z [31m");
  EXPECT_EQ(printable("\xFF\xC3", 100), "  ");
  EXPECT_EQ(printable("abc", 0), "");
}

RC_GTEST_PROP(Printable, IsAlwaysShortCleanAndOneLine, (const std::string& bytes)) {
  const auto limit = *rc::gen::inRange<std::size_t>(0, 50);
  const auto text = printable(bytes, limit);
  RC_ASSERT(text.size() <= limit);
  RC_ASSERT(is_clean_utf8(text));
  RC_ASSERT(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

}  // namespace
}  // namespace ptb::test
