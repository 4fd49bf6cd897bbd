// See pages.h. Logging in and out, what all pages load, and pages for what went wrong.
#include <fmt/format.h>

#include "output.h"
#include "pages/pages_texts.h"
#include "serve/answers.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "web/page_frame.h"

namespace host {

namespace {

/// A page of this server; anything else is where somebody's link wanted a login to lead.
std::string own_place(const std::string& to) {
  const bool is_ours =
      to.starts_with('/') && to.find('\\') == std::string::npos && !to.starts_with("//") && cut(to, 2000) == to;
  return is_ours ? to : "/";
}

bool is_secure(const Serving& serving) { return serving.name.starts_with("https:"); }

Page welcome(const Serving& serving, const std::string& to) {
  auto page = see_other(to);
  page.headers.emplace_back("Set-Cookie", serving.access.cookie(is_secure(serving)));
  page.headers.emplace_back("Referrer-Policy", "no-referrer");
  page.headers.emplace_back("Cache-Control", "no-store");
  return page;
}

Page login_form(const Serving& serving, const Call& call, const std::string& problem) {
  PageHead head{"Log in", ""};
  if (!problem.empty()) head.status = 403;
  return html_page(serving, call, head, "login",
                   {{"to", own_place(call.value("to"))},
                    {"problem", problem},
                    {"is_logged_in", serving.access.is_logged_in(call.request)}});
}

/// With the token in the address (as the server prints it) or in the form.
Page login(const Serving& serving, const Call& call) {
  auto token = call.value("token");
  if (token.empty() && call.request.method == "GET") return login_form(serving, call, "");
  while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
  if (serving.access.is_token(token)) return welcome(serving, own_place(call.value("to")));
  return login_form(serving, call,
                    "That is not the token of this server. Copy it whole from the file \"token\" in the state "
                    "directory, or open the address that ptb-host serve printed.");
}

Page logout() {
  auto page = see_other("/");
  page.headers.emplace_back("Set-Cookie",
                            fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kCookieName));
  return page;
}

}  // namespace

void add_base_pages(Router& router, Serving& serving) {
  router.show_problems_by([&serving](const Request& request, std::uint32_t status, const std::string& text) {
    return problem_page(serving.access, request, status, text);
  });
  router.get("/login", [&serving](const Call& call) { return login(serving, call); });
  router.open("POST", "/login", [&serving](const Call& call) { return login(serving, call); });
  router.change("POST", "/logout", [](const Call&) { return logout(); });
  router.get("/style.css", [](const Call&) { return asset_page("text/css; charset=utf-8", style_css()); });
  router.get("/live.js",
             [](const Call&) { return asset_page("text/javascript; charset=utf-8", page_text("live.js")); });
}

}  // namespace host
