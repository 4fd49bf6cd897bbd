// What a tool's answer, or the lack of one, means on the proxy-tool wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/proxy_tool.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;
using Fault = ExchangeResult::Fault;
using Kind = Outcome::Kind;

Outcome judged(int status, std::string body) {
  ExchangeResult result;
  result.fault = Fault::none;
  result.http_status = status;
  result.body = std::move(body);
  return ProxyToolWire().judge(result);
}

Outcome judged(Fault fault, std::string text) {
  ExchangeResult result;
  result.fault = fault;
  result.fault_text = std::move(text);
  return ProxyToolWire().judge(result);
}

TEST(Answer, BothSpellingsOfBothWordsCount) {
  EXPECT_EQ(judged(200, "<result>SUCCESS<result>").kind, Kind::acknowledged);
  EXPECT_EQ(judged(200, "<result>SUCCESS</result>").kind, Kind::acknowledged);
  EXPECT_EQ(judged(200, "<result>ERROR<result>").kind, Kind::refused);
  EXPECT_EQ(judged(200, "<result>ERROR</result>").kind, Kind::refused);
  EXPECT_EQ(judged(200, "<result>ERROR</result>").text, "the tool answered ERROR");
}

TEST(Answer, WhiteSpaceMarkAndDeclarationMaySurroundIt) {
  for (const auto before : {"", " ", "\r\n\t", "\xEF\xBB\xBF", "<?xml version=\"1.0\"?>",
                            "\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?>\r\n", " \xEF\xBB\xBF <?xml?> "})
    for (const auto after : {"", " ", "\r\n\r\n"}) {
      EXPECT_EQ(judged(200, std::string(before) + "<result>SUCCESS<result>" + after).kind, Kind::acknowledged)
          << before;
      EXPECT_EQ(judged(200, std::string(before) + "<result>ERROR</result>" + after).kind, Kind::refused) << before;
    }
}

TEST(Answer, AnyStatusOf200To299Will) {
  for (const int status : {200, 201, 202, 204, 250, 299})
    EXPECT_EQ(judged(status, "<result>SUCCESS<result>").kind, Kind::acknowledged) << status;
  for (const int status : {100, 101, 199, 300, 302, 307, 400, 401, 404, 410, 429, 500, 503, 0, 600}) {
    EXPECT_EQ(judged(status, "<result>SUCCESS<result>").kind, Kind::failed) << status;
    EXPECT_EQ(judged(status, "<result>ERROR<result>").text, "answered HTTP " + std::to_string(status));
  }
}

TEST(Answer, AnythingElseIsAFailureOfCommunication) {
  using namespace std::string_literals;
  for (const auto& body :
       {"SUCCESS"s, "<result>success<result>"s, "<result>SUCCESS"s, "<result> SUCCESS </result>"s,
        "<result>SUCCESS<result>x"s, "x<result>SUCCESS<result>"s, "<result>SUCCESS<result>\0"s, "<result/>"s,
        "<result>SUCCESS</result><result>ERROR</result>"s, "<?xml <result>SUCCESS<result>"s, "<html>OK</html>"s,
        "<result>SUCCESS<result><result>"s, "<result>ERRORS<result>"s, "<r:result>SUCCESS</r:result>"s}) {
    const auto outcome = judged(200, body);
    EXPECT_EQ(outcome.kind, Kind::failed) << body;
    EXPECT_THAT(outcome.text, HasSubstr("answered 200 with something that is neither SUCCESS nor ERROR: \""));
  }
  for (const auto& body : {""s, " \r\n "s, "\xEF\xBB\xBF"s, "<?xml version='1.0'?>"s})
    EXPECT_EQ(judged(204, body).text, "answered 204 with nothing");
}

TEST(Answer, IsQuotedInAtMost200PrintableBytes) {
  const auto outcome = judged(200, "<html>\r\n\x1B[2J\x01" + std::string(70'000, '\xC3'));
  EXPECT_LE(outcome.text.size(), 200u);
  EXPECT_TRUE(is_clean_utf8(outcome.text));
  for (const char c : outcome.text) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  EXPECT_EQ(judged(200, "nope").text, "answered 200 with something that is neither SUCCESS nor ERROR: \"nope\"");
}

TEST(Fault, ForbiddenSuspendsAndEverythingElseFails) {
  EXPECT_EQ(judged(Fault::forbidden, "10.0.0.1 is private").kind, Kind::suspended);
  EXPECT_EQ(judged(Fault::forbidden, "10.0.0.1 is private").text, "10.0.0.1 is private");
  for (const auto fault :
       {Fault::tls_handshake, Fault::timed_out, Fault::answer_too_large, Fault::broken, Fault::abandoned}) {
    EXPECT_EQ(judged(fault, "why\nso").kind, Kind::failed);
    EXPECT_EQ(judged(fault, "why\nso").text, "why so");
    EXPECT_EQ(judged(fault, std::string(1000, 'x')).text.size(), 200u);
  }
}

TEST(Fault, OnlyAFailedHandshakeMayFallBack) {
  for (const auto fault : {Fault::none, Fault::forbidden, Fault::tls_handshake, Fault::timed_out,
                           Fault::answer_too_large, Fault::broken, Fault::abandoned}) {
    ExchangeResult result;
    result.fault = fault;
    EXPECT_EQ(ProxyToolWire().may_fall_back(result), fault == Fault::tls_handshake);
  }
}

}  // namespace
}  // namespace ptb::test
