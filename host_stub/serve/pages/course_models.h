// What the pages of courses and items show, made of what commands answer. Pure: knows no requests and no bridge.
#pragma once

#include <cstdint>
#include <string>

#include "plugin.h"
#include "receive/form.h"

namespace host {

/// A form that was sent and of which nothing came: why, and what was typed, which is shown again.
struct SentForm {
  std::string which;  ///< restore, create, group, copy, known; empty: none was sent
  std::string problem;
  Params typed;
};

/// The elements from `from` on that one page shows, and where the rest is.
struct Stretch {
  std::size_t from = 0;
  std::size_t end = 0;
  Json pages;  ///< for turning.mustache; null where all fits
};
Stretch stretch_of(std::size_t count, std::size_t from, const std::string& url);

std::string course_url(const std::string& course_id);
std::string item_url(const std::string& content_id);

/// `courses` and `tools` as `course list` and `tool list` give them.
Json courses_model(const Json& courses, const Json& tools, std::size_t from, std::uint64_t max_upload_mib,
                   const SentForm& sent);

/// One course as `course list` gives it, its content and its groups.
struct CourseFacts {
  Json course;
  Json content;
  Json groups;
  Json tools;
};

Json course_model(const CourseFacts& facts, std::size_t from, const SentForm& sent);
Json course_delete_model(const CourseFacts& facts);

/// `item` as `content list` gives it, with its launch_url.
Json item_model(const Json& item, const Json& courses, const Json& tools, const SentForm& sent);

}  // namespace host
