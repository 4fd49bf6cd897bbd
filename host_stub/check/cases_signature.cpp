// Cases about who is calling: MAC, timestamp, nonce, guid.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

#include "check/case.h"

namespace host {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr const char* kRefusal = "<result>ERROR<result>, or an HTTP status of 400 to 499";

/// What a call that had to be refused came to.
Finding refusal_of(const ToolAnswer& answer, const std::string& what, const std::string& fix) {
  if (answer.success()) return failed("took " + what, answer, kRefusal, fix);
  if (answer.timed_out())
    return failed("did not answer " + what, answer, kRefusal, "Answer what you refuse, at once: a caller waits.");
  if (!answer.came)
    return warned("closed the connection on " + what, answer, kRefusal,
                  "Answer what you refuse: a call without an answer is sent again.");
  if (answer.http.status >= 500)
    return warned(fmt::format("refused {} with HTTP {}", what, answer.http.status), answer, kRefusal,
                  "Say ERROR: a status of 500 and above looks like a fault of yours, and the call is sent again.");
  return passed();
}

Finding accepts_right_mac(Bench& bench) {
  const auto* action = bench.accepted();
  if (action != nullptr) return passed(action->type + " was answered with SUCCESS");
  if (bench.refused_at_first().empty())
    return skipped("the descriptor names no event, no state-change and no ping: there is nothing to ask");
  return failed(
      "answered no rightly signed call with SUCCESS", bench.refused_at_first().front(),
      "<result>SUCCESS<result> to one of them at least",
      "Sort all POST parameters but `mac` by name, byte by byte; put their decoded values one behind the other, "
      "then the secret; take the digest that the descriptor names, as UTF-8; Base64. Does --secret-file hold "
      "the secret that the tool has? Is its clock right? Does it know its guid (--guid)?");
}

Finding refuses_wrong_mac(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  const auto& subject = bench.subject();
  const auto right = bench.signed_call(bench.call_for(*action));
  const auto right_mac = *find_param(right, "mac");
  auto one_off = right_mac;
  one_off[0] = one_off[0] == 'A' ? 'B' : 'A';
  auto other_case = right_mac;
  std::transform(other_case.begin(), other_case.end(), other_case.begin(), [](unsigned char c) {
    return static_cast<char>(std::islower(c) != 0 ? std::toupper(c) : std::tolower(c));
  });
  const auto other_digest = subject.digest == Digest::md5 ? Digest::sha1 : Digest::md5;
  const std::array<std::pair<const char*, std::string>, 4> wrong = {
      {{"a call whose MAC is wrong by one character", one_off},
       {"a call whose MAC has upper and lower case exchanged", other_case},
       {"a call with the MAC of another digest", mac_of(right, subject.secret, other_digest)},
       {"a call that somebody else has signed", mac_of(right, subject.secret + "x", subject.digest)}}};
  for (const auto& [what, mac] : wrong) {
    auto params = right;
    set_param(params, "mac", mac);
    if (auto finding = refusal_of(bench.send(*action, params), what,
                                  "Compare the whole `mac` byte by byte with your own, before anything is done.");
        finding.result != Result::passed)
      return finding;
  }
  return passed();
}

Finding refuses_missing_mac(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.signed_call(bench.call_for(*action));
  drop_param(params, "mac");
  return refusal_of(bench.send(*action, params), "a call without a MAC", "Refuse a call that has no `mac`.");
}

/// A plain call, so many minutes off.
ToolAnswer call_off_by(Bench& bench, const ToolAction& action, std::int64_t off_ms) {
  auto params = bench.call_for(action);
  set_param(params, "timestamp", std::to_string(now_ms() + off_ms));
  return bench.send_signed(action, params);
}

Finding refuses_old_timestamp(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  return refusal_of(call_off_by(bench, *action, -15 * kMinuteMs), "a call signed 15 minutes ago",
                    "Refuse a `timestamp` of more than two minutes ago (milliseconds since 1970): else whoever "
                    "overheard a call can make it again when its nonce is forgotten.");
}

Finding refuses_future_timestamp(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  return refusal_of(call_off_by(bench, *action, 15 * kMinuteMs), "a call signed 15 minutes from now",
                    "Refuse a `timestamp` of more than two minutes ahead: else a call can be kept and made later.");
}

Finding allows_a_minute(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  for (const auto off_ms : {-kMinuteMs, kMinuteMs}) {
    const auto answer = call_off_by(bench, *action, off_ms);
    if (!answer.success())
      return failed(fmt::format("refused a call whose clock is a minute {}", off_ms < 0 ? "behind" : "ahead"), answer,
                    "<result>SUCCESS<result>", "Allow two minutes of difference, either way: clocks differ.");
  }
  return passed();
}

Finding refuses_used_nonce(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  const auto params = bench.signed_call(bench.call_for(*action));
  if (const auto first = bench.send(*action, params); !first.success())
    return failed("refused a plain call", first, "<result>SUCCESS<result>", "See accepts-right-mac.");
  return refusal_of(bench.send(*action, params), "the very same call a second time",
                    "Remember each `nonce` for as long as its timestamp is allowed, and refuse it when it comes again. "
                    "The bridge repeats an event with a fresh nonce.");
}

Finding refuses_wrong_guid(Bench& bench) {
  if (!bench.subject().guid_given)
    return skipped("the check does not know the tool's guid: give the one from its registration with --guid");
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.call_for(*action);
  set_param(params, "ourguid", std::string(32, '0'));
  const auto answer = bench.send_signed(*action, params);
  if (!answer.success()) return passed();
  return warned("took a call for another registration", answer, kRefusal,
                "Compare `ourguid` with the guid that registration gave; it matters where several LMS share a secret.");
}

Finding any_order(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.signed_call(bench.call_for(*action));
  std::reverse(params.begin(), params.end());
  const auto answer = bench.send(*action, params);
  if (answer.success()) return passed();
  return failed("refused a call whose parameters were not sent in the order of their names", answer,
                "<result>SUCCESS<result>", "Sort the parameters by name before their values are digested.");
}

Finding top_and_bottom(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.signed_call(bench.call_for(*action));
  params.emplace_back("top_submit", "Submit");
  params.emplace_back("bottom_submit", "Submit");
  const auto answer = bench.send(*action, params);
  if (answer.success()) return passed();
  return failed("refused a call with parameters that no MAC covers", answer, "<result>SUCCESS<result>",
                "Leave out parameters whose names begin with `top_` or `bottom_` when you digest.");
}

}  // namespace

