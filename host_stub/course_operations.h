// What a restore, a copy or a deletion does to the small LMS, and which events tools must hear because of it
// (proxy-tool-protocol §4). Each is one transaction that ends with the operation stored; nothing is captured here.
#pragma once

#include <string>
#include <vector>

#include "lms.h"

namespace host {

/// A link of a course package, with the tool that it belongs to already found.
struct RestoredLink {
  Locator tool;
  std::string title;
  Pairs settings;  ///< content scope
};

struct Restore {
  std::string course_id;  ///< empty: a new one
  std::string title;
  std::string backup_id;
  std::vector<RestoredLink> links;
};

/// Throws Refusal where the text is not [A-Za-z0-9_.-]{1,64}.
void check_id(std::string_view id);
Course need_course(Lms& lms, std::string_view id);
Item need_item(Lms& lms, std::string_view id);

void create_course(Lms& lms, const std::string& id);

/// One course-imported a tool, then one content-imported a link, all in the new course. `restore.course_id` is filled.
Operation restore_course(Lms& lms, Restore& restore);

/// One course-copied a tool, then one content-copied an item.
Operation copy_course(Lms& lms, const std::string& from, const std::string& to, bool exact);

/// One course-deleted a tool.
Operation delete_course(Lms& lms, const std::string& id);

struct ContentCopy {
  Operation operation;
  std::string item_id;               ///< of the copy; of the item itself where it has only been moved
  bool moved_inside_course = false;  ///< no event
};

/// content-copied; with `remove`, and into another course, then content-deleted. A move inside one course keeps the id
/// and gives nothing.
ContentCopy copy_content(Lms& lms, const std::string& item_id, const std::string& to_course, bool remove);

}  // namespace host
