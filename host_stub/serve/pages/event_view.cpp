// See event_view.h.
#include "serve/pages/event_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pieces.h"

namespace host {

namespace {

Json step(const char* look, const std::string& title, const std::string& text, const Json& when) {
  return {{"look", look}, {"title", title}, {"text", text}, {"when", when}};
}

/// by_person, no_handler, or what a person has typed.
std::string reason_of(const Json& event) {
  auto reason = text_of(event, "reason");
  std::replace(reason.begin(), reason.end(), '_', ' ');
  return reason;
}

/// The tool has acknowledged it in the last walk, which then stopped.
bool was_heard(const Json& why) {
  return text_of(why, "text").find("has acknowledged it in that walk") != std::string::npos;
}

/// Walks that included it and stopped at another event. Whether they had got as far as this one nobody has kept, once
/// it has been sent again.
Json other_walks(const Json& event, std::size_t failed, bool is_pending, const Json& why) {
  const auto walks = event.value("attempts", std::uint64_t{0});
  const auto known = failed + (is_pending ? 0 : 1);
  if (walks <= known) return nullptr;
  if (is_pending && was_heard(why))
    return step("warn", "Acknowledged, in a walk that stopped", "It is sent again, with the same event id.", nullptr);
  return step("warn",
              walks - known == 1 ? "A walk that included it stopped"
                                 : fmt::format("{} that included it stopped", amount(walks - known, "walk")),
              "The tool may have heard it then. What is sent again bears the same event id.", nullptr);
}

/// How the event ended, for those that have.
Json last_step(const Json& event, std::int64_t now_ms) {
  const auto state = text_of(event, "state");
  const auto when = moment_of(text_of(event, "settled_at"), now_ms);
  const auto reason = reason_of(event);
  const auto answer = text_of(event, "answer");
  const auto text = reason.empty() || reason == state ? answer
                    : answer.empty()                  ? reason
                                                      : fmt::format("{}: {}", reason, answer);
  if (const auto walks = event.value("attempts", std::uint64_t{0}); state == "delivered")
    return step("good", walks > 1 ? fmt::format("Acknowledged in walk {}", walks) : "Acknowledged", answer, when);
  if (state == "refused") return step("bad", "Refused by the tool", text, when);
  if (state == "parked") return step("warn", "Parked: set aside for a person", text, when);
  return step("", "Discarded: it is not sent", text, when);
}

std::string waiting_text(const Json& event, const Json& why) {
  auto text = fmt::format("Because {}.", why_text(text_of(event, "deferral")));
  if (const auto wanted = text_of(why, "waits_for"); !wanted.empty()) text += fmt::format(" It waits for {}.", wanted);
  const auto ahead = why.value("ahead", std::uint64_t{0});
  if (ahead > 0) text += fmt::format(" {} ahead of it.", amount(ahead, "event is", "events are"));
  if (const auto by = text_of(why, "released_by"); !by.empty()) text += fmt::format(" What sets it going: {}.", by);
  return text;
}

bool begins(const std::string& text, std::string_view with) { return text.starts_with(with); }

std::string sentence_of(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 32);
  return text;
}

/// Where a sentence of `explain` is carried out.
std::string place_of(const std::string& sentence, const std::string& event_url, const std::string& tool) {
  constexpr std::string_view kFirst = "look at what stands first: explain ";
  if (begins(sentence, kFirst)) return "/events/" + escaped_for_url(sentence.substr(kFirst.size()));
  if (begins(sentence, "release lane")) return "/lanes";
  if (begins(sentence, "redeliver")) return tool_url(tool) + "/pull";
  if (begins(sentence, "change the policy")) return tool_url(tool) + "/policy";
  if (begins(sentence, "save ")) return tool_url(tool) + "#save";
  if (begins(sentence, "replay from"))
    return fmt::format("{}/replay?from_event={}&preview=1", tool_url(tool), event_url.substr(event_url.rfind('/') + 1));
  return event_url + "#orders";
}

}  // namespace

