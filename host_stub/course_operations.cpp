// See course_operations.h.
#include "course_operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "fault_switches.h"
#include "refusal.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostEvents = 100'000;  // one capture call takes them
constexpr std::size_t kMostNameBytes = 200;

Pairs context_of(const Course& course, const std::string& user_id) {
  Pairs context = {{"returnurl", "/courses/" + course.id}, {"course_label", course.id}, {"course_title", course.title}};
  if (!user_id.empty()) context.emplace_back("user_id", user_id);
  return context;
}

/// Events of an item go to its content handler.
Pairs context_of(const Course& course, const Item& item, const std::string& user_id) {
  auto context = context_of(course, user_id);
  if (!item.handle.empty()) context.emplace_back("content_handle", item.handle);
  return context;
}

/// The tools of the items, each once, in the order in which they first come.
template <typename Items>
std::vector<Locator> tools_of(const Items& items) {
  std::vector<Locator> tools;
  for (const auto& item : items)
    if (std::find(tools.begin(), tools.end(), item.tool) == tools.end()) tools.push_back(item.tool);
  return tools;
}

Operation begin_operation(std::string title, std::int64_t not_before_ms = 0) {
  return {0, std::move(title), now_ms(), {}, not_before_ms};
}

/// Stores the operation in the transaction that has changed the LMS, and ends that.
void commit(Lms& lms, Transaction& transaction, Operation& operation) {
  if (operation.events.empty()) {
    lms.forget_orphaned_settings();
    transaction.commit();
    return;
  }
  if (operation.events.size() > kMostEvents)
    refuse("{} would give {} events, at most {} can be captured at once: nothing was done; split it", operation.title,
           operation.events.size(), kMostEvents);
  lms.add_operation(operation);
  pass_point("host.operation.before_commit");
  transaction.commit();
  pass_point("host.operation.after_commit");
  tell_witness({fmt::format("operation {}", operation.id)});
}

Item copy_item(Lms& lms, const Item& item, const std::string& to_course) {
  Item copy = item;
  copy.id = lms.new_id();
  copy.course_id = to_course;
  // The tool has not named the copy yet.
  copy.external_id.clear();
  lms.add_item(copy);
  lms.copy_settings("content", item.id, copy.id);
  return copy;
}

LmsEvent content_copied(const Item& from, const Item& to, const Course& to_course, const char* type,
                        const std::string& user_id) {
  LmsEvent event{to.tool, "content-copied", to.course_id, to.id, {}, context_of(to_course, to, user_id)};
  event.arguments = {{"type", type},
                     {"oldId", from.id},
                     {"newId", to.id},
                     {"oldCourseId", from.course_id},
                     {"newCourseId", to.course_id},
                     {"external_content_id", from.external_id}};
  return event;
}

}  // namespace

void check_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (id.empty() || id.size() > 64 || !std::all_of(id.begin(), id.end(), allowed))
    wrong_usage("\"{}\" cannot be an id: use 1 to 64 of A-Z a-z 0-9 _ . -", id.substr(0, 80));
}

Course need_course(Lms& lms, std::string_view id) {
  if (auto course = lms.course(id)) return *course;
  not_found("there is no course {}: `ptb-host course list` shows them", id.substr(0, 80));
}

Item need_item(Lms& lms, std::string_view id) {
  if (auto item = lms.item(id)) return *item;
  not_found("there is no content item {}: `ptb-host content list COURSE` shows them", id.substr(0, 80));
}

namespace {

void need_unused(Lms& lms, const std::string& id) {
  check_id(id);
  if (lms.course(id)) refuse("there is a course {} already: choose another id, or delete it first", id);
}

}  // namespace

void create_course(Lms& lms, const std::string& id) {
  Transaction transaction(lms.database());
  need_unused(lms, id);
  lms.add_course({id, id});
  transaction.commit();
}

Group create_group(Lms& lms, const std::string& course_id, const std::string& name) {
  const bool plain =
      std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (name.empty() || name.size() > kMostNameBytes || !plain || !is_utf8(name))
    wrong_usage("a group's name is 1 to {} bytes of UTF-8 without control characters", kMostNameBytes);
  Transaction transaction(lms.database());
  need_course(lms, course_id);
  for (const auto& group : lms.groups(course_id))
    if (group.name == name) refuse("course {} has a group \"{}\" already: choose another name", course_id, name);
  Group group{lms.new_id(), course_id, name};
  lms.add_group(group);
  transaction.commit();
  return group;
}

