// Cases about the tool itself: its states, ping, and, last, reregister and remove.
#include <fmt/format.h>

#include "check/case.h"

namespace host {

namespace {

constexpr const char* kSuccess = "<result>SUCCESS<result>";

Finding state_change(Bench& bench) {
  const auto* action = bench.subject().action("state-change");
  if (action == nullptr) return skipped("the descriptor names no such action; it counts as answered with SUCCESS");
  // Available comes last: it is how the tool was found, and how it is left.
  Finding mild;
  for (const char* state : {"unavailable", "inactive", "available"}) {
    auto params = bench.call_for(*action);
    set_param(params, "state", state);
    const auto answer = bench.send_signed(*action, params);
    if (answer.success()) continue;
    const auto reason = fmt::format("did not answer state-change to {} with SUCCESS", state);
    const auto fix = fmt::format(
        "Answer SUCCESS to state={}. An administrator cannot make the tool available while "
        "that fails; to the other states it is a warning.",
        state);
    if (std::string_view(state) == "available" || answer.said == Said::unclear)
      return failed(reason, answer, kSuccess, fix);
    mild = warned(reason, answer, kSuccess, fix);
  }
  return mild;
}

Finding ping(Bench& bench) {
  const auto* action = bench.subject().action("ping");
  if (action == nullptr) return skipped("the descriptor names no such action");
  const auto answer = bench.send_signed(*action, bench.call_for(*action));
  if (answer.success()) return passed();
  return failed("did not answer a ping with SUCCESS", answer, kSuccess,
                "Answer SUCCESS when you are there: else the administrator is told that the server is unavailable.");
}

Finding farewell(Bench& bench, const char* type, const char* consequence) {
  const auto* action = bench.subject().action(type);
  if (action == nullptr) return skipped("the descriptor names no such action");
  if (!bench.subject().destructive) return skipped(fmt::format("{}: asked with --destructive only", consequence));
  const auto answer = bench.send_signed(*action, bench.call_for(*action));
  if (answer.success()) return passed();
  if (answer.said == Said::error)
    return warned(fmt::format("answered {} with ERROR", type), answer, kSuccess,
                  "Answer SUCCESS, unless you really cannot.");
  return failed(fmt::format("gave no answer that counts to {}", type), answer, "SUCCESS or ERROR",
                fmt::format("Handle {}, or take the action out of the descriptor.", type));
}

}  // namespace

void add_life_cases(std::vector<Case>& cases) {
  cases.push_back({"state-change", "Each of the three states is answered with SUCCESS.", state_change});
  cases.push_back({"ping", "A ping is answered with SUCCESS.", ping});
  cases.push_back({"reregister", "A request to register again gets an answer that counts (--destructive).",
                   [](Bench& bench) { return farewell(bench, "reregister", "the tool would register again"); },
                   Case::Turn::last});
  cases.push_back({"remove", "The last call, that the tool is removed, gets an answer that counts (--destructive).",
                   [](Bench& bench) { return farewell(bench, "remove", "the tool would forget this LMS"); },
                   Case::Turn::last});
}

}  // namespace host
