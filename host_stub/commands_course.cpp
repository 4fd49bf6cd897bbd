// Commands about courses: each changes the small LMS, captures what came of it, and shows that.
#include <fmt/format.h>

#include <map>

#include "commands.h"
#include "course_operations.h"
#include "output.h"
#include "package/content_types.h"
#include "text/rfc3339.h"

namespace host {

namespace {

constexpr std::size_t kMostWarningsShown = 6;
constexpr std::size_t kMostTypesShown = 8;

Json types_json(const std::map<std::string, std::uint64_t>& types) {
  auto list = Json::array();
  for (const auto& [type, count] : types)
    list.push_back({{"type", type}, {"name", content_name(type, count)}, {"count", count}});
  return list;
}

void show_warnings(const std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < std::min(warnings.size(), kMostWarningsShown); ++i)
    print_aside("warning: " + cut(warnings[i], 400));
  if (warnings.size() > kMostWarningsShown)
    print_aside(fmt::format("warning: and {} more; --json lists them", warnings.size() - kMostWarningsShown));
}

/// What a person would want next: of the first event that waits, else of the first that was refused.
std::string next_of(const Operation& operation, const CaptureReport& report) {
  const EventFate* refused = nullptr;
  for (const auto& fate : report.fates) {
    if (fate.state == "pending")
      return fmt::format("`ptb-host events explain {}` says why it waits", fate.answer.event_id);
    if (fate.state == "refused" && refused == nullptr) refused = &fate;
  }
  if (refused != nullptr)
    return fmt::format("`ptb-host events show {}` shows the tool's answer, `ptb-host events retry {}` sends it again",
                       refused->answer.event_id, refused->answer.event_id);
  if (operation.events.empty()) return "`ptb-host course list`; tools that are added later hear of what comes then";
  return fmt::format("`ptb-host events list {}` keeps what was sent", to_text(operation.events.front().tool));
}

}  // namespace

std::int64_t moment_option(const char* option, const std::string& text) {
  if (const auto moment = moment_from(text)) return *moment;
  wrong_usage("{} {}: write a time such as 2026-11-23T08:00:00Z", option, cut(text, 60));
}

std::string fate_text(const EventFate& fate) {
  return fate.deferral.empty() ? fate.state : fmt::format("{}, {}", fate.state, fate.deferral);
}

Json fate_json(const LmsEvent& event, const EventFate& fate) {
  constexpr std::array<const char*, 4> kAnswers = {"", "new", "duplicate", "ignored"};
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  Json arguments = Json::object();
  for (const auto& [name, value] : event.arguments) arguments[name] = value;
  return {{"id", or_null(fate.answer.event_id)},
          {"kind", event.kind},
          {"tool", to_text(event.tool)},
          {"answer", kAnswers.at(static_cast<std::size_t>(fate.answer.answer))},
          {"sequence", fate.answer.sequence},
          {"state", fate.state},
          {"deferral", or_null(fate.deferral)},
          {"course_id", event.course_id},
          {"content_id", or_null(event.content_id)},
          {"arguments", arguments},
          {"text", or_null(fate.text)}};
}