Operation restore_course(Lms& lms, Restore& restore) {
  Transaction transaction(lms.database());
  if (restore.course_id.empty())
    restore.course_id = lms.new_id();
  else
    need_unused(lms, restore.course_id);
  const Course course{restore.course_id, restore.title.empty() ? restore.course_id : restore.title};
  lms.add_course(course);
  auto operation = begin_operation(fmt::format("restore of course {}", course.id), restore.not_before_ms);
  const auto tools = tools_of(restore.links);
  const auto context = context_of(course, restore.user_id);
  for (const auto& tool : tools) {
    LmsEvent event{tool, "course-imported", course.id, "", {}, context};
    event.arguments = {{"type", "shallow"}, {"course_id", course.id}, {"backup_id", restore.backup_id}};
    operation.events.push_back(std::move(event));
  }
  for (const auto& [old_id, name] : restore.groups) {
    const Group group{lms.new_id(), course.id, name};
    lms.add_group(group);
    for (const auto& tool : tools) {
      LmsEvent event{tool, "group-imported", course.id, "", {}, context};
      event.arguments = {{"type", "shallow"},
                         {"course_id", course.id},
                         {"backup_id", restore.backup_id},
                         {"old_group_id", old_id},
                         {"new_group_id", group.id}};
      operation.events.push_back(std::move(event));
    }
  }
  for (const auto& link : restore.links) {
    const Item item{lms.new_id(), course.id, link.tool, link.title, "", link.handle, link.launch_url};
    lms.add_item(item);
    for (const auto& [key, value] : link.settings) lms.set_setting(link.tool, {"content", item.id, key, value});
    LmsEvent event{link.tool, "content-imported", course.id, item.id, {}, context_of(course, item, restore.user_id)};
    event.arguments = {
        {"content_id", item.id}, {"course_id", course.id}, {"backup_id", restore.backup_id}, {"type", "shallow"}};
    operation.events.push_back(std::move(event));
  }
  commit(lms, transaction, operation);
  return operation;
}

Operation copy_course(Lms& lms, const std::string& from, const std::string& to, bool exact, const CopyTerms& terms) {
  Transaction transaction(lms.database());
  const auto source = need_course(lms, from);
  need_unused(lms, to);
  const Course course{to, source.title};
  lms.add_course(course);
  lms.copy_settings("course", from, to);
  const char* type = exact ? "exact" : "shallow";
  const auto items = lms.items(from);
  const auto tools = tools_of(items);
  const auto context = context_of(course, terms.user_id);
  auto operation = begin_operation(fmt::format("copy of course {} to {}", from, to), terms.not_before_ms);
  for (const auto& tool : tools) {
    LmsEvent event{tool, "course-copied", course.id, "", {}, context};
    event.arguments = {{"type", type}, {"oldCourseId", from}, {"newCourseId", to}};
    operation.events.push_back(std::move(event));
  }
  for (const auto& group : lms.groups(from)) {
    const Group copy{lms.new_id(), to, group.name};
    lms.add_group(copy);
    for (const auto& tool : tools) {
      LmsEvent event{tool, "group-copied", course.id, "", {}, context};
      event.arguments = {
          {"type", type}, {"oldCourseId", from}, {"newCourseId", to}, {"oldId", group.id}, {"newId", copy.id}};
      operation.events.push_back(std::move(event));
    }
  }
  for (const auto& item : items)
    operation.events.push_back(content_copied(item, copy_item(lms, item, to), course, type, terms.user_id));
  commit(lms, transaction, operation);
  return operation;
}

Operation export_course(Lms& lms, const std::string& id, const std::string& backup_id) {
  Transaction transaction(lms.database());
  const auto course = need_course(lms, id);
  const auto items = lms.items(id);
  const auto tools = tools_of(items);
  const auto context = context_of(course, "");
  auto operation = begin_operation(fmt::format("export of course {}", id));
  const Pairs arguments = {{"type", "shallow"}, {"course_id", id}, {"backup_id", backup_id}};
  for (const auto& tool : tools) operation.events.push_back({tool, "course-exported", id, "", arguments, context});
  for (const auto& group : lms.groups(id))
    for (const auto& tool : tools) {
      operation.events.push_back({tool, "group-exported", id, "", arguments, context});
      operation.events.back().arguments.emplace_back("group_id", group.id);
    }
  for (const auto& item : items) {
    LmsEvent event{item.tool, "content-exported", id, item.id, {}, context_of(course, item, "")};
    event.arguments = {{"content_id", item.id}, {"course_id", id}, {"backup_id", backup_id}, {"type", "shallow"}};
    operation.events.push_back(std::move(event));
  }
  commit(lms, transaction, operation);
  return operation;
}

Operation delete_course(Lms& lms, const std::string& id) {
  Transaction transaction(lms.database());
  const auto course = need_course(lms, id);
  auto operation = begin_operation(fmt::format("deletion of course {}", id));
  for (const auto& tool : tools_of(lms.items(id)))
    operation.events.push_back({tool, "course-deleted", id, "", {{"course_id", id}}, context_of(course, "")});
  lms.remove_course(id);
  commit(lms, transaction, operation);
  return operation;
}

ContentCopy copy_content(Lms& lms, const std::string& item_id, const std::string& to_course, bool remove,
                         const CopyTerms& terms) {
  Transaction transaction(lms.database());
  const auto item = need_item(lms, item_id);
  const auto target = need_course(lms, to_course);
  if (remove && item.course_id == target.id) return {{}, item.id, true};
  ContentCopy done;
  done.operation = begin_operation(
      fmt::format("{} of content {} to course {}", remove ? "move" : "copy", item.id, target.id), terms.not_before_ms);
  const auto copy = copy_item(lms, item, target.id);
  done.item_id = copy.id;
  done.operation.events.push_back(content_copied(item, copy, target, "shallow", terms.user_id));
  if (remove) {
    const auto source = need_course(lms, item.course_id);
    LmsEvent event{item.tool, "content-deleted", item.course_id, item.id, {}, context_of(source, item, terms.user_id)};
    event.arguments = {
        {"content_id", item.id}, {"course_id", item.course_id}, {"external_content_id", item.external_id}};
    done.operation.events.push_back(std::move(event));
    lms.remove_item(item.id);
  }
  commit(lms, transaction, done.operation);
  return done;
}

}  // namespace host