Json timeline_of(const Json& event, const Json& why, std::int64_t now_ms) {
  auto steps = Json::array();
  const auto operation = text_of(event, "operation");
  const auto occurred = text_of(event, "occurred_at");
  if (!occurred.empty() && occurred != text_of(event, "captured_at"))
    steps.push_back(step("", "Happened in the LMS", "", moment_of(occurred, now_ms)));
  steps.push_back(step("good", "Captured",
                       operation.empty()
                           ? std::string("Kept with its arguments and the tool's settings.")
                           : fmt::format("By operation {}, with its arguments and the tool's settings.", operation),
                       moment_of(text_of(event, "captured_at"), now_ms)));
  if (const auto as = text_of(event, "captured_as"); !as.empty() && as != "first_attempt")
    steps.push_back(step("warn", "Put off at once", fmt::format("Because {}.", why_text(as)), nullptr));
  for (const auto& attempt : why.value("attempts", Json::array()))
    steps.push_back(step("bad", fmt::format("Attempt {} failed", count_of(attempt, "number")), text_of(attempt, "text"),
                         moment_of(text_of(attempt, "at"), now_ms)));
  const bool is_pending = text_of(event, "state") == "pending";
  const auto failed = why.value("attempts", Json::array()).size();
  if (auto walks = other_walks(event, failed, is_pending, why); walks.is_object()) steps.push_back(std::move(walks));
  if (!is_pending) {
    steps.push_back(last_step(event, now_ms));
    return steps;
  }
  steps.push_back(step("warn", "Waits", waiting_text(event, why), moment_of(text_of(why, "since"), now_ms)));
  if (const auto next = moment_of(text_of(why, "next_at"), now_ms); next.is_object())
    steps.push_back(step("", "Next try", "", next));
  return steps;
}

std::string in_short(const Json& event, const Json& why) {
  const auto state = text_of(event, "state");
  const auto answer = text_of(event, "answer");
  const auto reason = reason_of(event);
  const auto said = [](const std::string& text) { return text.empty() ? std::string() : ": " + text; };
  if (state == "delivered") return "The tool has acknowledged it. Nothing is left to do.";
  if (state == "refused") return fmt::format("The tool refused it{}. It is sent again only by a person.", said(answer));
  if (state == "parked")
    return fmt::format("It is set aside{}. What was behind it goes on; it waits for a person.", said(reason));
  if (state == "discarded") return fmt::format("It was given up{}. It is not sent.", said(reason));
  auto text = "It waits b" + waiting_text(event, why).substr(1);
  if (const auto error = text_of(event, "last_error"); !error.empty())
    text += fmt::format(" The last walk stopped: {}.", error);
  if (was_heard(why)) text += " The tool has acknowledged it in that walk, and will hear it again.";
  return text;
}

Json settings_then_and_now(const Json& settings, const Json& changes) {
  const auto find = [&](const Json& setting) -> const Json* {
    if (!changes.is_array()) return nullptr;
    for (const auto& change : changes)
      if (text_of(change, "scope") == text_of(setting, "scope") && text_of(change, "key") == text_of(setting, "key"))
        return &change;
    return nullptr;
  };
  const auto shown = [](const Json& change, const char* member) {
    return change.at(member).is_null() ? std::string("not set") : text_of(change, member);
  };
  auto rows = Json::array();
  const auto add = [&](const Json& setting, const std::string& was, const Json& now, bool is_changed) {
    rows.push_back({{"scope", text_of(setting, "scope")},
                    {"key", text_of(setting, "key")},
                    {"was", was},
                    {"now", now},
                    {"is_changed", is_changed}});
  };
  for (const auto& setting : settings) {
    const auto* change = find(setting);
    const auto was = text_of(setting, "value");
    if (change != nullptr)
      add(setting, was, shown(*change, "now"), true);
    else
      add(setting, was, changes.is_array() ? Json(was) : Json(), false);
  }
  if (changes.is_array())
    for (const auto& change : changes)
      if (change.at("was").is_null()) add(change, "not set", shown(change, "now"), true);
  return rows;
}

Json suggestions_of(const Json& event, const Json& why) {
  const auto url = "/events/" + escaped_for_url(text_of(event, "id"));
  auto list = Json::array();
  for (const auto& sentence : why.value("next", Json::array())) {
    const auto text = sentence.get<std::string>();
    list.push_back({{"text", sentence_of(text)}, {"url", place_of(text, url, text_of(event, "tool"))}});
  }
  return list;
}

Json orders_of(const Json& event) {
  const auto state = text_of(event, "state");
  const bool waits = state == "pending";
  const bool is_parked = state == "parked";
  return {{"can_retry", waits || is_parked || state == "refused"},
          {"can_park", waits},
          {"can_unpark", is_parked},
          {"can_discard", waits || is_parked},
          {"can_replay", state == "delivered" || state == "refused" || waits}};
}

}  // namespace host
