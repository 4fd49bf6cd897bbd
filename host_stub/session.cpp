// See session.h. How operations reach the bridge is in session_capture.cpp.
#include "session.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "output.h"

namespace host {

namespace {

constexpr std::uint32_t kWaitSliceMs = 100;

std::string_view as_view(ptb_text text) { return text.bytes == nullptr ? "" : std::string_view(text.bytes, text.size); }

House::Opening opening_for(Session::Use use, const GlobalOptions& options) {
  switch (use) {
    case Session::Use::lms: return House::Opening::none;
    case Session::Use::look:
      if (!is_file_store(options)) return House::Opening::quiet;  // the first one makes it
      return has_store(options) ? House::Opening::look : House::Opening::none;
    case Session::Use::keep:
    case Session::Use::note:
    case Session::Use::settle: return House::Opening::quiet;
    case Session::Use::act: return House::Opening::full;
  }
  return House::Opening::none;
}

}  // namespace

std::string user_name() {
  if (const char* named = std::getenv("USER"); named != nullptr && *named != '\0') return named;
  const auto* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("uid {}", ::geteuid());
}

Session::Session(const GlobalOptions& options, Use use)
    : options_(options), use_(use), progress_(options.quiet), house_(options.house) {
  if (options_.by.empty()) options_.by = user_name();
  if (is_guest()) {
    if (use == Use::settle)
      refuse("the small LMS's own data cannot be exchanged while another ptb-host works in {}: end it first",
             house_->directory().string());
  } else {
    house_ = std::make_shared<House>(options_, opening_for(use, options_));
    if (use == Use::act) catch_interrupts();
  }
  house_->add(*this);
  if (use == Use::lms || use == Use::look || use == Use::keep) return;
  try {
    is_guest() ? capture_left_over() : move_in();
    if (!is_guest() && use == Use::act) receive_others();
  } catch (...) {
    house_->remove(*this);  // the bridge's thread may be telling of something
    throw;
  }
}

void Session::receive_others() {
  if (options_.run_line == nullptr) return;
  auto guest = options_;
  guest.house = house_;
  // Their working directories are others than this one.
  guest.store = store_uri(options_);
  guest.state = state_path(options_);
  reception_ = std::make_unique<Reception>(guest, options_.run_line);
}

Lms& Session::lms() {
  if (!is_guest()) return house_->lms();
  if (!own_lms_) own_lms_ = std::make_unique<Lms>(house_->directory() / "lms.db");
  return *own_lms_;
}

void Session::move_in() {
  put_back_ = why_put_back();
  if (!put_back_.empty() && use_ == Use::settle) return;
  if (!put_back_.empty())
    refuse(
        "{}; nothing is captured or sent: see `ptb-host lanes` and `ptb-host events list --state pending`, then "
        "`ptb-host state new-generation`",
        put_back_);
  agree_on_tools();
  capture_unfinished();
}

Session::~Session() {
  try {
    // Opening goes on with walks that an earlier process was killed in; ending now would cut them off again.
    reception_.reset();
    const bool ends_well = !is_guest() && std::uncaught_exceptions() == 0 && *options_.interrupts == 0;
    if (use_ == Use::act && ends_well) wait_for(0);
    if (!is_guest() && use_ != Use::look && use_ != Use::keep && put_back_.empty()) house_->tell_high_water();
  } catch (const std::exception& problem) {
    print_aside(problem.what());
  }
  house_->remove(*this);
  progress_.end();
}

/// An LMS that was put back uses the numbers of its operations again, and the bridge refuses every capture then, before
/// it asks for settings. Where it does ask it is told that there are none to be had, and so stores nothing either.
std::string Session::why_put_back() {
  Operation probe;
  probe.events.push_back({kNobody, "course-deleted", "", "", {}, {}});
  std::uint64_t handle = 0;
  std::string why;
  try {
    bridge().capture(probe, handle);
  } catch (const BridgeError& error) {
    if (error.status() == PTB_E_REFUSED) why = error.what();
  }
  return why;
}

/// A crash can fall between the two databases. The LMS knows which tools there are and how they are described; the
/// bridge knows their states, since a state is stored there first and here when the save has succeeded.
void Session::agree_on_tools() {
  std::map<Locator, std::string> known;
  const auto answer = bridge().report({{"report", "tools"}});
  for (const auto& tool : answer.at("tools")) known[locator_from(text_of(tool, "tool"))] = text_of(tool, "state");
  for (const auto& tool : lms().tools()) {
    const auto found = known.find(tool.locator);
    if (found == known.end() || !tool.told) {
      bridge().tool_installed(tool, found == known.end() ? tool.state : "");
      lms().set_told(tool.locator);
    }
    if (found == known.end()) continue;
    if (found->second != tool.state) lms().set_state(tool.locator, found->second);
    known.erase(found);
  }
  // A removed tool's secret goes when nothing can ask for it any more.
  for (const auto& locator : lms().removed_with_secret())
    if (!known.contains(locator)) lms().remove_secret(locator);
  for (const auto& [locator, state] : known) bridge().tool_removed(locator);
}

std::string Session::remove_tool(const Locator& locator) {
  // First here: were the bridge told first, a crash in between would bring the tool back with the next command.
  lms().remove_tool(locator);
  bridge().tool_removed(locator);
  wait_for(0);
  lms().remove_secret(locator);
  const std::lock_guard lock(mutex_);
  return removals_[locator];
}

std::int64_t Session::begin_anew(std::int64_t again_from_ms) {
  house_->reopen_bridge();
  lms().tell_all_tools_again();
  const auto again = again_from_ms == 0 ? 0 : lms().capture_again_from(again_from_ms);
  move_in();
  return again;
}

Json Session::order(Json what, std::uint64_t* handle) {
  what["by"] = options_.by;
  return bridge().administer(what, handle);
}

OperationResult Session::wait(std::uint64_t handle, const std::optional<Locator>& tool) {
  return handle == 0 || use_ != Use::act ? OperationResult{} : wait_for(handle, tool);
}

OperationResult Session::wait_for(std::uint64_t handle, const std::optional<Locator>& tool) {
  bool stopping = false;
  while (true) {
    const auto result = bridge().wait(handle, kWaitSliceMs);
    progress_.draw();
    if (result) {
      progress_.end();
      return *result;
    }
    const int interrupts = *options_.interrupts;
    if (interrupts >= 1) {
      // Again and again: a save's walk begins only when the tool has taken the new state.
      Json stop = {{"do", "stop"}};
      if (!tool && is_guest()) {
        progress_.end();
        print_aside("not waited for any longer; what is under way goes on");
        return {};
      }
      if (tool && is_guest()) stop["tool"] = to_text(*tool);  // the walks of others are not this command's to stop
      order(stop);
      if (!stopping) {
        progress_.end();
        print_aside("stopping after the exchange in flight; Ctrl-C again leaves at once");
      }
      stopping = true;
    }
    if (interrupts >= 2)
      refuse("left at once; nothing is lost: what was not acknowledged is sent again by the next save");
  }
}

Tool Session::need_tool(const Locator& locator) {
  if (auto tool = lms().tool(locator)) return *tool;
  not_found("no tool {} is installed: add it with `ptb-host tool add DESCRIPTOR.xml --secret-file FILE`",
            to_text(locator));
}

void Session::outcome(const ptb_outcome& outcome) {
  const std::lock_guard lock(mutex_);
  if (as_view(outcome.kind) == "remove") {
    removals_[{std::string(as_view(outcome.vendor)), std::string(as_view(outcome.program))}] =
        std::string(as_view(outcome.text));
    return;
  }
  std::string id(as_view(outcome.event_id));
  if (!noting_ || (!noted_ids_.empty() && !noted_ids_.contains(id))) return;
  outcomes_[std::move(id)] = {std::string(as_view(outcome.state)), std::string(as_view(outcome.deferral)),
                              std::string(as_view(outcome.text))};
}

/// The line itself comes from the house.
void Session::watch(const ptb_watch& /*watch*/) {
  if (!is_guest()) progress_.clear();
}

void Session::progress(const ptb_progress& progress) {
  progress_.update(std::string(as_view(progress.lane)), progress.done, progress.total);
}

}  // namespace host
