// See api.h. Courses, content items and groups of the small LMS.
#include <filesystem>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"
#include "serve/uploaded_package.h"

namespace host {

namespace {

CopyTerms terms_in(const Json& object) {
  CopyTerms terms{text_in(object, "user_id"), 0};
  if (const auto at = text_in(object, "not_before"); !at.empty()) terms.not_before_ms = moment_option("not_before", at);
  return terms;
}

/// The package is the body, and what else there is to say is in the query; or both are in a form with files.
Page restore(const Serving& serving, const Call& call) {
  auto wanted = restore_in(call);
  const auto* sent = call.file("package");
  std::error_code none;
  const auto& body = call.request.body_file;
  if (sent == nullptr && (is_multipart(call.request) || body.empty() || std::filesystem::file_size(body, none) == 0))
    wrong_usage("the body is to be a course package, or a form with the file \"package\"");
  wanted.package = sent == nullptr ? call.request.body_file : sent->content->path();
  const auto name = sent == nullptr || sent->name.empty() ? std::string("the package") : cut(sent->name, 100);
  return command_page(serving, call, restoring(std::move(wanted), name));
}

/// Answers the package. What its tools said to it is told by their events.
Page write_package(const Serving& serving, const Call& call) {
  const auto course = call.path.at(0);
  const auto file = new_package(serving);
  const auto answer = run_command(options_of(serving, call), [&](const GlobalOptions& options) {
    return course_export(options, course, file->path());
  });
  auto page = download_page(file->path(), course + ".imscc");
  page.headers.emplace_back("X-Ptb-Backup-Id", text_of(answer.value, "backup_id"));
  return page;
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
  router.change("POST", one + "/export", [&serving](const Call& call) { return write_package(serving, call); });
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
