// See session.h.
#include "session.h"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "fault_switches.h"
#include "lti_platform.h"
#include "output.h"

namespace host {

namespace {

constexpr std::uint32_t kWaitSliceMs = 100;
constexpr std::size_t kMostEventsOfACall = 100'000;

volatile std::sig_atomic_t interrupts = 0;
void count_interrupt(int) { interrupts = interrupts + 1; }

std::string_view as_view(ptb_text text) { return text.bytes == nullptr ? "" : std::string_view(text.bytes, text.size); }

void say(std::string_view text) { fmt::print(stderr, "ptb-host: {}\n", text); }

std::string store_uri(const GlobalOptions& options) {
  return options.store.empty() ? "sqlite:" + (state_path(options) / "bridge.db").string() : options.store;
}

/// False only where the store is a file that is not there yet.
bool store_exists(const std::string& uri) {
  constexpr std::string_view kFile = "sqlite:";
  std::error_code none;
  return !uri.starts_with(kFile) || std::filesystem::exists(uri.substr(kFile.size()), none);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = count_interrupt;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    // A server around this command has its own way to end.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(signal, &action, nullptr);
  }
}

std::filesystem::path state_path(const GlobalOptions& options) {
  if (!options.state.empty()) return std::filesystem::absolute(options.state);
  if (const char* named = std::getenv("PTB_STATE"); named != nullptr && *named != '\0')
    return std::filesystem::absolute(named);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') wrong_usage("HOME is not set: name the state directory with --state DIR");
  return std::filesystem::path(home) / ".ptb-host";
}

Session::Session(const GlobalOptions& options, Use use)
    : options_(options), use_(use), state_(state_path(options)), progress_(options.quiet) {
  lms_ = std::make_unique<Lms>(state_.path() / "lms.db");
  if (use == Use::act) catch_interrupts();
  const bool changes = use == Use::act || use == Use::note;
  if (changes || (use == Use::look && store_exists(store_uri(options_)))) open_bridge(use);
  if (!changes) return;
  agree_on_tools();
  capture_unfinished();
}

Session::~Session() {
  try {
    if (use_ == Use::act && std::uncaught_exceptions() == 0) wait_until_idle();
  } catch (const std::exception& problem) {
    say(problem.what());
  }
  progress_.clear();
}

/// Opening goes on with walks that an earlier process was killed in; ending now would cut them off again.
void Session::wait_until_idle() {
  if (interrupts == 0) wait_for(0);
}

void Session::open_bridge(Use use) {
  BridgeOptions open;
  open.store = store_uri(options_);
  open.tcbaseurl = options_.tcbaseurl;
  open.generation = lms_->generation();
  open.high_water = static_cast<std::uint64_t>(lms_->high_water());
  open.exchange_timeout_ms = options_.exchange_timeout_ms;
  open.connect_timeout_ms = options_.connect_timeout_ms;
  open.contact_interval_ms = options_.contact_interval_ms;
  open.capture_only = use == Use::look;
  // Without a thread, and never pumped, a bridge sends nothing.
  open.own_thread = !options_.pumped && use != Use::note;
  HostFace& face = *this;  // a private base: make_unique could not see it
  bridge_ = std::make_unique<Bridge>(Plugin::load(options_.plugin), open, face);
}

/// A crash can fall between the two databases. The LMS knows which tools there are and how they are described; the
/// bridge knows their states, since a state is stored there first and here when the save has succeeded.
void Session::agree_on_tools() {
  std::map<Locator, std::string> known;
  const auto answer = bridge_->report({{"report", "tools"}});
  for (const auto& tool : answer.at("tools")) known[locator_from(text_of(tool, "tool"))] = text_of(tool, "state");
  for (const auto& tool : lms_->tools()) {
    const auto found = known.find(tool.locator);
    if (found == known.end() || !tool.told) {
      bridge_->tool_installed(tool, found == known.end() ? tool.state : "");
      lms_->set_told(tool.locator);
    }
    if (found == known.end()) continue;
    if (found->second != tool.state) lms_->set_state(tool.locator, found->second);
    known.erase(found);
  }
  // A removed tool's secret goes when nothing can ask for it any more.
  for (const auto& locator : lms_->removed_with_secret())
    if (!known.contains(locator)) lms_->remove_secret(locator);
  for (const auto& [locator, state] : known) bridge_->tool_removed(locator);
}

std::string Session::remove_tool(const Locator& locator) {
  // First here: were the bridge told first, a crash in between would bring the tool back with the next command.
  lms_->remove_tool(locator);
  bridge_->tool_removed(locator);
  wait_for(0);
  lms_->remove_secret(locator);
  const std::lock_guard lock(mutex_);
  return removals_[locator];
}

void Session::capture_unfinished() {
  for (const auto& operation : lms_->unfinished_operations()) {
    const auto report = capture(operation);
    std::size_t fresh = 0;
    for (const auto& fate : report.fates) fresh += fate.answer.answer == PTB_NEW ? 1 : 0;
    say(fmt::format("captured again what an earlier command left unfinished: operation {} ({}), {} of {} events new",
                    operation.id, operation.title, fresh, report.fates.size()));
  }
}

std::vector<CaptureAnswer> Session::hand_over(const Operation& operation, std::uint64_t& handle) {
  if (operation.events.size() > kMostEventsOfACall)
    refuse("operation {} has {} events; the bridge takes at most {} at once", operation.id, operation.events.size(),
           kMostEventsOfACall);
  try {
    return bridge_->capture(operation, handle);
  } catch (const BridgeError& error) {
    std::string problem = error.what();
    {
      const std::lock_guard lock(mutex_);
      if (error.status() == PTB_E_HOST && !callback_problem_.empty()) problem += " (" + callback_problem_ + ")";
    }
    if (error.status() == PTB_E_ARGUMENT) {
      // It would be refused again at every start, and stand before everything that comes after it.
      lms_->finish_operation(operation, problem);
      refuse("the bridge does not take operation {} ({}): {}", operation.id, operation.title, problem);
    }
    refuse("operation {} ({}) is done but not captured yet: {}; it is kept, and captured by the next command",
           operation.id, operation.title, problem);
  }
}

CaptureReport Session::capture(const Operation& operation) {
  CaptureReport report;
  if (operation.events.empty()) return report;
  {
    const std::lock_guard lock(mutex_);
    noting_ = true;
    callback_problem_.clear();
  }
  pass_point("host.capture.before");
  std::uint64_t handle = 0;
  const auto answers = hand_over(operation, handle);
  pass_point("host.capture.after");
  note_only(answers);
  tell_accepted(operation, answers);
  {
    Transaction transaction(lms_->database());
    lms_->finish_operation(operation, "");
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
    const auto event = bridge_->report({{"report", "event"}, {"id", answer.event_id}});
    fate.state = text_of(event, "state");
    fate.deferral = text_of(event, "deferral");
    fate.text = text_of(event, "last_error");
  }
  return fate;
}

OperationResult Session::wait(std::uint64_t handle) {
  return handle == 0 || use_ == Use::note ? OperationResult{} : wait_for(handle);
}

OperationResult Session::wait_for(std::uint64_t handle) {
  bool stopping = false;
  while (true) {
    if (const auto result = bridge_->wait(handle, kWaitSliceMs)) {
      progress_.end();
      return *result;
    }
    if (interrupts >= 1 && !stopping) {
      stopping = true;
      bridge_->administer({{"do", "stop"}});
      progress_.clear();
      say("stopping after the exchange in flight; Ctrl-C again leaves at once");
    }
    if (interrupts >= 2)
      refuse("left at once; nothing is lost: what was not acknowledged is sent again by the next save");
  }
}

Tool Session::need_tool(const Locator& locator) {
  if (auto tool = lms_->tool(locator)) return *tool;
  refuse("no tool {} is installed: add it with `ptb-host tool add DESCRIPTOR.xml --secret-file FILE`",
         to_text(locator));
}

void Session::load_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                            const std::function<bool(const Setting&)>& sink) {
  if (settings_must_fail()) refuse("PTB_HOST_FAIL_SETTINGS is set");
  lms_->visit_settings(tool, course_id, content_id, sink);
}

std::optional<std::string> Session::load_secret(const Locator& tool) {
  if (const auto installed = lms_->tool(tool); !installed || installed->wire != kLtiNotice) return lms_->secret(tool);
  auto key = lms_->lti_key();
  return key.empty() ? std::nullopt : std::optional<std::string>(std::move(key));
}

void Session::log(int level, std::string_view text) {
  if (level >= PTB_LOG_ERROR || options_.verbose) say(text);
}

void Session::callback_failed(const std::string& text) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    callback_problem_ = text;
  } catch (...) {
    std::fputs("ptb-host: a callback failed, and so did noting it\n", stderr);
  }
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

void Session::progress(const ptb_progress& progress) {
  progress_.update(std::string(as_view(progress.lane)), progress.done, progress.total);
}

}  // namespace host
