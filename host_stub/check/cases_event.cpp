// Cases about the events of the descriptor, and about how a tool says no.
#include <fmt/format.h>

#include <array>

#include "check/case.h"

namespace host {

namespace {

constexpr const char* kEither = "<result>SUCCESS<result> or <result>ERROR<result>";

Finding not_named(const Bench& bench, const std::string& type) {
  for (const auto& unusable : bench.subject().unusable)
    if (unusable == type)
      return skipped("the descriptor's path for it is under none of its base URLs, so it is never sent");
  return skipped("the descriptor names no such action");
}

Finding one_kind(Bench& bench, const std::string& kind) {
  const auto* action = bench.subject().action(kind);
  if (action == nullptr) return not_named(bench, kind);
  const auto answer = bench.send_signed(*action, bench.call_for(*action));
  if (answer.success()) return passed();
  if (answer.said == Said::error)
    return passed("answered ERROR, which is right where the tool does not know the ids in it");
  return failed("gave no answer that counts to " + kind, answer, kEither,
                fmt::format("Handle {} at the path that the descriptor gives it, or take the action out of the "
                            "descriptor: then it is not sent.",
                            kind));
}

/// Ids above those of every other call.
void make_unknown(Params& params) {
  for (auto& [name, value] : params)
    if (value.starts_with('_') && value.ends_with("_1")) value = "_999999999_1";
}

Finding error_path(Bench& bench) {
  int asked = 0;
  for (const auto& kind : event_kinds()) {
    const auto* action = bench.subject().action(kind);
    if (action == nullptr) continue;
    auto unknown = bench.call_for(*action);
    make_unknown(unknown);
    auto odd = bench.call_for(*action);
    set_param(odd, "type", "sideways");
    auto missing = bench.call_for(*action);
    for (const char* name : {"course_id", "oldCourseId", "newCourseId", "content_id"}) drop_param(missing, name);
    const std::array<std::pair<const char*, Params>, 3> wrong = {{{"on a course that nobody knows", unknown},
                                                                  {"of a type that does not exist", odd},
                                                                  {"without its course", missing}}};
    for (const auto& [what, params] : wrong) {
      const auto answer = bench.send_signed(*action, params);
      if (answer.said == Said::unclear)
        return failed(fmt::format("gave no answer that counts to {} {}", kind, what), answer, kEither,
                      "Answer ERROR where you cannot do it: it is shown to the administrator and not sent again. "
                      "Anything else is sent again and again, and holds up what is behind it.");
    }
    if (++asked == 3) break;
  }
  return asked == 0 ? skipped("the descriptor names no event") : passed();
}

Finding legal_answer_body(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto unknown = bench.call_for(*action);
  make_unknown(unknown);
  auto wrong = bench.signed_call(bench.call_for(*action));
  set_param(wrong, "mac", "AAAAAAAAAAAAAAAAAAAAAA==");
  const std::array<std::pair<const char*, Params>, 3> calls = {
      {{"a plain call", bench.signed_call(bench.call_for(*action))},
       {"a call on what nobody knows", bench.signed_call(unknown)},
       {"a call with a wrong MAC", wrong}}};
  for (const auto& [what, params] : calls) {
    const auto answer = bench.send(*action, params);
    const bool good = answer.came && answer.http.status >= 200 && answer.http.status <= 299;
    if (good && !answer.legal)
      return failed(
          fmt::format("answered {} with a body that does not count", what), answer, kEither,
          "The whole body is one of the two, in capitals; the closed form </result>, white space around it and "
          "an XML declaration are fine. JSON, HTML or a page around it are not.");
  }
  return passed();
}

Finding get_is_no_event(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  Departure departure;
  departure.get = true;
  const auto answer = bench.send_signed(*action, bench.call_for(*action), departure);
  if (!answer.success()) return passed();
  return failed("took an event by GET", answer, "an HTTP status of 400 to 499, such as 405",
                "Take events by POST only: addresses end up in logs, and a link or a preview must not cause one.");
}

}  // namespace

void add_event_cases(std::vector<Case>& cases) {
  for (const auto& kind : event_kinds())
    cases.push_back({"event-" + kind, fmt::format("The event {} gets an answer that counts.", kind),
                     [kind](Bench& bench) { return one_kind(bench, kind); }});
  cases.push_back(
      {"error-path", "What the tool cannot do is answered with ERROR, not with a fault or silence.", error_path});
  cases.push_back({"legal-answer-body", "Every answer is one of the two bodies and nothing else.", legal_answer_body});
  cases.push_back({"get-is-no-event", "An event by GET is refused.", get_is_no_event});
}

}  // namespace host
