// What pages say of a job, an event, a form and a list of events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output.h"
#include "serve/pages/event_scan.h"
#include "serve/pages/event_view.h"
#include "serve/pages/job_view.h"
#include "serve/pages/pieces.h"
#include "serve/pages/render.h"
#include "serve/pages/sums.h"
#include "serve/pages/tool_form.h"

namespace host {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNow = 1'795'000'000'000;

Json job(const char* state, Json result, std::vector<std::string> notes = {}) {
  return {{"job", 7},
          {"what", "save"},
          {"tool", "acme/quiz"},
          {"by", "web"},
          {"began_at", time_text(kNow - 4000)},
          {"ended_at", nullptr},
          {"state", state},
          {"result", std::move(result)},
          {"notes", std::move(notes)}};
}

Json walked(int sent, int acknowledged, int refused, int left, const char* stopped_by) {
  return {{"tool", "acme/quiz"},
          {"state", "available"},
          {"sent", sent},
          {"acknowledged", acknowledged},
          {"refused", refused},
          {"failed", stopped_by == nullptr ? 0 : 1},
          {"left", left},
          {"repeated", 0},
          {"stopped_by", stopped_by == nullptr ? Json() : Json(stopped_by)},
          {"ms", 4200}};
}

std::string page_of(const Json& view) { return rendered("job_page", {{"form_word", "w"}, {"job", view}}); }

TEST(JobView, ShowsTheWalkWhileItGoesOn) {
  const WalkView walk{"acme/quiz", "acme/quiz", 1200, 5000, "e-1", 50.4, 75, false};
  const auto html = page_of(job_view(job("running", nullptr), {walk}, kNow));
  EXPECT_THAT(html, HasSubstr("max=\"5000\" value=\"1200\""));
  EXPECT_THAT(html, HasSubstr("1,200"));
  EXPECT_THAT(html, HasSubstr("50 a second"));
  EXPECT_THAT(html, HasSubstr("about 1 min 15 s left"));
  EXPECT_THAT(html, HasSubstr("/events/e-1"));
  EXPECT_THAT(html, HasSubstr("action=\"/jobs/7/stop\""));
  EXPECT_THAT(page_of(job_view(job("stopping", nullptr), {walk}, kNow)), HasSubstr("Stopping"));
  EXPECT_THAT(page_of(job_view(job("running", nullptr), {}, kNow)), HasSubstr("The tool is being asked"));
  const WalkView begun{"acme/quiz", "acme/quiz", 0, 5000, "", 0, -1, false};
  EXPECT_THAT(page_of(job_view(job("running", nullptr), {begun}, kNow)), HasSubstr("break\" hidden>"))
      << "a link without a text";
}

TEST(JobView, AWalkOfAClaimedLaneIsThatOfItsTool) {
  const WalkView walk{"old/name", "old/name", 1, 2, "e-1", 0, -1, false};
  EXPECT_TRUE(walk_view("acme/quiz", {walk}).is_null());
  const auto walks = under_their_tools({walk}, {{{"lane", "old/name"}, {"tool", "acme/quiz"}}});
  EXPECT_EQ(walk_view("acme/quiz", walks).at("lane"), "old/name");
  auto two = walks;
  two.push_back(walks.front());
  EXPECT_EQ(walk_view("acme/quiz", two).at("total_number"), 4);
  EXPECT_EQ(walk_view("acme/quiz", two).at("lane"), "");
}

TEST(JobView, AWalkThatStoppedIsNotUnderWay) {
  EXPECT_TRUE(is_walking({{{"tool", "a/b"}, {"state", "walking"}}}, "a/b"));
  EXPECT_FALSE(
      is_walking({{{"tool", "a/b"}, {"state", "not_responding"}}, {{"tool", "c/d"}, {"state", "walking"}}}, "a/b"));
}

TEST(JobView, SaysWhatCameOfItAndWhatToDo) {
  const auto good = job_view(job("done", walked(12, 12, 0, 0, nullptr)), {}, kNow);
  EXPECT_EQ(good.at("text"), "The tool is available. 12 events were sent in 4 s; the tool acknowledged all of them.");
  const auto refused = job_view(job("done", walked(12, 10, 2, 0, nullptr)), {}, kNow);
  EXPECT_THAT(refused.at("text").get<std::string>(), HasSubstr("10 acknowledged, 2 refused"));
  EXPECT_THAT(page_of(refused), HasSubstr("/tools/acme/quiz/events?state=refused"));
  const auto stopped = page_of(job_view(
      job("failed", walked(5, 4, 0, 8, "e-5"), {"Ctrl-C again leaves at once", "connection <refused>"}), {}, kNow));
  EXPECT_THAT(stopped, Not(HasSubstr("Ctrl-C")));
  EXPECT_THAT(stopped, HasSubstr("It stopped after 5 sent events; 8 events are still waiting"));
  EXPECT_THAT(stopped, HasSubstr("connection &lt;refused&gt;"));
  EXPECT_THAT(stopped, HasSubstr("href=\"/events/e-5\""));
  EXPECT_THAT(stopped, HasSubstr("href=\"/tools/acme/quiz#save\""));
  const auto nothing = page_of(job_view(job("failed", nullptr, {"no tool of that name"}), {}, kNow));
  EXPECT_THAT(nothing, HasSubstr("It came to nothing."));
  EXPECT_THAT(nothing, HasSubstr("no tool of that name"));
}

Json waiting_event() {
  return {{"id", "e-1"},
          {"kind", "course-imported"},
          {"tool", "acme/quiz"},
          {"lane", "acme/quiz"},
          {"sequence", 4},
          {"state", "pending"},
          {"deferral", "not_responding"},
          {"course_id", "C1"},
          {"operation", "17"},
          {"arguments", {{"course_id", "C1"}}},
          {"captured_at", time_text(kNow - 60'000)},
          {"captured_as", "not_available"},
          {"attempts", 2},
          {"last_error", nullptr}};
}

TEST(EventView, TellsALifeInOrder) {
  const Json why = {{"attempts", {{{"number", 1}, {"at", time_text(kNow - 30'000)}, {"text", "timed out"}}}},
                    {"since", time_text(kNow - 20'000)},
                    {"ahead", 3},
                    {"waits_for", nullptr},
                    {"next_at", time_text(kNow + 30'000)},
                    {"released_by", "save acme/quiz as available"}};
  const auto steps = timeline_of(waiting_event(), why, kNow);
  std::vector<std::string> titles;
  for (const auto& step : steps) titles.push_back(step.at("title"));
  EXPECT_THAT(titles, testing::ElementsAre("Captured", "Put off at once", "Attempt 1 failed",
                                           "A walk that included it stopped", "Waits", "Next try"));
  EXPECT_EQ(steps.at(4).at("text"),
            "Because the tool does not answer. 3 events are ahead of it. What sets it going: save acme/quiz as "
            "available.");
  EXPECT_EQ(steps.at(5).at("when").at("ago"), "in 30 s");
  EXPECT_THAT(in_short(waiting_event(), why),
              testing::StartsWith("It waits because the tool does not answer. 3 events"));
}

TEST(EventView, EachEndHasItsWords) {
  auto event = waiting_event();
  const auto last = [&](const char* state) {
    event["state"] = state;
    event["reason"] = "why";
    return timeline_of(event, Json::object(), kNow).back().at("title").get<std::string>();
  };
  EXPECT_EQ(last("delivered"), "Acknowledged in walk 2");
  EXPECT_EQ(last("refused"), "Refused by the tool");
  EXPECT_THAT(last("parked"), HasSubstr("Parked"));
  EXPECT_THAT(last("discarded"), HasSubstr("Discarded"));
  EXPECT_EQ(orders_of(event).at("can_discard"), false);
  EXPECT_EQ(orders_of(waiting_event()).at("can_park"), true);
}

TEST(EventView, LinksEachSuggestionToWhereItIsDone) {
  const Json why = {{"next",
                     {"look at what stands first: explain e-0", "save acme/quiz as available",
                      "park e-1 so that what is behind it goes on", "release lane acme/quiz",
                      "replay from e-1 if the tool has lost it", "something new"}}};
  std::vector<std::string> urls;
  for (const auto& one : suggestions_of(waiting_event(), why)) urls.push_back(one.at("url"));
  EXPECT_THAT(urls, testing::ElementsAre("/events/e-0", "/tools/acme/quiz#save", "/events/e-1#orders", "/lanes",
                                         "/tools/acme/quiz/replay?from_event=e-1&preview=1", "/events/e-1#orders"));
}

TEST(EventView, PutsSettingsSideBySide) {
  const Json settings = {{{"scope", "system"}, {"key", "level"}, {"value", "1"}},
                         {{"scope", "course"}, {"key", "mode"}, {"value", "a"}}};
  const Json changes = {{{"scope", "system"}, {"key", "level"}, {"was", "1"}, {"now", nullptr}},
                        {{"scope", "system"}, {"key", "new"}, {"was", nullptr}, {"now", "2"}}};
  const auto rows = settings_then_and_now(settings, changes);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows.at(0).at("now"), "not set");
  EXPECT_EQ(rows.at(1).at("now"), "a");
  EXPECT_EQ(rows.at(1).at("is_changed"), false);
  EXPECT_EQ(rows.at(2).at("was"), "not set");
  EXPECT_TRUE(settings_then_and_now(settings, nullptr).at(0).at("now").is_null()) << "nobody has compared";
}

TEST(ScanEvents, GoesOnUntilEnoughAreFoundOrTooManyWereSeen) {
  int pages = 0;
  const auto page = [&](const std::string& after) {
    const int first = after.empty() ? 0 : std::stoi(after);
    ++pages;
    auto events = Json::array();
    for (int i = first; i < first + 10; ++i)
      events.push_back({{"id", std::to_string(i)},
                        {"kind", i % 5 == 0 ? "group-copied" : "course-copied"},
                        {"course_id", "C1"},
                        {"arguments", {{"title", "Über Alles"}}}});
    return Json{{"events", events}, {"next", first + 10 >= 100 ? Json() : Json(std::to_string(first + 10))}};
  };
  const auto found = scan_events(page, "", {"group-copied", "", ""}, 4, 1000);
  EXPECT_EQ(found.events.size(), 4U);
  EXPECT_EQ(found.next, "20");
  EXPECT_EQ(scan_events(page, "20", {"no-such", "", ""}, 4, 30).next, "50") << "gives up after 30";
  const auto all = scan_events(page, "", {"", "C1", "ALLES"}, 1000, 1000);
  EXPECT_EQ(all.events.size(), 100U);
  EXPECT_TRUE(all.next.empty());
  EXPECT_FALSE(is_wanted({{"id", "1"}, {"course_id", "C12"}}, {"", "C1", ""}));
}

TEST(ToolForm, SaysWhatIsTickedAndKeepsWhatIsNotTyped) {
  const auto options = options_in_form({{"secret", ""},
                                        {"allow_http", "on"},
                                        {"wire", "proxy-tool"},
                                        {"endpoint", " https://x "},
                                        {"allow_cidrs", "10.0.0.0/8 fd00::/8"},
                                        {"max_batch", "20"},
                                        {"policy", ""}});
  EXPECT_FALSE(options.secret);
  EXPECT_EQ(options.allow_http, true);
  EXPECT_EQ(options.allow_private, false);
  EXPECT_EQ(options.endpoint, "https://x");
  EXPECT_THAT(options.allow_cidrs, testing::ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_EQ(options.max_batch, 20U);
  EXPECT_FALSE(options.policy);
  EXPECT_THAT(options_in_form({}).allow_cidrs, testing::ElementsAre("")) << "none any more";
  EXPECT_THROW(options_in_form({{"max_batch", "0"}}), Refusal);
  EXPECT_THROW(options_in_form({{"max_batch", "many"}}), Refusal);
  EXPECT_THROW(options_in_form({{"policy", "/etc/passwd"}}), Refusal) << "files are not named from afar";
}

TEST(ToolForm, NeverShowsASecretAndShowsWhatWasTyped) {
  auto model = tool_fields(Json::object(), "", {"blackboard"}, {{"secret", "hush"}, {"endpoint", "\"><script>"}});
  model["form_word"] = "w";
  const auto html = rendered("tools", model);
  EXPECT_THAT(html, Not(HasSubstr("hush")));
  EXPECT_THAT(html, Not(HasSubstr("\"><script>")));
  EXPECT_THAT(html, HasSubstr("&quot;&gt;&lt;script&gt;"));
}

TEST(Sums, AddLanesByTool) {
  const auto sums = sums_of({{{"tool", "a/b"}, {"waiting", 2}, {"oldest_at", "2026-01-02"}, {"state", "held"}},
                             {{"tool", "a/b"}, {"waiting", 3}, {"oldest_at", "2026-01-01"}, {"last_error", "down"}},
                             {{"tool", "c/d"}, {"waiting", 0}, {"oldest_at", nullptr}, {"last_error", "old"}}});
  EXPECT_EQ(sums.at("a/b").waiting, 5U);
  EXPECT_EQ(sums.at("a/b").oldest_at, "2026-01-01");
  EXPECT_EQ(sums.at("a/b").held, 1U);
  EXPECT_EQ(sums.at("a/b").error, "down");
  EXPECT_EQ(sums.at("c/d").error, "");
  const auto bars = answer_bars({{{"a/b", "delivered"}, 4}, {{"c/d", "delivered"}, 3}, {{"a/b", "refused"}, 1}}, "a/b");
  EXPECT_EQ(bars.at(0).value, 4U);
  EXPECT_EQ(bars.at(1).value, 1U);
}

}  // namespace
}  // namespace host
