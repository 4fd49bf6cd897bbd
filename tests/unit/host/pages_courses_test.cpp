// The pages of courses, items and operations as HTML: what they show, that all of it is escaped, and that only whoever
// is logged in gets forms.
#include <gmock/gmock.h>

#include <regex>

#include "serve/pages/course_models.h"
#include "serve/pages/operation_model.h"
#include "serve/pages/render.h"

namespace host {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Ends an attribute and an element, and begins what must never be begun.
const std::string kHostile = "\"'><script>alert(1)</script>&amp;";

Json with_login(Json model, bool is_logged_in) {
  model["form_word"] = is_logged_in ? Json("word&1") : Json();
  model["here"] = "%2Fcourses";
  return model;
}

const Json kTools =
    Json::parse(R"([{"tool": "acme/quiz", "state": "available"}, {"tool": "b/c", "state": "inactive"}])");

Json course(const std::string& id, const std::string& title) {
  return {{"course_id", id}, {"title", title}, {"items", 2}};
}

Json item(const std::string& text) {
  return {{"content_id", "_5_1"}, {"course_id", "C1"},           {"tool", "acme/quiz"}, {"content_handle", text},
          {"title", text},        {"external_content_id", text}, {"launch_url", text}};
}

CourseFacts facts(const std::string& text) {
  return {course("C1", text), Json::array({item(text)}), Json::array({{{"group_id", "_9_1"}, {"name", text}}}), kTools};
}

SentForm sent(const std::string& which, const std::string& text) {
  return {which,
          text,
          {{"id", text},
           {"map", text},
           {"to", text},
           {"name", text},
           {"external_id", text},
           {"user_id", text},
           {"not_before", text},
           {"how", "exact"}}};
}

JobView restored(const std::string& text) {
  JobView job;
  job.number = 7;
  job.what = "restore";
  job.began_at_ms = 1;
  job.ended_at_ms = 2;
  job.good = true;
  job.result = {{"course_id", "C1"},
                {"title", text},
                {"links", 3},
                {"groups", 1},
                {"skipped_links", 2},
                {"format", text},
                {"backup_id", text},
                {"operation", "12"},
                {"warnings", {text, "second"}},
                {"not_taken_over", {{{"type", text}, {"name", text}, {"count", 4}}}},
                {"events",
                 {{{"id", "e-1"},
                   {"kind", "course-imported"},
                   {"tool", "acme/quiz"},
                   {"answer", "new"},
                   {"state", "pending"},
                   {"deferral", "not_available"},
                   {"course_id", "C1"},
                   {"text", text}},
                  {{"id", "e-2"},
                   {"kind", "content-imported"},
                   {"tool", "acme/quiz"},
                   {"answer", "duplicate"},
                   {"state", "refused"},
                   {"deferral", nullptr},
                   {"course_id", "C1"},
                   {"content_id", text},
                   {"text", text}}}}};
  return job;
}

/// All pages with `text` wherever somebody else chooses the text.
std::vector<std::pair<std::string, Json>> pages_with(const std::string& text) {
  auto failed = restored(text);
  failed.result = nullptr;
  failed.good = false;
  failed.notes = {text};
  auto running = restored(text);
  running.ended_at_ms = 0;
  return {{"courses", courses_model(Json::array({course("C1", text)}), kTools, 0, 512, sent("restore", text))},
          {"courses", courses_model(Json::array(), kTools, 0, 512, sent("create", text))},
          {"course", course_model(facts(text), 0, sent("copy", text))},
          {"course", course_model(facts(text), 0, sent("group", text))},
          {"course_delete", course_delete_model(facts(text))},
          {"item", item_model(item(text), Json::array({course("C2", text)}), kTools, sent("copy", text))},
          {"item", item_model(item(text), Json::array(), kTools, sent("known", text))},
          {"operation", operation_model(restored(text), Json::object(), "/operations/7/package")},
          {"operation", operation_model(failed, Json::object(), "")},
          {"operation", operation_model(running, Json::object(), "")}};
}

TEST(CoursePages, EscapeWhateverComesFromElsewhere) {
  for (const auto& [name, model] : pages_with(kHostile)) {
    const auto html = rendered(name, with_login(model, true));
    EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("\"'>")), Not(HasSubstr("{{")))) << name;
    // What was not hostile is there unharmed, so that the text above was not simply left away.
    if (model.value("is_running", false) || name == "operation") continue;
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;")) << name;
  }
  EXPECT_THAT(rendered("operation", with_login(pages_with(kHostile)[7].second, false)), HasSubstr("&lt;script&gt;"));
}

TEST(CoursePages, GiveFormsOnlyToWhoeverIsLoggedIn) {
  for (const auto& [name, model] : pages_with("text")) {
    const auto html = rendered(name, with_login(model, false));
    EXPECT_THAT(html, AllOf(Not(HasSubstr("<form")), Not(HasSubstr("word&amp;1")))) << name;
    if (name == "operation") continue;
    EXPECT_THAT(html, HasSubstr("/login?to=%2Fcourses")) << name;
  }
}

/// Without it, a form is refused; and whatever changes something is posted.
TEST(CoursePages, GiveEachFormItsWordAndPostIt) {
  for (const auto& [name, model] : pages_with("text")) {
    const auto html = rendered(name, with_login(model, true));
    const std::regex form("<form([^>]*)>([\\s\\S]*?)</form>");
    for (std::sregex_iterator at(html.begin(), html.end(), form), end; at != end; ++at) {
      EXPECT_THAT((*at)[1].str(), HasSubstr("method=\"post\"")) << name;
      EXPECT_THAT((*at)[2].str(), HasSubstr("name=\"form_word\" value=\"word&amp;1\"")) << name;
    }
  }
}

