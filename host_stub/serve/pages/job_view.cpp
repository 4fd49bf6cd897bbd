// See job_view.h.
#include "serve/pages/job_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

std::uint64_t number_in(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

/// "Saving", "Replay" …
std::string title_of(const std::string& what) {
  if (what == "save") return "Save";
  if (what == "replay") return "Replay";
  if (what == "retry") return "Sending one event again";
  if (what == "unpark") return "Sending a parked event";
  if (what == "release") return "Release of a lane";
  if (what == "redeliver") return "Redelivery";
  if (what == "remove") return "Removal";
  return kind_text(what);
}

/// The result of a walk, one after the other: how many of what.
Json figures_of(const Json& result) {
  struct Figure {
    const char* member;
    const char* name;
  };
  constexpr Figure kFigures[] = {{"sent", "sent"},     {"acknowledged", "acknowledged"}, {"refused", "refused"},
                                 {"failed", "failed"}, {"left", "still waiting"},        {"repeated", "repeated"}};
  auto figures = Json::array();
  for (const auto& figure : kFigures)
    if (result.contains(figure.member))
      figures.push_back({{"name", figure.name}, {"value", count_of(result, figure.member)}});
  return figures;
}

/// One sentence on a walk that ended well.
std::string good_text(const Json& result, const std::string& state) {
  const auto sent = number_in(result, "sent");
  const auto refused = number_in(result, "refused");
  const auto opening = state.empty() ? std::string() : fmt::format("The tool is {}. ", state);
  if (sent == 0) return opening + "Nothing was waiting to be sent.";
  const auto ms = number_in(result, "ms");
  const auto took = ms < 1000 ? std::string("less than a second") : span_text(static_cast<std::int64_t>(ms / 1000));
  return fmt::format("{}{} sent in {}; {}.", opening, amount(sent, "event was", "events were"), took,
                     refused == 0 ? std::string("the tool acknowledged all of them")
                                  : fmt::format("{} acknowledged, {} refused",
                                                with_commas(number_in(result, "acknowledged")), with_commas(refused)));
}

std::string stopped_text(const Json& result) {
  const auto sent = number_in(result, "sent");
  const auto left = number_in(result, "left");
  if (sent == 0 && left == 0) return "Nothing was sent.";
  if (sent == 0) return fmt::format("Nothing was sent. {} still waiting.", amount(left, "event is", "events are"));
  return fmt::format(
      "It stopped after {}; {} still waiting. What was acknowledged may be sent again, with the same "
      "event id, when the walk begins anew.",
      amount(sent, "sent event"), amount(left, "event is", "events are"));
}

/// Without what helps at a terminal only.
Json notes_for_a_page(const Json& notes) {
  auto kept = Json::array();
  for (const auto& note : notes)
    if (note.get_ref<const std::string&>().find("Ctrl-C") == std::string::npos) kept.push_back(note);
  return kept;
}

/// What to do next, as links.
Json next_of(const Json& result, const std::string& tool, bool good) {
  auto next = Json::array();
  const auto add = [&](const std::string& url, const std::string& text) {
    next.push_back({{"url", url}, {"text", text}});
  };
  const auto stopped_by = text_of(result, "stopped_by");
  if (!stopped_by.empty())
    add("/events/" + escaped_for_url(stopped_by), "Look at the event that stopped it: why, and park it if need be");
  if (tool.empty()) return next;
  if (!good) add(tool_url(tool) + "#save", "Once the tool is well, save it as available again");
  if (number_in(result, "refused") > 0)
    add(tool_url(tool) + "/events?state=refused", "See what it refused, and send single events again");
  if (good && number_in(result, "left") > 0)
    add(tool_url(tool) + "/events?state=pending", "See what still waits, and why");
  return next;
}

}  // namespace

std::vector<WalkView> under_their_tools(std::vector<WalkView> walks, const Json& lanes) {
  for (auto& walk : walks)
    for (const auto& lane : lanes)
      if (text_of(lane, "lane") == walk.lane) walk.tool = text_of(lane, "tool");
  return walks;
}

bool is_walking(const Json& lanes, const std::string& tool) {
  return std::any_of(lanes.begin(), lanes.end(), [&](const Json& lane) {
    return text_of(lane, "tool") == tool && text_of(lane, "state") == "walking";
  });
}

Json walk_view(const std::string& tool, const std::vector<WalkView>& walks) {
  WalkView sum;
  std::size_t count = 0;
  for (const auto& walk : walks) {
    if (walk.tool != tool || walk.ended) continue;
    ++count;
    sum.done += walk.done;
    sum.total += walk.total;
    sum.per_second += walk.per_second;
    sum.left_s = std::max(sum.left_s, walk.left_s);
    sum.event_id = walk.event_id;
    sum.lane = walk.lane;
  }
  if (count == 0) return nullptr;
  return {{"tool", tool},
          {"lane", count == 1 ? sum.lane : std::string()},
          {"done_number", sum.done},
          {"total_number", sum.total},
          {"done", with_commas(sum.done)},
          {"total", with_commas(sum.total)},
          {"rate", sum.per_second > 0 ? fmt::format("{:.{}f} a second", sum.per_second, sum.per_second < 10 ? 1 : 0)
                                      : std::string()},
          {"left", sum.left_s < 0 ? std::string() : fmt::format("about {} left", span_text(sum.left_s))},
          {"last", sum.event_id},
          {"last_url", "/events/" + escaped_for_url(sum.event_id)},
          {"several", count > 1 ? Json(amount(count, "lane")) : Json()}};
}

Json job_view(const Json& job, const std::vector<WalkView>& walks, std::int64_t now_ms) {
  const auto tool = text_of(job, "tool");
  const auto state = text_of(job, "state");
  const auto what = text_of(job, "what");
  const auto& result = job.at("result");
  const bool is_running = state == "running" || state == "stopping";
  const bool good = state == "done";
  const bool has_walk = result.is_object() && result.contains("sent");
  Json view = {{"number", job.at("job")},
               {"title", title_of(what)},
               {"tool", tool},
               {"tool_url", tool_url(tool)},
               {"by", text_of(job, "by")},
               {"began", moment_of(text_of(job, "began_at"), now_ms)},
               {"ended", moment_of(text_of(job, "ended_at"), now_ms)},
               {"is_running", is_running},
               {"is_stopping", state == "stopping"},
               {"look", is_running ? "note"
                        : good     ? "good"
                                   : "bad"},
               {"walk", is_running ? walk_view(tool, walks) : Json()},
               {"notes", is_running ? Json::array() : notes_for_a_page(job.at("notes"))},
               {"text", nullptr},
               {"figures", Json::array()},
               {"has_figures", false},
               {"next", Json::array()}};
  if (is_running) return view;
  view["text"] = good ? "Done." : "It came to nothing.";
  if (has_walk) {
    const bool is_single = what == "unpark";
    view["text"] = good        ? good_text(result, what == "save" ? text_of(result, "state") : "")
                   : is_single ? std::string("The tool did not take it: it stays set aside.")
                               : stopped_text(result);
    view["figures"] = figures_of(result);
    view["has_figures"] = number_in(result, "sent") > 0 && !is_single;
  } else if (result.is_object() && result.contains("text")) {
    view["text"] = text_of(result, "text");
  }
  view["next"] = next_of(result.is_object() ? result : Json::object(), tool, good);
  return view;
}

}  // namespace host
