// How the vendor check reads an answer: strictly, as the bridge would, and generously, for what it means.
#include "check/answer.h"

#include <gtest/gtest.h>

#include "text/utf8.h"

namespace host {
namespace {

TEST(Answer, IsLegalWhereTheBridgeWouldTakeIt) {
  for (const char* body : {"<result>SUCCESS<result>", "<result>ERROR</result>", " \r\n<result>SUCCESS</result>\n",
                           "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<result>ERROR<result>"})
    EXPECT_TRUE(is_legal_body(body)) << body;
  for (const char* body : {"", "SUCCESS", "<result>success<result>", "{\"result\": \"SUCCESS\"}",
                           "<html><result>SUCCESS<result></html>", "<result>SUCCESS<result>x", "<?xml"})
    EXPECT_FALSE(is_legal_body(body)) << body;
}

TEST(Answer, MeansWhatItSaysHoweverItIsDressed) {
  EXPECT_EQ(word_in("{\"result\": \"SUCCESS\"}"), Said::success);
  EXPECT_EQ(word_in("<result>error</result>"), Said::error);
  EXPECT_EQ(word_in("success or error"), Said::unclear);
  EXPECT_EQ(word_in("OK"), Said::unclear);
}

TEST(Answer, CountsWithA2xxOnly) {
  HttpAnswer http;
  http.body = "<result>SUCCESS<result>";
  http.status = 204;
  EXPECT_TRUE(read_answer(http).success());
  EXPECT_TRUE(read_answer(http).legal);
  for (const long status : {199L, 302L, 404L, 500L}) {
    http.status = status;
    EXPECT_EQ(read_answer(http).said, Said::unclear) << status;
    EXPECT_FALSE(read_answer(http).legal) << status;
  }
}

TEST(Answer, IsShownWithoutWhatCouldHarmATerminalOrAnXmlFile) {
  EXPECT_EQ(printable_text("a\x1b[31m\n\x7f", 100), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable_text("a\nb", 100, true), "a\nb");
  EXPECT_EQ(printable_text("\xff\xc3\xa9", 100), "\\xff\\xc3\\xa9");
  EXPECT_EQ(printable_text("Zürich", 100), "Zürich");
  EXPECT_EQ(printable_text("a\xEF\xBF\xBE", 100), "a");
  const auto cut = printable_text("ééé", 3);
  EXPECT_EQ(cut, "é … (6 bytes in all)");
  EXPECT_TRUE(is_utf8(cut));
}

}  // namespace
}  // namespace host
