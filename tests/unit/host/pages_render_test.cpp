// Templates filled from JSON, texts of strangers in them, times and charts for people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output.h"
#include "serve/pages/charts.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"
#include "serve/pages/render.h"
#include "serve/pages/said.h"

namespace host {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAttack = "<script>alert(1)</script>\"'&";
constexpr std::int64_t kNow = 1'795'000'000'000;

TEST(Rendered, EscapesWhatComesFromOutside) {
  const auto html = rendered("policy", {{"name", kAttack}, {"said", kAttack}, {"document", kAttack}});
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(Rendered, TakesNullFalseAndEmptyTextsForFalse) {
  for (const Json& nothing : {Json(), Json(false), Json(""), Json::array()})
    EXPECT_THAT(rendered("tools", {{"form_word", nothing}}), Not(HasSubstr("<form")));
  EXPECT_THAT(rendered("tools", {{"form_word", "w0rd"}}), HasSubstr("value=\"w0rd\""));
}

TEST(Rendered, EveryFormThatChangesSomethingBringsTheWordAlong) {
  const Json row = {{"id", "1"}, {"lane", "a/b"}, {"url", "/x"}};
  const Json model = {{"form_word", "w0rd"},
                      {"can_retry", true},
                      {"can_park", true},
                      {"can_unpark", true},
                      {"can_discard", true},
                      {"lanes", {row, row}},
                      {"has_lanes", true},
                      {"is_installed", true},
                      {"preview", {{"is_empty", false}}},
                      {"is_available", true},
                      {"has_events", true},
                      {"takers", {{"is_empty", false}}},
                      {"job", {{"is_running", true}}}};
  for (const char* name : {"tools", "tool", "tool_not_installed", "tool_policy", "tool_pull", "tool_remove",
                           "tool_replay", "tool_reregister", "tool_settings", "event", "lanes", "job_page"}) {
    const auto html = rendered(name, model);
    std::size_t posts = 0;
    std::size_t words = 0;
    for (auto at = html.find("method=\"post\""); at != std::string::npos; at = html.find("method=\"post\"", at + 1)) {
      ++posts;
      const auto end = html.find("</form>", at);
      if (html.substr(at, end - at).find("name=\"form_word\" value=\"w0rd\"") != std::string::npos) ++words;
    }
    EXPECT_GT(posts, 0U) << name;
    EXPECT_EQ(posts, words) << name;
  }
}

TEST(Rendered, WhoeverIsNotLoggedInGetsNoFormsButTheWayToThem) {
  for (const char* name : {"tools", "tool", "tool_not_installed", "tool_policy", "tool_remove", "tool_reregister",
                           "tool_settings", "event", "lanes"}) {
    const auto html = rendered(name, {{"here", "%2Flanes"}});
    EXPECT_THAT(html, Not(HasSubstr("method=\"post\""))) << name;
    EXPECT_THAT(html, HasSubstr("/login?to=%2Flanes")) << name;
  }
}

TEST(Rendered, RowsOfStrangersAreText) {
  const Json event = {{"id", kAttack},
                      {"kind", kAttack},
                      {"course_id", kAttack},
                      {"state", "pending"},
                      {"deferral", kAttack},
                      {"last_error", kAttack},
                      {"captured_at", "2026-11-23T08:00:00.000Z"}};
  const auto html = rendered("tool_events", {{"has_events", true},
                                             {"events", Json::array({event_row(event, kNow)})},
                                             {"text", kAttack},
                                             {"course", kAttack}});
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("value=\"<")));
  EXPECT_THAT(html, HasSubstr("datetime=\"2026-11-23T08:00:00.000Z\""));
}

