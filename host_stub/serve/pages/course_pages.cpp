// See pages.h. Courses and what is in them: what is there, and the forms that change it.
#include <fmt/format.h>

#include <algorithm>

#include "commands.h"
#include "output.h"
#include "serve/pages/course_forms.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"

namespace host {

namespace {

std::size_t from_of(const Call& call) {
  const auto text = call.value("from");
  const bool is_number = !text.empty() && text.size() < 8 && text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? std::stoul(text) : 0;
}

std::uint32_t status_of(const SentForm& sent) { return sent.problem.empty() ? 200 : 409; }

Json all_courses(const Serving& serving, const Call& call) {
  return asked(serving, call, [](const auto& options) { return course_list(options); });
}

Json all_tools(const Serving& serving, const Call& call) {
  return asked(serving, call, [](const auto& options) { return tool_list(options); });
}

CourseFacts facts_of(const Serving& serving, const Call& call, const std::string& id) {
  CourseFacts facts;
  {
    Session session(serving.options, Session::Use::lms);
    const auto course = need_course(session.lms(), id);
    facts.course = {{"course_id", course.id}, {"title", course.title}};
  }
  facts.content = asked(serving, call, [&](const auto& options) { return content_list(options, id); });
  facts.groups = asked(serving, call, [&](const auto& options) { return group_list(options, id); });
  facts.tools = all_tools(serving, call);
  return facts;
}

Json item_of(const Serving& serving, const std::string& id) {
  Session session(serving.options, Session::Use::lms);
  const auto item = need_item(session.lms(), id);
  return {{"content_id", item.id},
          {"course_id", item.course_id},
          {"tool", to_text(item.tool)},
          {"title", item.title},
          {"external_content_id", item.external_id},
          {"content_handle", item.handle},
          {"launch_url", item.launch_url}};
}

Page delete_page(const Serving& serving, const Call& call) {
  const auto id = call.path.at(0);
  return html_page(serving, call, {"Delete course " + id, "/courses"}, "course_delete",
                   course_delete_model(facts_of(serving, call, id)));
}

}  // namespace

Page courses_page(const Serving& serving, const Call& call, const SentForm& sent) {
  auto model =
      courses_model(all_courses(serving, call), all_tools(serving, call), from_of(call), serving.max_upload_mib, sent);
  PageHead head{"Courses", "/courses"};
  head.status = status_of(sent);
  return html_page(serving, call, head, "courses", std::move(model));
}

Page course_page(const Serving& serving, const Call& call, const SentForm& sent) {
  const auto id = call.path.at(0);
  PageHead head{"Course " + id, "/courses"};
  head.status = status_of(sent);
  return html_page(serving, call, head, "course", course_model(facts_of(serving, call, id), from_of(call), sent));
}

Page item_page(const Serving& serving, const Call& call, const SentForm& sent) {
  const auto item = item_of(serving, call.path.at(0));
  PageHead head{text_of(item, "title").empty() ? text_of(item, "content_id") : text_of(item, "title"), "/courses"};
  head.status = status_of(sent);
  return html_page(serving, call, head, "item",
                   item_model(item, all_courses(serving, call), all_tools(serving, call), sent));
}

void add_course_pages(Router& router, Serving& serving) {
  router.get("/courses", [&serving](const Call& call) { return courses_page(serving, call, {}); });
  router.get("/courses/{course}", [&serving](const Call& call) { return course_page(serving, call, {}); });
  router.get("/courses/{course}/delete", [&serving](const Call& call) { return delete_page(serving, call); });
  router.get("/content/{item}", [&serving](const Call& call) { return item_page(serving, call, {}); });
  add_course_forms(router, serving);
}

}  // namespace host
