// See operation_model.h.
#include "serve/pages/operation_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "output.h"
#include "serve/pages/course_models.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

constexpr std::size_t kMostWarnings = 100;
constexpr std::size_t kFewWarnings = 6;

Json texts(const auto& all) {
  auto list = Json::array();
  for (const auto& text : all) list.push_back({{"text", text}});
  return list;
}

/// What the event is about: an item, a group, or the whole course.
std::string subject_of(const Json& event) {
  if (const auto item = text_of(event, "content_id"); !item.empty()) return item;
  const auto arguments = event.value("arguments", Json::object());
  if (const auto group = text_of(arguments, "group_id"); !group.empty()) return group;
  return text_of(event, "course_id");
}

std::string headline_of(const JobView& job) {
  const auto course = text_of(job.result, "course_id");
  if (job.what == "restore") return fmt::format("Course {} is there.", course);
  if (job.what == "copy course")
    return fmt::format("Course {} was copied to {}.", text_of(job.result, "copied_from"), course);
  if (job.what == "delete course") return fmt::format("Course {} is deleted.", course);
  if (job.what == "export course") return fmt::format("Course {} was written to a package.", course);
  if (job.what == "copy item" || job.what == "move item") {
    const auto from = text_of(job.result, "copied_from");
    const auto item = text_of(job.result, "content_id");
    if (from == item) return fmt::format("Item {} stays in course {} and keeps its id.", item, course);
    return fmt::format("Item {} was {} course {}, where it is {}.", from,
                       job.what == "copy item" ? "copied to" : "moved to", course, item);
  }
  if (job.what == "make known")
    return fmt::format("What {} calls it is known now, and what was delayed until then goes out.",
                       text_of(job.result, "tool"));
  return "It is done.";
}

const char* title_of(const JobView& job) {
  const bool goes_on = job.ended_at_ms == 0;
  if (!goes_on && job.result.is_null()) return "It was not done";
  if (job.what == "restore") return goes_on ? "Restoring a course" : "Course restored";
  if (job.what == "copy course") return goes_on ? "Copying a course" : "Course copied";
  if (job.what == "delete course") return goes_on ? "Deleting a course" : "Course deleted";
  if (job.what == "export course") return goes_on ? "Exporting a course" : "Course exported";
  if (job.what == "copy item") return goes_on ? "Copying an item" : "Item copied";
  if (job.what == "move item") return goes_on ? "Moving an item" : "Item moved";
  return goes_on ? "Under way" : "Done";
}

/// The event as it was captured, with its state of now where that is known.
Json row_of(const Json& event, const Json& now) {
  const auto id = text_of(event, "id");
  const auto known = now.find(id);
  const auto& latest = known == now.end() ? event : *known;
  const auto state = text_of(latest, "state");
  const auto answer = text_of(event, "answer");
  const auto tool = text_of(event, "tool");
  const auto shown = event_badge(latest);
  std::string why;
  if (state == "pending" || state == "ignored") why = deferral_words(text_of(latest, "deferral"));
  if (const auto error = text_of(latest, known == now.end() ? "text" : "last_error"); why.empty()) why = error;
  return {{"kind", kind_text(text_of(event, "kind"))},
          {"url", id.empty() ? std::string() : "/events/" + escaped_for_url(id)},
          {"tool", tool},
          {"tool_url", tool_url(tool)},
          {"subject", subject_of(event)},
          {"state", shown.at("text")},
          {"look", shown.at("look")},
          {"answer", answer == "new" ? std::string() : answer},
          {"why", why}};
}

/// Of the events that wait: how many for each tool, and what would release them.
Json waits_of(const Json& events, const Json& now) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  for (const auto& event : events) {
    const auto known = now.find(text_of(event, "id"));
    const auto& latest = known == now.end() ? event : *known;
    if (text_of(latest, "state") == "pending") ++counts[{text_of(event, "tool"), text_of(latest, "deferral")}];
  }
  auto waits = Json::array();
  for (const auto& [which, count] : counts) {
    const auto& [tool, deferral] = which;
    const bool by_save = deferral == "not_available" || deferral == "not_responding" || deferral == "not_installed";
    waits.push_back({{"count", fmt::format("{} {}", amount(count, "event"), count == 1 ? "waits" : "wait")},
                     {"tool", tool},
                     {"tool_url", tool_url(tool)},
                     {"why", deferral_words(deferral)},
                     {"what_next", !by_save                      ? ""
                                   : deferral == "not_installed" ? "Add the tool, then save it as available."
                                                                 : "Saving the tool as available delivers them."}});
  }
  return waits;
}