void add_signature_cases(std::vector<Case>& cases) {
  const auto add = [&](const char* name, const char* sentence, Finding (*run)(Bench&)) {
    cases.push_back({name, sentence, run});
  };
  add("accepts-right-mac", "A plain call, rightly signed, is answered with SUCCESS.", accepts_right_mac);
  add("refuses-wrong-mac",
      "A MAC that is off by one character, in the wrong case, of another digest or of another secret is refused.",
      refuses_wrong_mac);
  add("refuses-missing-mac", "A call without a MAC is refused.", refuses_missing_mac);
  add("refuses-old-timestamp", "A call that was signed 15 minutes ago is refused.", refuses_old_timestamp);
  add("refuses-future-timestamp", "A call that is signed for in 15 minutes is refused.", refuses_future_timestamp);
  add("allows-a-minute-of-difference", "A call whose clock is a minute behind or ahead is taken.", allows_a_minute);
  add("refuses-used-nonce", "A call that was overheard and is sent once more, as it was, is refused.",
      refuses_used_nonce);
  add("refuses-wrong-guid", "A call for another registration is refused.", refuses_wrong_guid);
  add("parameters-in-any-order", "The order in which parameters are sent does not matter.", any_order);
  add("top-and-bottom-unsigned", "Parameters named top_… and bottom_… are no part of the MAC.", top_and_bottom);
}

}  // namespace host
