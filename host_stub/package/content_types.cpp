#include "package/content_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "text/utf8.h"

namespace host {

namespace {

struct Name {
  std::string_view type;
  const char* one;
};

constexpr Name kExact[] = {
    {"webcontent", "file"},
    {"canvas/assignment", "assignment"},
    {"mod_assign", "assignment"},
    {"mod_assignment", "assignment"},
    {"mod_book", "book"},
    {"mod_choice", "choice"},
    {"mod_data", "database"},
    {"mod_feedback", "survey"},
    {"mod_folder", "folder"},
    {"mod_forum", "forum"},
    {"mod_glossary", "glossary"},
    {"mod_label", "label"},
    {"mod_lesson", "lesson"},
    {"mod_page", "page"},
    {"mod_quiz", "quiz"},
    {"mod_resource", "file"},
    {"mod_scorm", "SCORM package"},
    {"mod_url", "web link"},
    {"mod_wiki", "wiki"},
    {"mod_workshop", "workshop"},
    {"assessment/x-bb-qti-test", "test"},
    {"resource/x-bb-assignment", "assignment"},
    {"resource/x-bb-asmt-survey-link", "survey"},
    {"resource/x-bb-asmt-test-link", "test"},
    {"resource/x-bb-blankpage", "page"},
    {"resource/x-bb-discussionboard", "discussion"},
    {"resource/x-bb-document", "document"},
    {"resource/x-bb-externallink", "web link"},
    {"resource/x-bb-file", "file"},
    {"resource/x-bb-folder", "folder"},
    {"resource/x-bb-forumlink", "discussion"},
};

/// Types with a version in them, by their start and a part that follows.
struct Family {
  std::string_view start;
  std::string_view part;
  const char* one;
};

constexpr Family kFamilies[] = {
    {"imsqti_", "question-bank", "question bank"},
    {"imsqti_", "", "quiz"},
    {"imswl_", "", "web link"},
    {"imsdt_", "", "discussion"},
    {"assignment_", "", "assignment"},
    {"associatedcontent/", "", "supporting file"},
    {"mod_", "", "activity"},
};

std::string plural(std::string_view one) {
  if (one == "quiz") return "quizzes";
  if (one.ends_with('y') && !one.ends_with("ey")) return std::string(one.substr(0, one.size() - 1)) + "ies";
  return std::string(one) + "s";
}

}  // namespace

std::string content_name(std::string_view type, std::uint64_t count) {
  const char* one = "item";
  const auto* const exact = std::find_if(std::begin(kExact), std::end(kExact), [&](auto& n) { return n.type == type; });
  const auto* const family = std::find_if(std::begin(kFamilies), std::end(kFamilies), [&](auto& f) {
    return type.starts_with(f.start) && type.find(f.part) != std::string_view::npos;
  });
  if (exact != std::end(kExact))
    one = exact->one;
  else if (family != std::end(kFamilies))
    one = family->one;
  return count == 1 ? one : plural(one);
}

std::string told_types(const std::map<std::string, std::uint64_t>& types, std::size_t most) {
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted(types.begin(), types.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    const auto& [type, count] = sorted[i];
    text += fmt::format("{}{} {} ({})", i == 0 ? "" : ", ", count, content_name(type, count),
                        type.empty() ? "without a type" : shown(type, 80));
  }
  if (sorted.size() > most) {
    std::uint64_t rest = 0;
    for (std::size_t i = most; i < sorted.size(); ++i) rest += sorted[i].second;
    text +=
        fmt::format(", and {} of {} more {}", rest, sorted.size() - most, sorted.size() - most == 1 ? "type" : "types");
  }
  return text;
}

}  // namespace host
