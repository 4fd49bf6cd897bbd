// Policy documents, and what is decided under those that were read.
#include <utility>

#include "fuzz/must.h"
#include "policy/policy_document.h"

namespace {

using ptb::fuzz::must;
using ptb::fuzz::must_be_one_line;

constexpr std::int64_t kTenYears = 3650LL * 24 * 3'600'000;
constexpr std::int64_t kNow = 1'772'409'600'123;

bool is_sane(std::int64_t duration_ms) { return duration_ms >= 0 && duration_ms <= kTenYears; }

void check_values(const ptb::Policy& policy) {
  must(!policy.name.empty() && policy.name.size() <= 60, "a policy has a name", policy.name);
  must(policy.settle >= 1, "a mark moves after an answer at least");
  for (const std::int64_t wait : policy.retry.waits_ms) must(wait > 0 && is_sane(wait), "a wait is a duration");
  must(policy.retry.factor >= 1 && policy.retry.jitter_percent >= 0 && policy.retry.jitter_percent <= 100,
       "a back-off grows");
  must(is_sane(policy.give_up.down_ms) && is_sane(policy.give_up.unavailable_ms) &&
           is_sane(policy.give_up.not_installed_ms) && is_sane(policy.receipts_ms) && is_sane(policy.poll_ms) &&
           is_sane(policy.watch_age_ms),
       "ages are durations");
  must(policy.groups.empty() == (policy.order != ptb::Policy::Order::group), "groups are those of order group");
  for (std::size_t i = 1; i < policy.delays.size(); ++i)
    must(policy.delays[i - 1].until <= policy.delays[i].until, "delays are sorted");
}

void check_times(const ptb::Policy& policy) {
  for (std::int64_t n = 1; n < 2000; n = n * 3 + 1) {
    must(is_sane(ptb::retry_wait_ms(policy.retry, n)), "a retry comes within ten years");
    const auto decision = ptb::after_failure(policy, ptb::FailureKind::server_error, {n, kNow - 12345, kNow}, 0.999);
    must(decision.kind != ptb::FailureDecision::Kind::retry || decision.at_ms >= kNow, "a retry lies ahead");
    std::int64_t ends_at_ms = 0;
    must(decision.kind != ptb::FailureDecision::Kind::retry || !ptb::in_maintenance(policy, decision.at_ms, ends_at_ms),
         "a retry is in no maintenance window");
  }
  for (const std::int64_t wait : {std::int64_t{1}, std::int64_t{86'400'000}, kTenYears})
    must(ptb::after_wait(policy, kNow, wait) >= kNow + wait, "maintenance makes waits no shorter");
  std::int64_t ends_at_ms = 0;
  if (!ptb::in_maintenance(policy, kNow, ends_at_ms)) return;
  must(ends_at_ms > kNow && !ptb::in_maintenance(policy, ends_at_ms, ends_at_ms), "maintenance ends");
}

void check_gates(const ptb::Policy& policy) {
  ptb::Event event;
  event.course_id = "c1";
  event.captured_at_ms = kNow;
  for (std::int64_t number = 1; number <= 11; ++number) {
    event.kind = *ptb::event_kind_from(number);
    event.content_id = number % 2 == 0 ? "i1" : "";
    // Time and knowledge open every gate in the end.
    std::int64_t now = kNow;
    bool known = false;
    for (int turn = 0;; ++turn) {
      must(turn < 1000, "a gate opens in the end");
      const auto gate = ptb::gate_of(policy, event, "", now, [&](const ptb::Delay&) { return known; });
      if (gate.open) break;
      must(!gate.waits_for.empty(), "a closed gate says why");
      must(gate.at_ms == 0 || gate.at_ms > now, "a gate that opens does so later");
      if (gate.at_ms == 0)
        must(!std::exchange(known, true), "what is known closes no gate");
      else
        now = gate.at_ms;
    }
    (void)ptb::lane_part(policy, event);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read = ptb::read_policy({reinterpret_cast<const char*>(bytes), size});
  if (!read) {
    must(read.error().status == ptb::Status::argument, "a policy that cannot be read is a wrong argument");
    must_be_one_line(read.error().text);
    must(ptb::is_clean_utf8(read.error().text) && read.error().text.size() < 600, "an error text is short and clean",
         read.error().text);
    return 0;
  }
  const auto again = ptb::read_policy(read->document);
  must(again && again->document == read->document, "a policy keeps its document");
  check_values(*read);
  check_times(*read);
  check_gates(*read);
  return 0;
}
