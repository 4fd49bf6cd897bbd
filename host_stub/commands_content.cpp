// Commands about content items and groups, and the one that forgets a course or a person.
#include <fmt/format.h>

#include "commands.h"
#include "course_operations.h"
#include "output.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostExternalIdBytes = 1000;

}  // namespace

int content_copy(const GlobalOptions& global, const std::string& item, const std::string& to_course, bool remove,
                 const CopyTerms& terms) {
  if (!terms.user_id.empty()) check_id(terms.user_id);
  Session session(global, Session::Use::act);
  const auto done = copy_content(session.lms(), item, to_course, remove, terms);
  const auto report = session.capture(done.operation);
  const auto headline = done.moved_inside_course
                            ? fmt::format("content {} moved inside course {}: it keeps its id", item, to_course)
                            : fmt::format("content {} {} course {} as {}", item, remove ? "moved to" : "copied to",
                                          to_course, done.item_id);
  show_operation(global, {{"content_id", done.item_id}, {"course_id", to_course}, {"copied_from", item}}, headline,
                 done.operation, report);
  return kExitDone;
}

int content_known(const GlobalOptions& global, const std::string& id, const std::string& external_id) {
  if (external_id.empty() || external_id.size() > kMostExternalIdBytes || !is_utf8(external_id))
    wrong_usage("the tool's own id of an item is 1 to {} bytes of UTF-8", kMostExternalIdBytes);
  Session session(global, Session::Use::act);
  const auto item = need_item(session.lms(), id);
  session.lms().set_external_id(item.id, external_id);
  session.bridge().value_known(item.tool, {"content", item.id, "", external_id});
  if (global.json)
    print_json({{"content_id", item.id}, {"tool", to_text(item.tool)}, {"external_content_id", external_id}});
  else
    print_line(fmt::format("{} calls content {} \"{}\"", to_text(item.tool), item.id, cut(external_id, 100)));
  print_next(global.json, fmt::format("what was delayed until then goes out: `ptb-host events list {} --state pending` "
                                      "shows the rest",
                                      to_text(item.tool)));
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
  print_next(global.json, fmt::format("`ptb-host course copy {} NEW` tells tools of it", course));
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
  const auto answer = session.order(order);
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
  print_next(global.json, "`ptb-host audit` keeps who ordered it");
  return kExitDone;
}

}  // namespace host
