// See pages.h. The whole story with a tool and a course that are built in.
#include <fmt/format.h>

#include <fstream>

#include "commands.h"
#include "output.h"
#include "pages/example_files.h"
#include "serve/answers.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "serve/uploaded_package.h"

namespace host {

namespace {

constexpr const char* kTool = "acme/quiz";
constexpr const char* kMap = "tools.acme.example=acme/quiz";
constexpr const char* kSecret = "a shared secret";
constexpr const char* kPort = "8099";
constexpr const char* kDescriptor = "tool.xml";
constexpr const char* kPackage = "course.imscc";

Page try_page(const Serving& serving, const Call& call, const std::string& problem) {
  Json model = {{"problem", problem},
                {"tool", kTool},
                {"tool_url", tool_url(kTool)},
                {"tool_page", fmt::format("http://127.0.0.1:{}/", kPort)},
                {"secret", kSecret},
                {"port", kPort},
                {"map", kMap}};
  for (const auto& tool : asked(serving, call, [](const auto& options) { return tool_list(options); })) {
    if (text_of(tool, "tool") != kTool) continue;
    model["is_added"] = true;
    model["state"] = text_of(tool, "state");
    model["is_available"] = text_of(tool, "state") == "available";
  }
  PageHead head{"Try it", "/courses"};
  if (!problem.empty()) head.status = 409;
  return html_page(serving, call, head, "try", std::move(model));
}

/// Begins as inactive, so that what comes next waits.
Page add_tool(const Serving& serving, const Call& call) {
  ToolAdd add;
  add.descriptor = example_file(kDescriptor);
  add.options.secret = kSecret;
  add.options.allow_http = true;
  add.options.allow_private = true;
  return ordered_page(serving, call, "/try", fmt::format("{} was added. It is switched off.", kTool),
                      [&](const auto& options) { return tool_add(options, add); });
}

Page restore(const Serving& serving, const Call& call) {
  try {
    const auto file = new_package(serving);
    std::ofstream out(file->path(), std::ios::binary | std::ios::trunc);
    if (!(out << example_file(kPackage) << std::flush)) refuse("cannot write {}: is there room?", file->path());
    CourseRestore wanted;
    wanted.package = file->path();
    wanted.maps = {kMap};
    const auto by = options_of(serving, call).by;
    const auto number = serving.jobs.begin("restore", "", by, restoring(std::move(wanted), kPackage, file));
    serving.jobs.wait(number, 1'500);
    return see_other(fmt::format("/operations/{}", number));
  } catch (const Refusal& refusal) {
    return try_page(serving, call, refusal.what());
  }
}

Page file_page(const char* name, const char* type) {
  Page page{200, type, std::string(example_file(name))};
  page.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
  return page;
}

}  // namespace

void add_try_pages(Router& router, Serving& serving) {
  router.get("/try", [&serving](const Call& call) { return try_page(serving, call, {}); });
  router.get("/try/tool.xml", [](const Call&) { return file_page(kDescriptor, "application/xml"); });
  router.get("/try/course.imscc", [](const Call&) { return file_page(kPackage, "application/zip"); });
  router.change("POST", "/try/tool", [&serving](const Call& call) { return add_tool(serving, call); });
  router.change("POST", "/try/restore", [&serving](const Call& call) { return restore(serving, call); });
}

}  // namespace host
