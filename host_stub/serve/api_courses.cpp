// See api.h. Courses, content items and groups of the small LMS.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"

namespace host {

namespace {

CopyTerms terms_in(const Json& object) {
  CopyTerms terms{text_in(object, "user_id"), 0};
  if (const auto at = text_in(object, "not_before"); !at.empty()) terms.not_before_ms = moment_option("not_before", at);
  return terms;
}

/// The package is the body; what else there is to say is in the query.
Page restore(const Serving& serving, const Call& call) {
  const auto& file = call.request.body_file;
  std::error_code none;
  if (file.empty() || std::filesystem::file_size(file, none) == 0) wrong_usage("the body is to be a course package");
  CourseRestore wanted;
  wanted.package = call.request.body_file;
  wanted.course_id = call.value("id");
  wanted.user_id = call.value("user_id");
  if (const auto at = call.value("not_before"); !at.empty()) wanted.not_before_ms = moment_option("not_before", at);
  std::istringstream maps(call.value("map"));
  for (std::string map; maps >> map;) wanted.maps.push_back(map);
  try {
    return command_page(serving, call, [&](const GlobalOptions& options) { return course_restore(options, wanted); });
  } catch (const Refusal& refusal) {
    // Where it is kept meanwhile means nothing to whoever sent it.
    std::string text = refusal.what();
    const auto at = text.find(file);
    if (at == std::string::npos) throw;
    throw Refusal(refusal.exit_status(), text.replace(at, file.size(), "that was sent"));
  }
}

}  // namespace

void add_course_api(Router& router, Serving& serving) {
  const auto command = [&serving](auto run) {
    return [&serving, run](const Call& call) {
      return command_page(serving, call, [&](const GlobalOptions& options) { return run(options, call); });
    };
  };
  const std::string one = "/api/courses/{course}";
  router.get("/api/courses", command([](const auto& options, const Call&) { return course_list(options); }));
  router.change("POST", "/api/courses", command([](const auto& options, const Call& call) {
                  return course_create(options, need_text_in(object_in(call), "course_id"));
                }));
  router.change("POST", "/api/courses-restore", [&serving](const Call& call) { return restore(serving, call); });
  router.change("DELETE", one,
                command([](const auto& options, const Call& call) { return course_delete(options, call.path.at(0)); }));
  router.change("POST", one + "/copy", command([](const auto& options, const Call& call) {
                  const auto object = object_in(call);
                  return course_copy(options, call.path.at(0), need_text_in(object, "to"), flag_in(object, "exact"),
                                     terms_in(object));
                }));
  router.get(one + "/content",
             command([](const auto& options, const Call& call) { return content_list(options, call.path.at(0)); }));
  router.get(one + "/groups",
             command([](const auto& options, const Call& call) { return group_list(options, call.path.at(0)); }));
  router.change("POST", one + "/groups", command([](const auto& options, const Call& call) {
                  return group_create(options, call.path.at(0), need_text_in(object_in(call), "name"));
                }));
  router.change("POST", "/api/content/{item}/copy", command([](const auto& options, const Call& call) {
                  const auto object = object_in(call);
                  return content_copy(options, call.path.at(0), need_text_in(object, "to"), flag_in(object, "delete"),
                                      terms_in(object));
                }));
  router.change("POST", "/api/content/{item}/known", command([](const auto& options, const Call& call) {
                  return content_known(options, call.path.at(0), need_text_in(object_in(call), "external_content_id"));
                }));
  router.change("POST", "/api/forget", command([](const auto& options, const Call& call) {
                  const auto object = object_in(call);
                  return forget(options, text_in(object, "course"), text_in(object, "user"));
                }));
}

}  // namespace host
