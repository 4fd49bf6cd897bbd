// See event_arguments.h.
#include "check/event_arguments.h"

#include <fmt/format.h>

#include "lms.h"

namespace host {

namespace {

/// "_123456_1", as ids of the LMS look. Below a million, where an id that nobody can know is above.
std::string random_id() {
  const auto number = std::stoul(random_hex(4), nullptr, 16) % 899'000 + 1000;
  return fmt::format("_{}_1", number);
}

}  // namespace

const std::vector<std::string>& event_kinds() {
  static const std::vector<std::string> kinds = {
      "course-copied",   "course-imported", "group-copied",   "group-imported",   "content-copied", "content-imported",
      "content-deleted", "course-exported", "group-exported", "content-exported", "course-deleted"};
  return kinds;
}

Params arguments_of(const std::string& type) {
  const auto course = random_id();
  const auto item = random_id();
  const auto backup = "backup-" + random_hex(4);
  static const std::string kExact = "exact";
  if (type == "course-copied") return {{"type", kExact}, {"oldCourseId", random_id()}, {"newCourseId", course}};
  if (type == "course-imported" || type == "course-exported")
    return {{"type", kExact}, {"course_id", course}, {"backup_id", backup}};
  if (type == "group-copied")
    return {{"type", kExact},
            {"oldCourseId", random_id()},
            {"newCourseId", course},
            {"oldId", random_id()},
            {"newId", item}};
  if (type == "group-imported")
    return {{"type", kExact},
            {"course_id", course},
            {"backup_id", backup},
            {"old_group_id", random_id()},
            {"new_group_id", item}};
  if (type == "group-exported")
    return {{"type", kExact}, {"course_id", course}, {"backup_id", backup}, {"group_id", item}};
  if (type == "content-copied")
    return {{"type", kExact},        {"oldId", random_id()},
            {"newId", item},         {"oldCourseId", random_id()},
            {"newCourseId", course}, {"external_content_id", "external-" + random_hex(4)}};
  if (type == "content-imported" || type == "content-exported")
    return {{"content_id", item}, {"course_id", course}, {"backup_id", backup}, {"type", kExact}};
  if (type == "content-deleted")
    return {{"content_id", item}, {"course_id", course}, {"external_content_id", "external-" + random_hex(4)}};
  if (type == "course-deleted") return {{"course_id", course}};
  if (type == "state-change") return {{"state", "available"}};
  if (type == "reregister")
    return {{"regpass", "not-the-password"}, {"tcprofileurl", "https://lms.invalid/webapps/ws/wsadmin/tcprofile"}};
  return {};
}

}  // namespace host
