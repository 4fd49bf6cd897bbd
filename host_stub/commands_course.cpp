// Commands about courses, groups and content: each changes the small LMS, captures what came of it, and shows that.
#include <fmt/format.h>

#include <map>

#include "commands.h"
#include "course_operations.h"
#include "output.h"

namespace host {

namespace {

constexpr std::size_t kMostWarningsShown = 6;

void show_warnings(const std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < std::min(warnings.size(), kMostWarningsShown); ++i)
    fmt::print(stderr, "ptb-host: warning: {}\n", cut(warnings[i], 400));
  if (warnings.size() > kMostWarningsShown)
    fmt::print(stderr, "ptb-host: warning: and {} more; --json lists them\n", warnings.size() - kMostWarningsShown);
}

}  // namespace

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
}

int course_create(const GlobalOptions& global, const std::string& id) {
  check_id(id);
  Session session(global, Session::Use::lms);
  create_course(session.lms(), id);
  if (global.json)
    print_json({{"course_id", id}});
  else
    print_line(fmt::format("course {} created", id));
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
  show_operation(global,
                 {{"course_id", done.course_id},
                  {"title", done.title},
                  {"backup_id", done.backup_id},
                  {"links", done.links},
                  {"groups", done.groups},
                  {"skipped_links", done.skipped_links},
                  {"warnings", done.warnings}},
                 fmt::format("course {}{} restored: {} {}{}{}", done.course_id,
                             done.title.empty() ? "" : fmt::format(" \"{}\"", cut(done.title, 80)),
                             with_commas(done.links), done.links == 1 ? "link" : "links", groups, skipped),
                 done.operation, report);
  return kExitDone;
}

int course_copy(const GlobalOptions& global, const std::string& from, const std::string& to, bool exact,
                const std::string& user_id) {
  check_id(to);
  if (!user_id.empty()) check_id(user_id);
  Session session(global, Session::Use::act);
  const auto operation = copy_course(session.lms(), from, to, exact, user_id);
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

int content_copy(const GlobalOptions& global, const std::string& item, const std::string& to_course, bool remove,
                 const std::string& user_id) {
  if (!user_id.empty()) check_id(user_id);
  Session session(global, Session::Use::act);
  const auto done = copy_content(session.lms(), item, to_course, remove, user_id);
  const auto report = session.capture(done.operation);
  const auto headline = done.moved_inside_course
                            ? fmt::format("content {} moved inside course {}: it keeps its id", item, to_course)
                            : fmt::format("content {} {} course {} as {}", item, remove ? "moved to" : "copied to",
                                          to_course, done.item_id);
  show_operation(global, {{"content_id", done.item_id}, {"course_id", to_course}, {"copied_from", item}}, headline,
                 done.operation, report);
  return kExitDone;
}

int content_list(const GlobalOptions& global, const std::string& course) {
  Session session(global, Session::Use::lms);
  need_course(session.lms(), course);
  JsonList json;
  Table table({"item", "tool", "handle", "title"});
  for (const auto& item : session.lms().items(course)) {
    if (global.json)
      json.add({{"content_id", item.id},
                {"course_id", item.course_id},
                {"tool", to_text(item.tool)},
                {"content_handle", item.handle},
                {"title", item.title},
                {"external_content_id", item.external_id}});
    else
      table.add({item.id, to_text(item.tool), cut(item.handle, 80), cut(item.title, 80)});
  }
  if (global.json)
    json.end();
  else if (table.empty())
    print_line(fmt::format("course {} has no content", course));
  table.print();
  return kExitDone;
}

int group_create(const GlobalOptions& global, const std::string& course, const std::string& name) {
  Session session(global, Session::Use::lms);
  const auto group = create_group(session.lms(), course, name);
  if (global.json)
    print_json({{"group_id", group.id}, {"course_id", course}, {"name", name}});
  else
    print_line(fmt::format("group {} \"{}\" created in course {}", group.id, name, course));
  return kExitDone;
}

int group_list(const GlobalOptions& global, const std::string& course) {
  Session session(global, Session::Use::lms);
  need_course(session.lms(), course);
  JsonList json;
  Table table({"group", "name"});
  for (const auto& group : session.lms().groups(course)) {
    if (global.json)
      json.add({{"group_id", group.id}, {"course_id", course}, {"name", group.name}});
    else
      table.add({group.id, cut(group.name, 200)});
  }
  if (global.json)
    json.end();
  else if (table.empty())
    print_line(fmt::format("course {} has no groups", course));
  table.print();
  return kExitDone;
}

int forget(const GlobalOptions& global, const std::string& course, const std::string& user) {
  if (course.empty() == user.empty()) wrong_usage("forget wants one of --course ID and --user ID");
  check_id(course.empty() ? user : course);
  Session session(global, Session::Use::act);
  const auto order =
      course.empty() ? Json{{"do", "forget"}, {"user", user}} : Json{{"do", "forget"}, {"course", course}};
  const auto answer = session.bridge().administer(order);
  const auto removed = session.lms().forget(course, user);
  const auto forgotten = answer.value("forgotten", std::uint64_t{0});
  const auto discarded = answer.value("discarded", std::uint64_t{0});
  const auto whom = course.empty() ? "user " + user : "course " + course;
  if (global.json)
    print_json({{course.empty() ? "user" : "course", course.empty() ? user : course},
                {"forgotten", forgotten},
                {"discarded", discarded},
                {"removed_here", removed}});
  else
    print_line(
        fmt::format("{}: the bridge has forgotten what {} {} said, {} of which still waited and will not be sent", whom,
                    with_commas(forgotten), forgotten == 1 ? "event" : "events", with_commas(discarded)));
  return kExitDone;
}

}  // namespace host
