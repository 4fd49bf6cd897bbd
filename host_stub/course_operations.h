// What a restore, a copy, an export or a deletion does to the small LMS, and which events tools must hear because of it
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
  std::string handle = {};
  std::string launch_url = {};
};

/// A group of a course package: its id there, and its name.
struct RestoredGroup {
  std::string old_id;
  std::string name;
};

struct Restore {
  std::string course_id;  ///< empty: a new one
  std::string title;
  std::string backup_id;
  std::vector<RestoredLink> links;
  std::vector<RestoredGroup> groups = {};
  std::string user_id = {};        ///< who does it, where that is known; frozen with each event, and never sent
  std::int64_t not_before_ms = 0;  ///< tools hear of it no earlier; 0: at once
};

/// What a person can say of a copy beside what is copied.
struct CopyTerms {
  std::string user_id = {};
  std::int64_t not_before_ms = 0;
};

/// Throws Refusal where the text is not [A-Za-z0-9_.-]{1,64}.
void check_id(std::string_view id);
Course need_course(Lms& lms, std::string_view id);
Item need_item(Lms& lms, std::string_view id);

void create_course(Lms& lms, const std::string& id);
/// No tool hears of it.
Group create_group(Lms& lms, const std::string& course_id, const std::string& name);

// A course's tools are those that have an item in it. Each hears of the course, then of each group, then of its items.

/// course-imported, group-imported, content-imported. `restore.course_id` is filled.
Operation restore_course(Lms& lms, Restore& restore);

/// course-copied, group-copied, content-copied.
Operation copy_course(Lms& lms, const std::string& from, const std::string& to, bool exact,
                      const CopyTerms& terms = {});

/// course-exported, group-exported, content-exported: the package `backup_id` has been written. Changes nothing else.
Operation export_course(Lms& lms, const std::string& id, const std::string& backup_id);

/// One course-deleted a tool.
Operation delete_course(Lms& lms, const std::string& id);

struct ContentCopy {
  Operation operation;
  std::string item_id;               ///< of the copy; of the item itself where it has only been moved
  bool moved_inside_course = false;  ///< no event
};

/// content-copied; with `remove`, and into another course, then content-deleted. A move inside one course keeps the id
/// and gives nothing.
ContentCopy copy_content(Lms& lms, const std::string& item_id, const std::string& to_course, bool remove,
                         const CopyTerms& terms = {});

}  // namespace host
