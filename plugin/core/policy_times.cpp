// The times of a policy: maintenance windows, waits that stand still meanwhile, and ages.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/planted_bug.h"
#include "core/policy.h"

namespace ptb {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 24LL * 60 * kMinuteMs;
constexpr std::int64_t kWeekMs = 7 * kDayMs;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLongestWaitMs = 3650 * kDayMs;

/// Neither overflows; `b` is not negative.
std::int64_t plus(std::int64_t a, std::int64_t b) { return a > kNever - b ? kNever : a + b; }

/// Part of a week that begins on Monday, in ms from there.
struct Span {
  std::int64_t begin;
  std::int64_t end;
};

/// Milliseconds since the last Monday, 00:00 UTC; the epoch was a Thursday.
std::int64_t place_in_week(std::int64_t at_ms) {
  return ((at_ms % kWeekMs + 3 * kDayMs) % kWeekMs + kWeekMs) % kWeekMs;
}

/// When the gates are closed, in order, with a gap between any two; one that goes past Sunday night is cut in two.
std::vector<Span> closed_spans(const Policy& policy) {
  std::vector<Span> spans;
  for (const MaintenanceWindow& window : policy.maintenance)
    for (std::size_t day = 0; day < window.days.size(); ++day) {
      if (!window.days.at(day)) continue;
      const auto midnight = static_cast<std::int64_t>(day) * kDayMs;
      const std::int64_t begin = midnight + window.from * kMinuteMs;
      const std::int64_t end = midnight + window.to * kMinuteMs + (window.to <= window.from ? kDayMs : 0);
      spans.push_back({begin, std::min(end, kWeekMs)});
      if (end > kWeekMs) spans.push_back({0, end - kWeekMs});
    }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (joined.empty() || span.begin > joined.back().end)
      joined.push_back(span);
    else
      joined.back().end = std::max(joined.back().end, span.end);
  }
  return joined;
}

std::int64_t open_ms(const std::vector<Span>& spans) {
  std::int64_t open = kWeekMs;
  for (const Span& span : spans) open -= span.end - span.begin;
  return open;
}

}  // namespace

bool in_maintenance(const Policy& policy, std::int64_t now_ms, std::int64_t& ends_at_ms) {
  if (policy.maintenance.empty()) return false;
  const auto spans = closed_spans(policy);
  const std::int64_t place = place_in_week(now_ms);
  const auto span =
      std::find_if(spans.begin(), spans.end(), [&](const Span& s) { return s.begin <= place && place < s.end; });
  if (span == spans.end()) return false;
  std::int64_t left = span->end - place;
  // It goes on on Monday; a week that is all closed ends nowhere, so looking again in a week is all there is to say.
  if (span->end == kWeekMs && spans.front().begin == 0) left += open_ms(spans) == 0 ? place : spans.front().end;
  ends_at_ms = plus(now_ms, left);
  return true;
}

std::int64_t after_wait(const Policy& policy, std::int64_t from_ms, std::int64_t wait_ms) {
  if (wait_ms <= 0) return from_ms;
  if (policy.maintenance.empty()) return plus(from_ms, wait_ms);
  const auto spans = closed_spans(policy);
  const std::int64_t open = open_ms(spans);
  // The reader of documents refuses a week without a gap; a wait ends all the same.
  if (open <= 0) return plus(from_ms, wait_ms);
  // Whole weeks at once, so that the loop goes round no more than one; at least a millisecond is left for it.
  const std::int64_t weeks = (wait_ms - 1) / open;
  std::int64_t left = wait_ms - weeks * open;
  if (weeks > kNever / kWeekMs) return kNever;
  std::int64_t at = plus(from_ms, weeks * kWeekMs);
  while (at != kNever) {
    const std::int64_t place = place_in_week(at);
    const auto next = std::find_if(spans.begin(), spans.end(), [&](const Span& s) { return place < s.end; });
    const std::int64_t closes = next == spans.end() ? kWeekMs : std::max(next->begin, place);
    if (left <= closes - place) return plus(at, left);
    left -= closes - place;
    at = plus(at, (next == spans.end() ? kWeekMs : next->end) - place);
  }
  return at;
}

std::int64_t retry_wait_ms(const RetrySchedule& schedule, std::int64_t n) {
  n = std::max<std::int64_t>(n, 1);
  if (!schedule.waits_ms.empty()) {
    const auto last = static_cast<std::int64_t>(schedule.waits_ms.size());
    return schedule.waits_ms.at(static_cast<std::size_t>(std::min(n, last) - 1));
  }
  const std::int64_t most = schedule.at_most_ms > 0 ? std::min(schedule.at_most_ms, kLongestWaitMs) : kLongestWaitMs;
  const double wait = static_cast<double>(schedule.first_ms) * std::pow(schedule.factor, static_cast<double>(n - 1));
  // Written so that what is no number is the longest wait too.
  if (!(wait < static_cast<double>(most))) return most;
  return std::max<std::int64_t>(std::llround(wait), 0);
}

std::int64_t given_up_at(const Policy& policy, std::optional<ToolState> installed_as, std::int64_t captured_at_ms,
                         std::int64_t condition_since_ms) {
  const GiveUp& ages = policy.give_up;
  const std::int64_t age = !installed_as                           ? ages.not_installed_ms
                           : *installed_as == ToolState::available ? ages.down_ms
                                                                   : ages.unavailable_ms;
  if (age <= 0) return 0;
  const std::int64_t since_ms = planted(PlantedBug::budget_spent_uninstalled) ? 0 : condition_since_ms;
  return after_wait(policy, std::max(captured_at_ms, since_ms), age);
}

}  // namespace ptb