Json result_model(const JobView& job, const Json& now, const std::string& package_url) {
  const auto& result = job.result;
  Json model = {{"look", "good"}, {"headline", headline_of(job)}, {"package_url", package_url}};
  model["notes"] = texts(job.notes);
  const auto course = text_of(result, "course_id");
  model["course_id"] = course;
  model["course_url"] = course.empty() || result.contains("deleted") ? std::string() : course_url(course);
  model["course_title"] = text_of(result, "title");
  const auto item = text_of(result, "content_id");
  model["content_id"] = item;
  model["item_url"] = item.empty() ? std::string() : item_url(item);
  model["external_id"] = text_of(result, "external_content_id");
  model["format"] = text_of(result, "format");
  model["backup_id"] = text_of(result, "backup_id");
  model["operation"] = text_of(result, "operation");
  if (job.what == "restore") {
    model["is_restore"] = true;
    model["links"] = with_commas(result.value("links", std::uint64_t{0}));
    model["groups"] = with_commas(result.value("groups", std::uint64_t{0}));
    const auto skipped = result.value("skipped_links", std::uint64_t{0});
    model["skipped"] = skipped == 0 ? Json() : Json(with_commas(skipped));
    model["others"] = result.value("not_taken_over", Json::array());
    model["has_others"] = !model["others"].empty();
    model["tells_others"] = result.contains("not_taken_over");
    const auto warnings = result.value("warnings", std::vector<std::string>{});
    model["has_warnings"] = !warnings.empty();
    model["few_warnings"] = warnings.size() <= kFewWarnings;
    model["warning_count"] = amount(warnings.size(), "warning");
    model["warnings"] =
        texts(std::vector(warnings.begin(), warnings.begin() + std::min(warnings.size(), kMostWarnings)));
    if (warnings.size() > kMostWarnings) model["more_warnings"] = with_commas(warnings.size() - kMostWarnings);
  }
  if (!result.contains("events")) return model;
  const auto& events = result.at("events");
  auto rows = Json::array();
  for (std::size_t i = 0; i < std::min(events.size(), kMostEventsShown); ++i) rows.push_back(row_of(events[i], now));
  model["is_told"] = true;
  model["has_events"] = !events.empty();
  model["waits"] = waits_of(events, now);
  model["events"] = std::move(rows);
  if (events.size() > kMostEventsShown) model["more_events"] = amount(events.size() - kMostEventsShown, "event");
  return model;
}

}  // namespace

std::string deferral_words(const std::string& deferral) {
  constexpr std::array<std::pair<const char*, const char*>, 18> kWords = {
      {{"first_attempt", "it is about to be sent"},
       {"not_installed", "the tool is not installed"},
       {"not_available", "the tool is not saved as available"},
       {"not_responding", "the tool could not be talked to"},
       {"behind_backlog", "others ahead of it in its lane wait"},
       {"delayed", "its time has not come, or something it needs is not known yet"},
       {"held", "its lane is held"},
       {"suspended", "its lane is suspended: an event stopped it again and again"},
       {"maintenance", "the tool's maintenance window"},
       {"queued_for_pull", "the tool takes it by itself"},
       // Of those that are not kept: such an event is not sent later.
       {"tool_not_installed", "the tool is not installed, and this is not kept for later"},
       {"tool_not_available", "the tool is not available, and this is not kept for later"},
       {"no_handler", "the tool did not ask to hear of this"},
       {"wire_cannot_say", "the tool's wire has no words for this"},
       {"lane_held", "the tool's lane is held, and this is not kept for later"},
       {"lane_suspended", "the tool's lane is suspended, and this is not kept for later"},
       {"lane_queued", "the tool takes its events by itself, and this is not kept for it"},
       {"lane_waits_for_save", "the tool was not saved yet, and this is not kept for later"}}};
  const auto* found =
      std::find_if(kWords.begin(), kWords.end(), [&](const auto& words) { return deferral == words.first; });
  return found == kWords.end() ? deferral : found->second;
}

Json operation_model(const JobView& job, const Json& now, const std::string& package_url) {
  const bool has_ended = job.ended_at_ms != 0;
  Json model = {{"job", job.number},
                {"title", title_of(job)},
                {"is_running", !has_ended},
                {"is_stopping", job.stopping},
                {"is_failed", has_ended && job.result.is_null()}};
  if (has_ended && job.result.is_null())
    model["notes"] = texts(job.notes);
  else if (has_ended)
    model["result"] = result_model(job, now, package_url);
  return model;
}

}  // namespace host
