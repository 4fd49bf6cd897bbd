// From a course package to what `restore_course` takes: the tool of each link (tool_finder.h), and settings made of its
// custom properties. With that the only file that knows both packages and tools.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "course_operations.h"
#include "package/cartridge.h"
#include "session.h"

namespace host {

struct CourseRestore {
  std::string package;
  std::string course_id;          ///< empty: a new one
  std::vector<std::string> maps;  ///< KEY=VENDOR/PROGRAM, see tool_finder.h
  std::string user_id;            ///< who restores it; may be empty
  std::int64_t not_before_ms = 0;
};

struct RestoredPackage {
  std::string course_id;
  std::string title;
  std::string backup_id;
  std::string format;                                   ///< such as "Moodle backup"
  std::map<std::string, std::uint64_t> not_taken_over;  ///< how many there are of each other type of content
  std::size_t links = 0;
  std::size_t groups = 0;
  std::uint64_t skipped_links = 0;    ///< without a launch URL
  std::vector<std::string> warnings;  ///< one line each: what was left out, and why
  Operation operation;                ///< committed, to be captured
};

/// Names a package, and so the backup that a tool's data came from: the same bytes give the same text.
std::string fingerprint(const std::string& path);

/// Reads the package and restores it as a new course of the small LMS. Throws Refusal with nothing done.
RestoredPackage restore_package(Session& session, const CourseRestore& restore);

}  // namespace host
