// See course_models.h.
#include "serve/pages/course_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"

namespace host {

namespace {

constexpr std::size_t kPageRows = 200;
constexpr std::size_t kMostOffered = 200;  // courses in a list to choose from
constexpr std::size_t kMostNamed = 8;

struct ToolWords {
  std::string state;
  const char* look;
};

ToolWords words_of(const Json& tools, const std::string& tool) {
  for (const auto& one : tools) {
    if (text_of(one, "tool") != tool) continue;
    const auto state = text_of(one, "state");
    return {state, state == "available" ? "good" : "warn"};
  }
  return {"not installed", "bad"};
}

void add_tool(Json& row, const Json& tools, const std::string& tool) {
  const auto words = words_of(tools, tool);
  row["tool"] = tool;
  row["tool_url"] = tool_url(tool);
  row["tool_state"] = words.state;
  row["tool_look"] = words.look;
}

/// Opens the part of a form that is mostly left alone where something was typed into it.
Json terms_model(const char* id, const SentForm& sent) {
  const auto typed = [&](const char* name) {
    const auto* found = find_param(sent.typed, name);
    return found == nullptr ? std::string() : *found;
  };
  const auto user = typed("user_id");
  const auto when = typed("not_before");
  return {{"terms_id", id},
          {"typed_user_id", user},
          {"typed_not_before", when},
          {"terms_open", !user.empty() || !when.empty()}};
}

Json sent_model(const SentForm& sent) {
  Json model = {{"problem", sent.problem}};
  if (!sent.which.empty()) model["is_" + sent.which] = true;
  return model;
}

std::string typed_in(const SentForm& sent, const char* which, const char* name) {
  const auto* found = sent.which == which ? find_param(sent.typed, name) : nullptr;
  return found == nullptr ? std::string() : *found;
}

std::string title_of(const Json& named, const char* id) {
  const auto title = text_of(named, "title");
  return title.empty() ? text_of(named, id) : title;
}

}  // namespace

std::string course_url(const std::string& course_id) { return "/courses/" + escaped_for_url(course_id); }
std::string item_url(const std::string& content_id) { return "/content/" + escaped_for_url(content_id); }

Stretch stretch_of(std::size_t count, std::size_t from, const std::string& url) {
  Stretch stretch;
  stretch.from = from < count ? from / kPageRows * kPageRows : 0;
  stretch.end = std::min(count, stretch.from + kPageRows);
  if (count <= kPageRows) return stretch;
  const auto place = [&](std::size_t at) { return fmt::format("{}?from={}", url, at); };
  stretch.pages = {{"shown", fmt::format("{} to {} of {}", with_commas(stretch.from + 1), with_commas(stretch.end),
                                         with_commas(count))},
                   {"earlier", stretch.from > 0 ? Json(place(stretch.from - kPageRows)) : Json()},
                   {"later", stretch.end < count ? Json(place(stretch.end)) : Json()}};
  return stretch;
}

Json courses_model(const Json& courses, const Json& tools, std::size_t from, std::uint64_t max_upload_mib,
                   const SentForm& sent) {
  auto model = sent_model(sent);
  const auto stretch = stretch_of(courses.size(), from, "/courses");
  auto rows = Json::array();
  for (std::size_t i = stretch.from; i < stretch.end; ++i) {
    const auto id = text_of(courses[i], "course_id");
    rows.push_back({{"course_id", id},
                    {"url", course_url(id)},
                    {"title", text_of(courses[i], "title")},
                    {"items", with_commas(courses[i].value("items", std::uint64_t{0}))}});
  }
  auto named = Json::array();
  for (std::size_t i = 0; i < std::min(tools.size(), kMostNamed); ++i)
    named.push_back({{"tool", text_of(tools[i], "tool")}});
  model["has_courses"] = !rows.empty();
  model["courses"] = std::move(rows);
  model["pages"] = stretch.pages;
  model["has_tools"] = !named.empty();
  model["tools"] = std::move(named);
  model["max_upload"] = fmt::format("{} MiB", with_commas(max_upload_mib));
  model["typed_id"] = typed_in(sent, "restore", "id");
  model["typed_map"] = typed_in(sent, "restore", "map");
  model["typed_create_id"] = typed_in(sent, "create", "id");
  model["restore_terms"] = terms_model("restore-terms", sent);
  return model;
}

Json course_model(const CourseFacts& facts, std::size_t from, const SentForm& sent) {
  auto model = sent_model(sent);
  const auto id = text_of(facts.course, "course_id");
  const auto stretch = stretch_of(facts.content.size(), from, course_url(id));
  auto items = Json::array();
  for (std::size_t i = stretch.from; i < stretch.end; ++i) {
    const auto& item = facts.content[i];
    const auto item_id = text_of(item, "content_id");
    Json row = {{"content_id", item_id},
                {"url", item_url(item_id)},
                {"title", title_of(item, "content_id")},
                {"handle", text_of(item, "content_handle")},
                {"external_id", text_of(item, "external_content_id")}};
    add_tool(row, facts.tools, text_of(item, "tool"));
    items.push_back(std::move(row));
  }
  model["course_id"] = id;
  model["title"] = title_of(facts.course, "course_id");
  model["url"] = course_url(id);
  model["has_items"] = !items.empty();
  model["has_handles"] = std::any_of(items.begin(), items.end(), [](const Json& row) {
    return !row.at("handle").get_ref<const std::string&>().empty();
  });
  model["items"] = std::move(items);
  model["pages"] = stretch.pages;
  model["has_groups"] = !facts.groups.empty();
  model["groups"] = facts.groups;
  model["typed_group"] = typed_in(sent, "group", "name");
  model["typed_to"] = typed_in(sent, "copy", "to");
  model["is_exact"] = typed_in(sent, "copy", "how") == "exact";
  model["copy_terms"] = terms_model("copy-terms", sent);
  return model;
}

Json course_delete_model(const CourseFacts& facts) {
  std::map<std::string, std::uint64_t> items_of;
  for (const auto& item : facts.content) ++items_of[text_of(item, "tool")];
  auto tools = Json::array();
  for (const auto& [tool, count] : items_of) {
    const auto state = words_of(facts.tools, tool).state;
    tools.push_back({{"tool", tool},
                     {"text", fmt::format("{} in it; {}", amount(count, "item"),
                                          state == "available"
                                              ? std::string("hears that the course is gone")
                                              : fmt::format("is {} and will not hear of it, for a deletion is not kept "
                                                            "for later",
                                                            state))}});
  }
  const auto id = text_of(facts.course, "course_id");
  const auto title = text_of(facts.course, "title");
  return {{"course_id", id},
          {"title", title == id ? std::string() : title},
          {"url", course_url(id)},
          {"items", amount(facts.content.size(), "item")},
          {"groups", amount(facts.groups.size(), "group")},
          {"has_tools", !tools.empty()},
          {"tools", tools}};
}

Json item_model(const Json& item, const Json& courses, const Json& tools, const SentForm& sent) {
  auto model = sent_model(sent);
  const auto id = text_of(item, "content_id");
  const auto course = text_of(item, "course_id");
  auto offered = Json::array();
  auto some = Json::array();
  for (const auto& one : courses) {
    if (offered.size() >= kMostOffered) break;
    const Json row = {{"course_id", text_of(one, "course_id")}, {"title", text_of(one, "title")}};
    if (some.size() < kMostNamed) some.push_back(row);
    offered.push_back(row);
  }
  model["content_id"] = id;
  model["title"] = title_of(item, "content_id");
  model["url"] = item_url(id);
  model["course_id"] = course;
  model["course_url"] = course_url(course);
  model["external_id"] = text_of(item, "external_content_id");
  model["handle"] = text_of(item, "content_handle");
  model["launch_url"] = text_of(item, "launch_url");
  add_tool(model, tools, text_of(item, "tool"));
  model["has_more_courses"] = courses.size() > some.size();
  model["courses"] = std::move(offered);
  model["some_courses"] = std::move(some);
  model["typed_to"] = typed_in(sent, "copy", "to");
  model["is_move"] = typed_in(sent, "copy", "how") == "move";
  model["typed_external_id"] = typed_in(sent, "known", "external_id");
  model["copy_terms"] = terms_model("copy-terms", sent);
  return model;
}

}  // namespace host
