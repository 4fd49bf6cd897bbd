// See session.h. How operations of the small LMS reach the bridge, and what is told of them.
#include <fmt/format.h>

#include <array>

#include "fault_switches.h"
#include "output.h"
#include "session.h"

namespace host {

namespace {

constexpr std::size_t kMostEventsOfACall = 100'000;

}  // namespace

void Session::capture_unfinished() {
  for (const auto& operation : lms().unfinished_operations()) capture_again(operation);
}

/// Where others work too, an operation that is unfinished may be just under way: only what is known to have failed is
/// captured again. What one of them takes and cannot capture is left over again, with all behind it.
void Session::capture_left_over() {
  auto left_over = house_->take_left_over();
  if (left_over.empty()) return;
  try {
    for (const auto& operation : lms().unfinished_operations())
      if (left_over.contains(operation.id)) {
        capture_again(operation);
        left_over.erase(operation.id);
      }
  } catch (...) {
    for (const auto id : left_over) house_->leave_over(id);
    throw;
  }
}

void Session::capture_again(const Operation& operation) {
  const auto report = capture(operation);
  std::size_t fresh = 0;
  for (const auto& fate : report.fates) fresh += fate.answer.answer == PTB_NEW ? 1 : 0;
  print_aside(
      fmt::format("captured again what an earlier command left unfinished: operation {} ({}), {} of {} events new",
                  operation.id, operation.title, fresh, report.fates.size()));
}

std::vector<CaptureAnswer> Session::hand_over(const Operation& operation, std::uint64_t& handle) {
  if (operation.events.size() > kMostEventsOfACall)
    refuse("operation {} has {} events; the bridge takes at most {} at once", operation.id, operation.events.size(),
           kMostEventsOfACall);
  try {
    return bridge().capture(operation, handle);
  } catch (const BridgeError& error) {
    std::string problem = error.what();
    if (const auto why = house_->take_callback_problem(); error.status() == PTB_E_HOST && !why.empty())
      problem += " (" + why + ")";
    if (error.status() == PTB_E_ARGUMENT) {
      // It would be refused again at every start, and stand before everything that comes after it.
      lms().finish_operation(operation, problem);
      refuse("the bridge does not take operation {} ({}): {}", operation.id, operation.title, problem);
    }
    refuse("operation {} ({}) is done but not captured yet: {}; it is kept, and captured by the next command",
           operation.id, operation.title, problem);
  }
}

CaptureReport Session::capture(const Operation& operation) {
  if (operation.events.empty()) return {};
  try {
    return carry_over(operation);
  } catch (...) {
    // What was finished after all is not found any more by whoever looks for it.
    if (is_guest()) house_->leave_over(operation.id);
    throw;
  }
}

CaptureReport Session::carry_over(const Operation& operation) {
  CaptureReport report;
  {
    const std::lock_guard lock(mutex_);
    noting_ = true;
  }
  pass_point("host.capture.before");
  std::uint64_t handle = 0;
  const auto answers = hand_over(operation, handle);
  pass_point("host.capture.after");
  note_only(answers);
  tell_accepted(operation, answers);
  {
    Transaction transaction(lms().database());
    lms().finish_operation(operation, "");
    pass_point("host.captured.before_commit");
    transaction.commit();
  }
  pass_point("host.captured.after_commit");
  report.result = wait(handle);
  report.fates.reserve(answers.size());
  for (const auto& answer : answers) report.fates.push_back(fate_of(answer));
  const std::lock_guard lock(mutex_);
  noting_ = false;
  noted_ids_.clear();
  outcomes_.clear();
  return report;
}

/// Outcomes of other events, such as a long backlog that goes out before these, are not kept from here on.
void Session::note_only(const std::vector<CaptureAnswer>& answers) {
  const std::lock_guard lock(mutex_);
  for (const auto& answer : answers) noted_ids_.insert(answer.event_id);
  std::erase_if(outcomes_, [&](const auto& outcome) { return !noted_ids_.contains(outcome.first); });
}

void Session::tell_accepted(const Operation& operation, const std::vector<CaptureAnswer>& answers) {
  if (!has_witness()) return;
  constexpr std::array<const char*, 4> kWords = {"unknown", "new", "duplicate", "ignored"};
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& event = operation.events[i];
    lines.push_back(fmt::format("accepted {} {} {} {} {}", answers[i].event_id.empty() ? "-" : answers[i].event_id,
                                event.kind, to_text(event.tool), answers[i].sequence,
                                kWords.at(static_cast<std::size_t>(answers[i].answer))));
  }
  tell_witness(lines);
}

EventFate Session::fate_of(const CaptureAnswer& answer) {
  EventFate fate{answer, "pending", answer.reason, {}};
  if (answer.answer == PTB_IGNORED) {
    fate.state = "ignored";
    return fate;
  }
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = outcomes_.find(answer.event_id); found != outcomes_.end()) {
      fate.state = found->second.state;
      fate.deferral = found->second.deferral;
      fate.text = found->second.text;
      return fate;
    }
  }
  // No word of it: it waits for what it was deferred for, or it is one from before and the store knows best.
  if (answer.answer == PTB_DUPLICATE || answer.reason == "first_attempt") {
    const auto event = bridge().report({{"report", "event"}, {"id", answer.event_id}});
    fate.state = text_of(event, "state");
    fate.deferral = text_of(event, "deferral");
    fate.text = text_of(event, "last_error");
  }
  return fate;
}

}  // namespace host
