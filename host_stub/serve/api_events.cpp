// See api.h. Events: which there are, why they wait, what a person orders, and carrying them elsewhere.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"

namespace host {

namespace {

constexpr std::uint64_t kMostPage = 1000;
constexpr std::uint64_t kUsualPage = 100;
constexpr std::array<const char*, 5> kStates = {"pending", "delivered", "refused", "parked", "discarded"};

std::uint64_t limit_of(const Call& call) {
  const auto text = call.value("limit");
  if (text.empty()) return kUsualPage;
  if (text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos || std::stoull(text) < 1)
    wrong_usage("limit is a number from 1 to {}", kMostPage);
  return std::min<std::uint64_t>(std::stoull(text), kMostPage);
}

/// The audit trail's cursor is a number.
std::uint64_t number_after(const std::string& text) {
  if (text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    wrong_usage("after is the number that the page before gave as \"next\"");
  return std::stoull(text);
}

/// A question of which the answer has pages: tool, state, after and limit as the query has them.
Json paged(const char* report, const Call& call) {
  Json question = {{"report", report}, {"limit", limit_of(call)}};
  if (const auto tool = call.value("tool"); !tool.empty()) question["tool"] = to_text(locator_from(tool));
  if (const auto state = call.value("state"); !state.empty()) {
    if (std::find(kStates.begin(), kStates.end(), state) == kStates.end())
      wrong_usage("state is one of {}", fmt::join(kStates, ", "));
    question["state"] = state;
  }
  if (const auto after = call.value("after"); !after.empty()) question["after"] = after;
  return question;
}

Page order(const Serving& serving, const Call& call, const std::string& what) {
  const auto id = call.path.at(0);
  const auto reason = text_in(object_in(call), "reason");
  const Command command = [=](const GlobalOptions& options) {
    return what == "discard" ? events_discard(options, id, reason) : events_order(options, what, id, reason);
  };
  // These send, and so may take as long as the tool does.
  const bool sends = what == "retry" || what == "unpark";
  return sends ? job_page(serving, call, what, "", command) : command_page(serving, call, command);
}

Page take_in(const Serving& serving, const Call& call) {
  const auto object = object_in(call);
  if (!object.contains("events") || !object.at("events").is_array() || object.at("events").size() > kMostPage)
    wrong_usage("the body wants \"events\": at most {} of what /api/events-export gives", kMostPage);
  Session session(options_of(serving, call), Session::Use::note);
  return json_answer(200, session.order({{"do", "import"}, {"events", object.at("events")}}));
}

}  // namespace

void add_event_api(Router& router, Serving& serving) {
  router.get("/api/events", [&serving](const Call& call) { return report_page(serving, paged("events", call)); });
  router.get("/api/events/{id}", [&serving](const Call& call) {
    return report_page(serving, {{"report", "event"}, {"id", call.path.at(0)}});
  });
  router.get("/api/events/{id}/explain", [&serving](const Call& call) {
    return report_page(serving, {{"report", "explain"}, {"id", call.path.at(0)}});
  });
  for (const char* what : {"retry", "park", "unpark", "discard"})
    router.change("POST", fmt::format("/api/events/{{id}}/{}", what),
                  [&serving, what = std::string(what)](const Call& call) { return order(serving, call, what); });
  router.get("/api/events-export",
             [&serving](const Call& call) { return report_page(serving, paged("export", call)); });
  router.change("POST", "/api/events-import", [&serving](const Call& call) { return take_in(serving, call); });
  router.get("/api/audit", [&serving](const Call& call) {
    auto question = paged("audit", call);
    if (const auto after = call.value("after"); !after.empty()) question["after"] = number_after(after);
    return report_page(serving, question);
  });
}

}  // namespace host
