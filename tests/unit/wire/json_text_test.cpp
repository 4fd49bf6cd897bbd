// JSON written by hand, against the library that reads and writes it everywhere else.
#include "wire/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

namespace ptb::test {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string by_library(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RC_GTEST_PROP(JsonText, IsWhatTheLibraryWrites, ()) {
  const auto text = *rc::gen::arbitrary<std::string>();
  RC_ASSERT(written(text) == by_library(text));
}

TEST(JsonText, EveryByteAtEveryPlaceIsWhatTheLibraryWrites) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 18; ++place) {
      std::string text(18, 'x');
      text[place] = static_cast<char>(byte);
      EXPECT_EQ(written(text), by_library(text)) << byte << " at " << place;
    }
  }
}

TEST(JsonText, MembersAreSetApartByCommas) {
  std::string out = "{";
  append_json_member(out, "a", "1");
  append_json_member(out, "b{", "{");
  append_json_member(out, "c", "\"");
  EXPECT_EQ(out + "}", R"({"a":"1","b{":"{","c":"\""})");
}

}  // namespace
}  // namespace ptb::test