TEST(Moments, AreSaidAsAPersonSaysThem) {
  EXPECT_EQ(age_text(kNow - 1000, kNow), "just now");
  EXPECT_EQ(age_text(kNow - 3 * 60'000, kNow), "3 min ago");
  EXPECT_EQ(age_text(kNow - 26 * 3'600'000LL, kNow), "26 h ago");
  EXPECT_EQ(age_text(kNow - 50 * 3'600'000LL, kNow), "2 days ago");
  EXPECT_EQ(age_text(kNow + 20'000, kNow), "in 20 s");
  EXPECT_EQ(span_text(125), "2 min 5 s");
  EXPECT_EQ(span_text(7500), "2 h 5 min");
  EXPECT_EQ(amount(1, "event"), "1 event");
  EXPECT_EQ(amount(1234, "event"), "1,234 events");
  EXPECT_TRUE(moment_of("", kNow).is_null());
}

TEST(Charts, SayInWordsWhatTheyDraw) {
  const auto chart = line_chart("c", "Waiting <now>", {{kNow - 60'000, 3}, {kNow - 30'000, 1200}, {kNow, 7}}, kNow);
  EXPECT_THAT(chart, HasSubstr("<title id=\"c-t\">Waiting &lt;now&gt;</title>"));
  EXPECT_THAT(chart, HasSubstr("7 now, 1,200 at most"));
  EXPECT_THAT(chart, HasSubstr("<table>"));
  EXPECT_THAT(chart, Not(HasSubstr("style=")));
  EXPECT_THAT(line_chart("c", "Waiting", {}, kNow), HasSubstr("Too early"));
  EXPECT_EQ(sparkline("Waiting", {{kNow, 0}, {kNow + 1, 0}}), "");
}

TEST(Charts, CountAgesInSteps) {
  const auto bars = age_bars({kNow, kNow - 59'000, kNow - 60'000, kNow - 90LL * 86'400'000}, kNow);
  EXPECT_EQ(bars.at(0).value, 2U);
  EXPECT_EQ(bars.at(1).value, 1U);
  EXPECT_EQ(bars.back().value, 1U);
  const auto chart = bar_chart("b", "Ages", bars);
  EXPECT_THAT(chart, HasSubstr("under 1 min: 2, 1 to 10 min: 1"));
  EXPECT_THAT(bar_chart("b", "Ages", age_bars({}, kNow)), HasSubstr("Nothing to draw yet"));
}

TEST(Said, ComesBackOnceAndAsText) {
  const SaidText said{Said::bad, "no; \"such\" tool\n<b> é"};
  const auto cookie = keep_said(said);
  EXPECT_EQ(cookie.find('\n'), std::string::npos);
  const auto read = said_in("ptb_host=abc; " + cookie.substr(0, cookie.find(';')));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->how, Said::bad);
  EXPECT_EQ(read->text, "no; \"such\" tool <b> é");
  EXPECT_THAT(rendered("said", to_json(*read)), HasSubstr("&lt;b&gt;"));
  EXPECT_FALSE(said_in("xptb_said=gText"));
  EXPECT_FALSE(said_in("ptb_said=x"));
  EXPECT_FALSE(said_in("ptb_said=g%zz"));
  EXPECT_THAT(forget_said(), HasSubstr("Max-Age=0"));
}

TEST(Addresses, AreEscaped) {
  EXPECT_EQ(tool_url("a b/c?d"), "/tools/a%20b/c%3Fd");
  EXPECT_EQ(tool_url("v/x/y"), "/tools/v/x%2Fy");
}

TEST(ProblemPage, IsForBrowsersOnly) {
  const Access access("token", {});
  Request request;
  request.method = "GET";
  request.target = "/no?a=<b>";
  EXPECT_FALSE(problem_page(access, request, 404, "there is no <b>"));
  request.headers["accept"] = "text/html,*/*";
  const auto page = problem_page(access, request, 404, "there is no <b>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 404U);
  EXPECT_THAT(page->body, HasSubstr("there is no &lt;b&gt;"));
  EXPECT_THAT(page->body, Not(HasSubstr("<b>")));
  const auto forbidden = problem_page(access, request, 403, "wants the token");
  EXPECT_THAT(forbidden->body, HasSubstr("/login?to=%2Fno%3Fa%3D%3Cb%3E"));
}

TEST(ProblemPage, TellsOnceWhatWasSaid) {
  const Access access("token", {});
  Request request;
  request.method = "GET";
  request.target = "/no";
  request.headers = {{"accept", "text/html"}, {"cookie", "ptb_said=gDone."}};
  const auto forgets = [&] {
    const auto page = problem_page(access, request, 404, "no");
    for (const auto& [name, value] : page->headers)
      if (name == "Set-Cookie" && value == forget_said()) return true;
    return false;
  };
  EXPECT_TRUE(forgets());
  request.headers["x-live"] = "1";
  EXPECT_FALSE(forgets()) << "the script in another window must not eat it";
}

}  // namespace
}  // namespace host
