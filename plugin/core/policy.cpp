#include "core/policy.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/clock.h"

namespace ptb {

namespace {

constexpr std::array<std::string_view, 8> kFailures = {"unreachable",  "timed-out",      "tls",     "client-error",
                                                       "server-error", "not-understood", "refused", "not-sent"};

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

bool is_success(int status) { return status >= 200 && status <= 299; }

FailureKind failure_kind_of_status(int status) {
  // Too slow, too early, too many: the same request may do better later.
  const bool passes = status == 408 || status == 425 || status == 429;
  return status >= 400 && status <= 499 && !passes ? FailureKind::client_error : FailureKind::server_error;
}

}  // namespace

std::string_view to_text(FailureKind kind) { return kFailures.at(static_cast<std::size_t>(kind)); }

FailureKind failure_kind(const ExchangeResult& result, const Outcome& by_wire) {
  using Fault = ExchangeResult::Fault;
  switch (result.fault) {
    case Fault::none: break;
    case Fault::forbidden:
    case Fault::abandoned: return FailureKind::not_sent;
    case Fault::tls_handshake: return FailureKind::tls;
    case Fault::timed_out: return FailureKind::timed_out;
    case Fault::answer_too_large: return FailureKind::not_understood;
    case Fault::broken: return FailureKind::unreachable;
  }
  if (by_wire.kind == Outcome::Kind::refused) return FailureKind::refused;
  return is_success(result.http_status) ? FailureKind::not_understood : failure_kind_of_status(result.http_status);
}

Outcome judge_under(const Policy& policy, const ExchangeResult& result, Outcome by_wire) {
  using Kind = Outcome::Kind;
  if (policy.acknowledged_by_2xx) {
    const bool answered = result.fault == ExchangeResult::Fault::none;
    if (answered && is_success(result.http_status)) return {Kind::acknowledged, {}};
    if (by_wire.kind == Kind::acknowledged || by_wire.kind == Kind::refused) {
      by_wire.kind = Kind::failed;
      if (by_wire.text.empty())
        by_wire.text =
            answered ? "answered HTTP " + std::to_string(result.http_status) : printable(result.fault_text, 200);
    }
    return by_wire;
  }
  if (policy.refusal_is_failure && by_wire.kind == Kind::refused) by_wire.kind = Kind::failed;
  return by_wire;
}

namespace {

/// The courses that the arguments name: an import's, or those of a copy.
std::array<std::string_view, 3> courses_of(const Event& event) {
  const auto named = [&](const char* name) { return find_encoded(event.arguments, name).value_or(""); };
  return {named("course_id"), named("newCourseId"), named("oldCourseId")};
}

LanePart course_part(const Event& event) {
  const auto courses = courses_of(event);
  const auto first_that = [&](const auto& fits) {
    const auto found = std::find_if(courses.begin(), courses.end(), fits);
    return std::string(found == courses.end() ? std::string_view() : *found);
  };
  LanePart part{"course", event.course_id, ""};
  // A host leaves it out where no settings of a course go along.
  if (part.name.empty()) part.name = first_that([](std::string_view course) { return !course.empty(); });
  part.other = first_that([&](std::string_view course) { return !course.empty() && course != part.name; });
  return part;
}

}  // namespace

namespace {

/// Other groups are another way of splitting: else an event could overtake one that its new group does not hold.
std::string group_split(const Policy& policy) {
  std::map<std::string_view, std::uint32_t> groups;
  for (const Policy::Group& group : policy.groups) groups[group.name] |= group.kinds.bits();
  std::string split = "group:";
  for (const auto& [name, kinds] : groups) split.append(name).append("=").append(std::to_string(kinds)).append(";");
  return split;
}

}  // namespace

LanePart lane_part(const Policy& policy, const Event& event) {
  switch (policy.order) {
    case Policy::Order::tool: break;
    case Policy::Order::none: return {"none", "", ""};
    case Policy::Order::course: return course_part(event);
    case Policy::Order::group:
      for (const Policy::Group& group : policy.groups)
        if (group.kinds.contains(event.kind)) return {group_split(policy), group.name, ""};
      return {group_split(policy), "other", ""};
  }
  return {};
}

namespace {

std::int64_t retry_at(const Policy& policy, const Failures& failures, double chance) {
  const RetrySchedule& schedule = policy.retry;
  std::int64_t wait = std::min(retry_wait_ms(schedule, failures.count), kNever / 4);
  const double added = static_cast<double>(wait) * schedule.jitter_percent / 100.0 * std::clamp(chance, 0.0, 1.0);
  wait += static_cast<std::int64_t>(added);
  // A wait that has stopped growing would always be over by now, so it counts from the last attempt.
  const bool grows =
      failures.count <= 1 || retry_wait_ms(schedule, failures.count) > retry_wait_ms(schedule, failures.count - 1);
  const bool from_first = schedule.from == RetrySchedule::From::original_failure && grows;
  // A clock that was put back since the first one makes nobody wait longer than was meant.
  const std::int64_t first_at_ms = std::min(failures.first_at_ms, failures.last_at_ms);
  std::int64_t at = after_wait(policy, from_first ? first_at_ms : failures.last_at_ms, wait);
  at = std::max(at, failures.last_at_ms);
  in_maintenance(policy, at, at);
  return at;
}

FailureDecision give_up(const GiveUp& terms) {
  using Kind = FailureDecision::Kind;
  const Kind kind = terms.then == GiveUp::Then::park      ? Kind::park
                    : terms.then == GiveUp::Then::discard ? Kind::discard
                                                          : Kind::suspend;
  return {kind, 0, "attempts_used_up"};
}

}  // namespace

FailureDecision after_failure(const Policy& policy, FailureKind kind, const Failures& failures, double chance) {
  using Kind = FailureDecision::Kind;
  const auto& at_once = policy.parks_at_once;
  if (std::find(at_once.begin(), at_once.end(), kind) != at_once.end()) return {Kind::park, 0, "cannot_be_cured"};
  if (policy.give_up.attempts > 0 && failures.count >= policy.give_up.attempts) return give_up(policy.give_up);
  switch (policy.after_failure) {
    case Policy::AfterFailure::hold: break;
    case Policy::AfterFailure::queue: return {Kind::queue, 0, {}};
    case Policy::AfterFailure::retry:
      if (policy.retry.waits_ms.empty() && policy.retry.first_ms <= 0) break;
      return {Kind::retry, retry_at(policy, failures, chance), {}};
  }
  return {};
}

namespace {

bool is_set(std::string_view settings, Scope scope, std::string_view key) {
  const auto decoded = decode_settings(settings);
  return decoded && std::any_of(decoded->begin(), decoded->end(),
                                [&](const Setting& setting) { return setting.scope == scope && setting.key == key; });
}

/// Captured so far in the future that the clock must have been put back since: the times of then say nothing now.
bool is_of_another_clock(const Event& event, std::int64_t now_ms) {
  constexpr std::int64_t kHourMs = 3'600'000;
  return event.captured_at_ms > now_ms + kHourMs;
}

Gate time_gate(const Policy& policy, const Delay& delay, const Event& event, std::int64_t now_ms) {
  std::int64_t opens = after_wait(policy, event.captured_at_ms, delay.wait_ms);
  const std::int64_t past = policy.poll_ms > 0 ? opens % policy.poll_ms : 0;
  if (past > 0 && opens < kNever - policy.poll_ms) opens += policy.poll_ms - past;
  if (opens <= now_ms) return {};
  return {false, Deferral::delayed, opens, rfc3339(opens)};
}

Gate setting_gate(const Delay& delay, const Event& event, std::string_view settings, const IsKnown& is_known) {
  // Of a course or an item that the event does not have nothing will ever be known.
  if (delay.scope == Scope::course && event.course_id.empty()) return {};
  if (delay.scope == Scope::content && event.content_id.empty()) return {};
  if (is_set(settings, delay.scope, delay.key) || is_known(delay)) return {};
  const std::string_view scope = to_text(delay.scope);
  return {false, Deferral::delayed, 0, "the setting " + delay.key + " at " + std::string(scope) + " scope"};
}

Gate item_gate(const Delay& delay, const Event& event, const IsKnown& is_known) {
  if (event.content_id.empty() || !find_encoded(event.arguments, "external_content_id").value_or("").empty()) return {};
  if (is_known(delay)) return {};
  return {false, Deferral::delayed, 0, "the tool's own id of item " + event.content_id};
}

}  // namespace

Gate gate_of(const Policy& policy, const Event& event, std::string_view settings, std::int64_t now_ms,
             const IsKnown& is_known) {
  const bool counts_time = !is_of_another_clock(event, now_ms);
  if (event.not_before_ms > now_ms && counts_time)
    return {false, Deferral::delayed, event.not_before_ms, rfc3339(event.not_before_ms)};
  if (std::int64_t ends_at_ms = 0; in_maintenance(policy, now_ms, ends_at_ms))
    return {false, Deferral::maintenance, ends_at_ms, "the end of maintenance at " + rfc3339(ends_at_ms)};
  for (const Delay& delay : policy.delays) {
    if (!delay.kinds.contains(event.kind)) continue;
    Gate gate;
    switch (delay.until) {
      case Delay::Until::time:
        if (counts_time) gate = time_gate(policy, delay, event, now_ms);
        break;
      case Delay::Until::setting: gate = setting_gate(delay, event, settings, is_known); break;
      case Delay::Until::item: gate = item_gate(delay, event, is_known); break;
    }
    if (!gate.open) return gate;
  }
  return {};
}

}  // namespace ptb