/// No script, style or handler within the page: its policy would not let it run.
TEST(CoursePages, HaveNothingInline) {
  for (const auto& [name, model] : pages_with("text"))
    EXPECT_FALSE(
        std::regex_search(rendered(name, with_login(model, true)), std::regex("<style|style=|<script| on[a-z]+=")))
        << name;
}

/// Each field that a person fills in has a label, and what it refers to is on the page.
TEST(CoursePages, NameTheirFields) {
  for (const auto& [name, model] : pages_with("text")) {
    const auto html = rendered(name, with_login(model, true));
    const std::regex field("<(input|textarea|select) id=\"([^\"]+)\"([^>]*)>");
    for (std::sregex_iterator at(html.begin(), html.end(), field), end; at != end; ++at)
      EXPECT_THAT(html, HasSubstr("<label for=\"" + (*at)[2].str() + "\"")) << name;
    const std::regex reference("(?:aria-describedby|aria-labelledby|list)=\"([^\"]+)\"");
    for (std::sregex_iterator at(html.begin(), html.end(), reference), end; at != end; ++at) {
      std::istringstream ids((*at)[1].str());
      for (std::string id; ids >> id;) EXPECT_THAT(html, HasSubstr("id=\"" + id + "\"")) << name;
    }
  }
}

TEST(CoursePages, KeepWhatWasTyped) {
  const auto restore = rendered("courses", with_login(pages_with("typed-7")[0].second, true));
  EXPECT_THAT(restore,
              AllOf(HasSubstr("id=\"restore-id\" name=\"id\" value=\"typed-7\""), HasSubstr("\ntyped-7</textarea>"),
                    HasSubstr("role=\"alert\""), HasSubstr("<details id=\"restore-terms\" open>")));
  const auto copy = rendered("course", with_login(pages_with("typed-7")[2].second, true));
  EXPECT_THAT(copy, AllOf(HasSubstr("name=\"to\" value=\"typed-7\""), HasSubstr("value=\"exact\" checked"),
                          Not(HasSubstr("value=\"shallow\" checked")), HasSubstr("name=\"name\" value=\"\"")));
}

TEST(CoursePages, TurnOverLongLists) {
  auto many = Json::array();
  for (int i = 0; i < 450; ++i) many.push_back(course("C" + std::to_string(i), ""));
  const auto html = [&](std::size_t from) {
    return rendered("courses", with_login(courses_model(many, kTools, from, 512, {}), false));
  };
  EXPECT_THAT(html(0), AllOf(HasSubstr(">C199<"), Not(HasSubstr(">C200<")), HasSubstr("1 to 200 of 450"),
                             HasSubstr("href=\"/courses?from=200\""), Not(HasSubstr("rel=\"prev\""))));
  EXPECT_THAT(html(400),
              AllOf(HasSubstr(">C449<"), HasSubstr("href=\"/courses?from=200\""), Not(HasSubstr("rel=\"next\""))));
  EXPECT_THAT(html(99'999), HasSubstr(">C0<")) << "a place beyond the end is the beginning";
}

TEST(OperationPage, SaysWhatBecameOfEachEventAndWhy) {
  const auto at_the_time = rendered("operation", with_login(operation_model(restored("T"), Json::object(), ""), false));
  EXPECT_THAT(
      at_the_time,
      AllOf(
          HasSubstr("1 event waits for <a href=\"/tools/acme/quiz\">acme/quiz</a>: the tool is not saved as available"),
          HasSubstr("href=\"/events/e-1\""), HasSubstr("<span class=\"badge warn\">waits</span>"),
          HasSubstr("<span class=\"badge bad\">refused</span> <span class=\"small quiet\">duplicate</span>"),
          HasSubstr("4 × T"), HasSubstr("2 left out"), HasSubstr("2 warnings"), HasSubstr("<dd>3,")));
  const Json now = {{"e-1", {{"state", "delivered"}, {"deferral", nullptr}, {"last_error", nullptr}}}};
  const auto later = rendered("operation", with_login(operation_model(restored("T"), now, ""), false));
  EXPECT_THAT(later,
              AllOf(HasSubstr("<span class=\"badge good\">delivered</span>"), Not(HasSubstr("event waits for"))));
}

TEST(OperationPage, ListsSoManyEventsAndCountsTheRest) {
  auto job = restored("T");
  const auto one = job.result["events"][0];
  for (int i = 0; i < 300; ++i) job.result["events"].push_back(one);
  const auto html = rendered("operation", with_login(operation_model(job, Json::object(), ""), false));
  EXPECT_THAT(html, AllOf(HasSubstr("and 202 events more"), HasSubstr("301 events wait for")));
}

TEST(OperationPage, SaysWhyNothingWasDone) {
  auto job = restored("T");
  job.result = nullptr;
  job.notes = {"there is a course C1 already"};
  const auto html = rendered("operation", with_login(operation_model(job, Json::object(), ""), false));
  EXPECT_THAT(html, AllOf(HasSubstr("It was not done"), HasSubstr("there is a course C1 already")));
}

}  // namespace
}  // namespace host
