// See pieces.h.
#include "serve/pages/pieces.h"

#include <algorithm>
#include <array>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"

namespace host {

namespace {

struct Word {
  std::string_view name;
  const char* look;
  const char* text;
};

constexpr std::array<Word, 4> kToolStates = {{{"available", "good", "available"},
                                              {"inactive", "warn", "inactive"},
                                              {"unavailable", "warn", "unavailable"},
                                              {"not_installed", "bad", "not installed"}}};

constexpr std::array<Word, 5> kEventStates = {{{"pending", "warn", "waits"},
                                               {"delivered", "good", "delivered"},
                                               {"refused", "bad", "refused"},
                                               {"parked", "note", "parked"},
                                               {"discarded", "", "discarded"}}};

constexpr std::array<Word, 12> kLaneStates = {{{"idle", "good", "nothing waits"},
                                               {"walking", "note", "is being sent"},
                                               {"waiting", "note", "about to be sent"},
                                               {"not_responding", "bad", "tool does not answer"},
                                               {"not_installed", "bad", "tool not installed"},
                                               {"not_available", "warn", "tool not available"},
                                               {"waiting_for_save", "warn", "waits for a save"},
                                               {"held", "note", "held"},
                                               {"suspended", "bad", "suspended"},
                                               {"queued", "note", "queued for pull"},
                                               {"delayed", "note", "delayed"},
                                               {"maintenance", "note", "maintenance window"}}};

// What follows "waits because".
constexpr std::array<Word, 10> kReasons = {{{"first_attempt", "", "it has not been sent for the first time yet"},
                                            {"not_installed", "", "the tool is not installed"},
                                            {"not_available", "", "the tool is not available"},
                                            {"not_responding", "", "the tool does not answer"},
                                            {"behind_backlog", "", "others wait ahead of it"},
                                            {"delayed", "", "the policy delays it"},
                                            {"held", "", "somebody holds its lane"},
                                            {"suspended", "", "one event keeps stopping its lane"},
                                            {"maintenance", "", "it is the tool's maintenance window"},
                                            {"queued_for_pull", "", "the tool is to take it itself"}}};

template <std::size_t Size>
const Word* find(const std::array<Word, Size>& words, std::string_view name) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.name == name; });
  return found == words.end() ? nullptr : &*found;
}

template <std::size_t Size>
Json badge_of(const std::array<Word, Size>& words, const std::string& name) {
  const auto* word = find(words, name);
  return word == nullptr ? badge("", name) : badge(word->look, word->text);
}

}  // namespace

Json badge(const char* look, const std::string& text) { return {{"look", look}, {"text", text}}; }

Json tool_badge(const std::string& state) { return badge_of(kToolStates, state); }
Json event_badge(const Json& event) { return badge_of(kEventStates, text_of(event, "state")); }

Json lane_badge(const Json& lane) {
  const auto behind = text_of(lane, "behind");
  return behind.empty() ? badge_of(kLaneStates, text_of(lane, "state")) : badge("note", "behind " + behind);
}

std::string why_text(const std::string& deferral) {
  const auto* word = find(kReasons, deferral);
  return word == nullptr ? deferral : word->text;
}

std::string kind_text(const std::string& kind) {
  auto text = kind;
  std::replace(text.begin(), text.end(), '-', ' ');
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 32);
  return text;
}

std::string count_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number_integer() ? with_commas(found->get<std::uint64_t>()) : std::string();
}

Json event_row(const Json& event, std::int64_t now_ms) {
  const auto id = text_of(event, "id");
  const auto deferral = text_of(event, "deferral");
  return {{"id", id},
          {"url", "/events/" + escaped_for_url(id)},
          {"kind", kind_text(text_of(event, "kind"))},
          {"course", text_of(event, "course_id")},
          {"sequence", count_of(event, "sequence")},
          {"badge", event_badge(event)},
          {"why", deferral.empty() ? Json() : Json(why_text(deferral))},
          {"error", cut(text_of(event, "last_error"), 200)},
          {"captured", moment_of(text_of(event, "captured_at"), now_ms)}};
}

Json lane_row(const Json& lane, std::int64_t now_ms) {
  const auto stopped_by = text_of(lane, "stopped_by");
  const auto tool = text_of(lane, "tool");
  return {{"lane", text_of(lane, "lane")},
          {"tool", tool},
          {"tool_url", tool_url(tool)},
          {"badge", lane_badge(lane)},
          {"is_held", text_of(lane, "state") == "held"},
          {"waiting", count_of(lane, "waiting")},
          {"oldest", moment_of(text_of(lane, "oldest_at"), now_ms)},
          {"next", moment_of(text_of(lane, "next_at"), now_ms)},
          {"stopped_by", stopped_by},
          {"stopped_by_url", "/events/" + escaped_for_url(stopped_by)},
          {"error", cut(text_of(lane, "last_error"), 300)}};
}

Json choices(std::initializer_list<std::pair<const char*, const char*>> all, std::string_view chosen) {
  auto list = Json::array();
  for (const auto& [value, text] : all)
    list.push_back({{"value", value}, {"text", text}, {"is_chosen", chosen == value}});
  return list;
}

}  // namespace host
