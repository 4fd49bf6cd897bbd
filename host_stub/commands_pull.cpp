// Commands of whoever takes events instead of having them sent: list, take, ack, give-back, redeliver.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr int kPage = 500;

std::string in_words(const std::vector<std::string>& ids) {
  std::string words;
  for (const auto& id : ids) words += (words.empty() ? "" : " ") + id;
  return words;
}

std::vector<std::string> row_of(const Json& event) {
  return {text_of(event, "id"),          text_of(event, "sequence"),    text_of(event, "kind"),
          text_of(event, "course_id"),   text_of(event, "captured_at"), text_of(event, "deferral"),
          cut(text_of(event, "url"), 80)};
}

Table table_of_events() { return Table({"id", ">seq", "kind", "course", "captured", "waits as", "url"}); }

void need_store(const GlobalOptions& global) {
  if (!has_store(global)) refuse("nothing waits to be pulled: nothing has been captured yet");
}

}  // namespace

int pull_list(const GlobalOptions& global, const PullTerms& terms) {
  Json question = {{"report", "pull"}, {"tool", to_text(locator_from(terms.tool))}, {"limit", kPage}};
  if (!terms.url.empty()) question["url"] = terms.url;
  need_store(global);
  Session session(global, Session::Use::look);
  JsonList json;
  auto table = table_of_events();
  bool any = false;
  for (bool more = true; more;) {
    const auto page = session.bridge().report(question);
    for (const auto& event : page.at("events")) {
      any = true;
      if (global.json)
        json.add(event);
      else
        table.add(row_of(event));
    }
    table.print();
    more = page.contains("next") && !page.at("next").is_null();
    if (more) question["after"] = page.at("next");
  }
  if (global.json)
    json.end();
  else if (!any)
    print_line(fmt::format("nothing waits for {} to be pulled", terms.tool));
  return kExitDone;
}

int pull_take(const GlobalOptions& global, const PullTerms& terms) {
  const auto tool = to_text(locator_from(terms.tool));
  need_store(global);
  Session session(global, Session::Use::note);
  const auto answer =
      session.order({{"do", "pull_take"}, {"tool", tool}, {"limit", terms.limit}, {"lease_s", terms.lease_s}});
  if (global.json) {
    print_json(answer);
    return kExitDone;
  }
  const auto token = text_of(answer, "token");
  if (token.empty()) {
    print_line(fmt::format("nothing waits for {} to be pulled", tool));
    print_next(false, fmt::format("`ptb-host lanes` shows what waits otherwise"));
    return kExitDone;
  }
  print_line(fmt::format("yours until {}, with token {}", text_of(answer, "until"), token));
  auto table = table_of_events();
  for (const auto& event : answer.at("events")) table.add(row_of(event));
  table.print();
  print_next(false,
             fmt::format("`ptb-host pull ack {} ID…` for those that are done, `ptb-host pull give-back {} ID…` for "
                         "the others; `ptb-host events show ID` shows one whole",
                         token, token));
  return kExitDone;
}

int pull_end(const GlobalOptions& global, const std::string& order, const std::string& token,
             const std::vector<std::string>& ids) {
  need_store(global);
  Session session(global, Session::Use::note);
  const auto answer = session.order({{"do", order}, {"token", token}, {"ids", ids}});
  const auto& failed = answer.at("failed");
  if (global.json) {
    print_json(answer);
  } else {
    print_line(fmt::format("{} of {} {}", answer.at("done").size(), ids.size(),
                           order == "pull_ack" ? "acknowledged" : "given back"));
    for (const auto& one : failed) print_line(fmt::format("{}: {}", text_of(one, "id"), text_of(one, "error")));
    print_next(false, "`ptb-host pull list VENDOR/PROGRAM` shows what is left; what is given back can be taken again");
  }
  if (failed.empty()) return kExitDone;
  print_aside(fmt::format("{} of {} events were not held by that token", failed.size(), ids.size()));
  return kExitRefused;
}

int pull_redeliver(const GlobalOptions& global, const std::string& name, const std::vector<std::string>& ids) {
  const auto locator = locator_from(name);
  need_store(global);
  Session session(global, Session::Use::act);
  const auto tool = session.need_tool(locator);
  Json order = {{"do", "pull_redeliver"}, {"tool", to_text(locator)}};
  if (!ids.empty()) order["ids"] = ids;
  std::uint64_t handle = 0;
  session.order(order, &handle);
  const int status = show_walk(global, locator, tool.state, session.wait(handle, locator));
  print_next(global.json, ids.empty()
                              ? fmt::format("`ptb-host events list {} --state pending` shows what still waits", name)
                              : fmt::format("`ptb-host events explain {}`", in_words(ids)));
  return status;
}

}  // namespace host
