// See page.h.
#include "serve/pages/page.h"

#include <fmt/format.h>

#include <array>

#include "output.h"
#include "serve/answers.h"
#include "serve/pages/render.h"
#include "serve/pages/said.h"
#include "session.h"
#include "web/page_frame.h"

namespace host {

namespace {

struct Section {
  const char* url;
  const char* text;
};
constexpr std::array<Section, 5> kSections = {
    {{"/", "Tools"}, {"/lanes", "Lanes"}, {"/courses", "Courses"}, {"/policies", "Policies"}, {"/audit", "Audit"}}};

std::string header(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

/// A login comes back to what was looked at; what was posted is not posted again.
std::string place_of(const Request& request) { return request.method == "GET" ? request.target : "/"; }

Page in_frame(const Access& access, const Request& request, const PageHead& head, const std::string& body) {
  const bool is_logged_in = access.is_logged_in(request);
  Frame frame;
  frame.title = head.title;
  frame.product = "ptb-host";
  frame.subtitle = "proxy tools and what waits for them";
  frame.style_url = "/style.css";
  frame.script_url = "/live.js";
  frame.refresh_s = head.refresh_s;
  frame.footer = "Each page is also there for programs: the API begins at /api, metrics are at /metrics.";
  for (const auto& section : kSections) frame.links.push_back({section.url, section.text, head.section == section.url});
  const Json who = {{"form_word", is_logged_in ? Json(access.form_word()) : Json()},
                    {"here", escaped_for_url(place_of(request))}};
  frame.aside = rendered("who", who);
  const auto said = said_in(header(request, "cookie"));
  frame.body = (said ? rendered("said", to_json(*said)) : std::string()) + body;
  auto page = framed_page(head.status, frame);
  // Looked at by the script in another window: whoever acted has not read it yet.
  if (said && header(request, "x-live").empty()) page.headers.emplace_back("Set-Cookie", forget_said());
  return page;
}

}  // namespace

Page html_page(const Serving& serving, const Call& call, const PageHead& head, std::string_view name, Json model) {
  const bool is_logged_in = serving.access.is_logged_in(call.request);
  model["form_word"] = is_logged_in ? Json(serving.access.form_word()) : Json();
  model["here"] = escaped_for_url(place_of(call.request));
  return in_frame(serving.access, call.request, head, rendered(name, model));
}

Page done_page(const std::string& target, Said how, const std::string& text) {
  auto page = see_other(target);
  page.headers.emplace_back("Set-Cookie", keep_said({how, text}));
  return page;
}

Page ordered_page(const Serving& serving, const Call& call, const std::string& target, const std::string& text,
                  const Command& command) {
  try {
    const auto answer = run_command(options_of(serving, call), command);
    const auto note = answer.notes.empty() ? std::string() : answer.notes.back();
    serving.live.changed();
    if (answer.status != kExitDone) return done_page(target, Said::bad, note.empty() ? "It was refused." : note);
    return note.empty() ? done_page(target, Said::good, text) : done_page(target, Said::warn, text + " " + note);
  } catch (const Refusal& refusal) {
    return done_page(target, Said::bad, refusal.what());
  }
}

Page begun_page(const Serving& serving, const Call& call, const std::string& target, const std::string& what,
                const std::string& tool, Command command) {
  try {
    const auto number = serving.jobs.begin(what, tool, options_of(serving, call).by, std::move(command));
    return see_other(tool.empty() ? fmt::format("/jobs/{}", number) : fmt::format("{}?job={}", tool_url(tool), number));
  } catch (const Refusal& refusal) {
    return done_page(target, Said::bad, refusal.what());
  }
}

Json asked(const Serving& serving, const Call& call, const Command& command) {
  return run_command(options_of(serving, call), command).value;
}

Json reported(const Serving& serving, const Json& question) {
  Session session(serving.options, Session::Use::look);
  return session.bridge().report(question);
}

std::optional<Page> problem_page(const Access& access, const Request& request, std::uint32_t status,
                                 const std::string& text) {
  if (header(request, "accept").find("text/html") == std::string::npos) return std::nullopt;
  const char* title = status == 404   ? "Not here"
                      : status == 403 ? "Log in first"
                      : status >= 500 ? "Something went wrong"
                                      : "That did not work";
  const Json model = {{"title", title},
                      {"text", text},
                      {"is_login_missing", status == 403},
                      {"is_fault", status == 500},
                      {"here", escaped_for_url(place_of(request))}};
  return in_frame(access, request, {title, "", 0, status}, rendered("problem", model));
}

std::string escaped_for_url(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string tool_url(const std::string& tool) {
  const auto slash = tool.find('/');
  if (slash == std::string::npos) return "/tools/" + escaped_for_url(tool);
  return fmt::format("/tools/{}/{}", escaped_for_url(tool.substr(0, slash)), escaped_for_url(tool.substr(slash + 1)));
}

}  // namespace host
