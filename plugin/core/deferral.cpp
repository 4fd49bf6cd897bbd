#include "core/deferral.h"

#include <array>

namespace ptb {

namespace {

enum class When : std::uint8_t { queued, dropped };

/// One row of proxy-tool-protocol §4: after a failure of communication, with the tool not available, not installed.
struct Row {
  EventKind kind;
  When failed;
  When not_available;
  When not_installed;
};

constexpr auto q = When::queued;
constexpr auto d = When::dropped;
constexpr std::array<Row, 11> kTable = {{
    {EventKind::course_copied, q, q, d},
    {EventKind::course_imported, q, q, q},
    {EventKind::group_copied, q, q, d},
    {EventKind::group_imported, q, q, q},
    {EventKind::content_copied, q, q, d},
    {EventKind::content_imported, q, q, q},
    {EventKind::content_deleted, q, q, d},
    {EventKind::course_exported, d, d, d},
    {EventKind::content_exported, d, d, d},
    {EventKind::group_exported, d, d, d},
    {EventKind::course_deleted, d, d, d},
}};

const Row& row_of(EventKind kind) {
  for (const auto& row : kTable)
    if (row.kind == kind) return row;
  return kTable.back();  // the strictest: such a kind is never captured
}

CaptureDecision ignore(std::string_view reason) { return {CaptureDecision::Verdict::ignore, {}, reason}; }
CaptureDecision defer(Deferral why) { return {CaptureDecision::Verdict::defer, why, {}}; }

}  // namespace

CaptureDecision decide_capture(EventKind kind, const ToolCondition& condition) {
  const Row& row = row_of(kind);
  if (!condition.installed_as)
    return row.not_installed == When::queued ? defer(Deferral::not_installed) : ignore("tool_not_installed");
  if (!condition.has_handler) return ignore("no_handler");
  if (!condition.wire_can_say) return ignore("wire_cannot_say");
  if (*condition.installed_as != ToolState::available)
    return row.not_available == When::queued ? defer(Deferral::not_available) : ignore("tool_not_available");
  if (row.failed == When::dropped) {
    if (condition.lane_held) return ignore("lane_held");
    if (condition.lane_suspended) return ignore("lane_suspended");
    if (condition.lane_queued) return ignore("lane_queued");
    if (!condition.lane_released) return ignore("lane_waits_for_save");
  }
  if (condition.lane_held) return defer(Deferral::held);
  if (condition.lane_suspended) return defer(Deferral::suspended);
  if (condition.lane_queued) return defer(Deferral::queued_for_pull);
  if (condition.lane_has_backlog || !condition.lane_released) return defer(Deferral::behind_backlog);
  if (condition.gate) return defer(*condition.gate);
  return {CaptureDecision::Verdict::deliver, Deferral::first_attempt, {}};
}

bool waits_after_failure(EventKind kind) { return row_of(kind).failed == When::queued; }

ActResult judge_act(EventKind act, const Locator& tool, ToolState state, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::acknowledged) return {true, {}};
  const std::string name = to_text(tool);
  const bool no_words = outcome.kind == Outcome::Kind::no_handler || outcome.kind == Outcome::Kind::not_expressible;
  switch (act) {
    case EventKind::state_change:
      if (no_words) return {true, {}};
      if (state == ToolState::available)
        return {false, name + " did not take state-change, so it stays as it was and nothing is sent: " + outcome.text};
      return {true, "saved, though " + name + " did not take state-change: " + outcome.text};
    case EventKind::remove:
      if (no_words) return {true, {}};
      return {true, name + " is removed, though it did not take remove: " + outcome.text};
    case EventKind::reregister:
      if (no_words) return {false, name + " cannot be asked to register again and stays unavailable: " + outcome.text};
      return {false, name + " did not register again and stays unavailable: " + outcome.text};
    default:
      if (no_words) return {false, name + " cannot be asked: " + outcome.text};
      return {false, "the server of " + name + " is unavailable: " + outcome.text};
  }
}

Deferral deferral_now(const ToolCondition& condition, Deferral captured_as, bool is_head, bool last_walk_failed) {
  if (!condition.installed_as) return Deferral::not_installed;
  if (*condition.installed_as != ToolState::available) return Deferral::not_available;
  if (condition.lane_held) return Deferral::held;
  if (condition.lane_suspended) return Deferral::suspended;
  if (condition.lane_queued) return Deferral::queued_for_pull;
  if (!is_head) return Deferral::behind_backlog;
  if (!condition.lane_released) return captured_as == Deferral::first_attempt ? Deferral::behind_backlog : captured_as;
  if (condition.lane_has_backlog) return Deferral::behind_backlog;
  if (condition.gate) return *condition.gate;
  if (last_walk_failed) return Deferral::not_responding;
  return captured_as;
}

}  // namespace ptb