void show_operation(const GlobalOptions& global, Json about, const std::string& headline, const Operation& operation,
                    const CaptureReport& report) {
  if (global.json) {
    about["operation"] = operation.events.empty() ? Json() : Json(std::to_string(operation.id));
    auto events = Json::array();
    for (std::size_t i = 0; i < report.fates.size(); ++i)
      events.push_back(fate_json(operation.events[i], report.fates[i]));
    about["events"] = std::move(events);
    print_json(about);
    return;
  }
  print_line(headline);
  struct Alike {
    std::uint64_t count = 0;
    std::string text;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Alike> groups;
  std::vector<std::tuple<std::string, std::string, std::string>> order;
  for (std::size_t i = 0; i < report.fates.size(); ++i) {
    const auto& event = operation.events[i];
    const auto& fate = report.fates[i];
    const auto key = std::make_tuple(to_text(event.tool), event.kind, fate_text(fate));
    auto& group = groups[key];
    if (group.count++ == 0) order.push_back(key);
    if (group.text.empty()) group.text = fate.text;
  }
  Table table({"tool", "event", ">count", "became", ""});
  for (const auto& key : order) {
    const auto& [tool, kind, became] = key;
    table.add({tool, kind, with_commas(groups[key].count), became, cut(groups[key].text, 100)});
  }
  if (table.empty()) print_line("no tool has to hear of it");
  table.print();
  print_next(false, next_of(operation, report));
}

int course_create(const GlobalOptions& global, const std::string& id) {
  check_id(id);
  Session session(global, Session::Use::lms);
  create_course(session.lms(), id);
  if (global.json)
    print_json({{"course_id", id}});
  else
    print_line(fmt::format("course {} created", id));
  print_next(global.json,
             fmt::format("`ptb-host content copy ITEM --to {}`, or `ptb-host course restore PACKAGE` for one "
                         "with content",
                         id));
  return kExitDone;
}

int course_restore(const GlobalOptions& global, const CourseRestore& restore) {
  if (!restore.user_id.empty()) check_id(restore.user_id);
  Session session(global, Session::Use::act);
  const auto done = restore_package(session, restore);
  show_warnings(done.warnings);
  const auto report = session.capture(done.operation);
  const auto groups =
      done.groups == 0 ? "" : fmt::format(", {} {}", done.groups, done.groups == 1 ? "group" : "groups");
  const auto skipped = done.skipped_links == 0 ? "" : fmt::format(", {} left out", done.skipped_links);
  const auto others =
      done.not_taken_over.empty() ? "" : "\nnot taken over: " + told_types(done.not_taken_over, kMostTypesShown);
  show_operation(global,
                 {{"course_id", done.course_id},
                  {"title", done.title},
                  {"backup_id", done.backup_id},
                  {"links", done.links},
                  {"groups", done.groups},
                  {"skipped_links", done.skipped_links},
                  {"format", done.format},
                  {"not_taken_over", types_json(done.not_taken_over)},
                  {"warnings", done.warnings}},
                 fmt::format("course {}{} restored: {} {}{}{}{}", done.course_id,
                             done.title.empty() ? "" : fmt::format(" \"{}\"", cut(done.title, 80)),
                             with_commas(done.links), done.links == 1 ? "link" : "links", groups, skipped, others),
                 done.operation, report);
  return kExitDone;
}

int course_copy(const GlobalOptions& global, const std::string& from, const std::string& to, bool exact,
                const CopyTerms& terms) {
  check_id(to);
  if (!terms.user_id.empty()) check_id(terms.user_id);
  Session session(global, Session::Use::act);
  const auto operation = copy_course(session.lms(), from, to, exact, terms);
  const auto report = session.capture(operation);
  const auto items = session.lms().item_count(to);
  show_operation(global, {{"course_id", to}, {"copied_from", from}, {"type", exact ? "exact" : "shallow"}},
                 fmt::format("course {} copied to {}: {} {}", from, to, items, items == 1 ? "item" : "items"),
                 operation, report);
  return kExitDone;
}

int course_delete(const GlobalOptions& global, const std::string& id) {
  Session session(global, Session::Use::act);
  const auto operation = delete_course(session.lms(), id);
  const auto report = session.capture(operation);
  show_operation(global, {{"course_id", id}, {"deleted", true}}, fmt::format("course {} deleted", id), operation,
                 report);
  return kExitDone;
}

int course_list(const GlobalOptions& global) {
  Session session(global, Session::Use::lms);
  JsonList json;
  Table table({"course", ">items", "title"});
  for (const auto& course : session.lms().courses()) {
    const auto items = session.lms().item_count(course.id);
    if (global.json)
      json.add({{"course_id", course.id}, {"title", course.title}, {"items", items}});
    else
      table.add({course.id, with_commas(static_cast<std::uint64_t>(items)), cut(course.title, 80)});
  }
  if (global.json)
    json.end();
  else if (table.empty())
    print_line("no courses: make one with `ptb-host course restore PACKAGE` or `ptb-host course create ID`");
  table.print();
  return kExitDone;
}

}  // namespace host
