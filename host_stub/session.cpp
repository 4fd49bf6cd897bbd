// See session.h. How operations reach the bridge is in session_capture.cpp.
#include "session.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "fault_switches.h"
#include "lti_platform.h"
#include "output.h"

namespace host {

namespace {

constexpr std::uint32_t kWaitSliceMs = 100;
const Locator kNobody{"ptb-host", "nobody"};  // whom why_put_back asks about

volatile std::sig_atomic_t interrupts = 0;
void count_interrupt(int) { interrupts = interrupts + 1; }

std::string_view as_view(ptb_text text) { return text.bytes == nullptr ? "" : std::string_view(text.bytes, text.size); }

std::string store_uri(const GlobalOptions& options) {
  return options.store.empty() ? "sqlite:" + (state_path(options) / "bridge.db").string() : options.store;
}

/// False only where the store is a file that is not there yet.
bool store_exists(const std::string& uri) {
  constexpr std::string_view kFile = "sqlite:";
  std::error_code none;
  return !uri.starts_with(kFile) || std::filesystem::exists(uri.substr(kFile.size()), none);
}

/// Who orders what: $USER, or the user that this process runs as.
std::string user_name() {
  if (const char* named = std::getenv("USER"); named != nullptr && *named != '\0') return named;
  const auto* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("uid {}", ::geteuid());
}

}  // namespace

bool has_store(const GlobalOptions& options) { return store_exists(store_uri(options)); }

bool interrupted() { return interrupts != 0; }

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
  if (options_.by.empty()) options_.by = user_name();
  lms_ = std::make_unique<Lms>(state_.path() / "lms.db");
  if (use == Use::act) catch_interrupts();
  const bool changes = use == Use::act || use == Use::note || use == Use::settle;
  if (changes || (use == Use::look && has_store(options_))) open_bridge(use);
  if (!changes) return;
  put_back_ = why_put_back();
  if (!put_back_.empty() && use == Use::settle) return;
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
    if (use_ == Use::act && std::uncaught_exceptions() == 0) wait_until_idle();
    if (bridge_ != nullptr && use_ != Use::look && put_back_.empty()) tell_high_water();
  } catch (const std::exception& problem) {
    print_aside(problem.what());
  }
  progress_.clear();
}

/// An LMS that was put back uses the numbers of its operations again, and the bridge refuses every capture then, before
/// it asks for settings. Where it does ask it is told that there are none to be had, and so stores nothing either.
std::string Session::why_put_back() {
  Operation probe;
  probe.events.push_back({kNobody, "course-deleted", "", "", {}, {}});
  std::uint64_t handle = 0;
  std::string why;
  try {
    bridge_->capture(probe, handle);
  } catch (const BridgeError& error) {
    if (error.status() == PTB_E_REFUSED) why = error.what();
  }
  return why;
}

/// The bridge learns the number of the newest operation when it is opened, and this one was opened before the operation
/// was done. Told now, it sees an LMS that is put back to the moment before.
void Session::tell_high_water() {
  if (lms_->high_water() == told_high_water_) return;
  bridge_.reset();
  open_bridge(Use::note);
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
  told_high_water_ = lms_->high_water();
  open.high_water = static_cast<std::uint64_t>(told_high_water_) + 1;  // 0 would say that it is not used
  open.exchange_timeout_ms = options_.exchange_timeout_ms;
  open.connect_timeout_ms = options_.connect_timeout_ms;
  open.contact_interval_ms = options_.contact_interval_ms;
  open.capture_only = use == Use::look;
  // Without a thread, and never pumped, a bridge sends nothing.
  open.own_thread = !options_.pumped && use == Use::act;
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

Json Session::order(Json what, std::uint64_t* handle) {
  what["by"] = options_.by;
  return bridge_->administer(what, handle);
}

OperationResult Session::wait(std::uint64_t handle) {
  return handle == 0 || use_ != Use::act ? OperationResult{} : wait_for(handle);
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
      order({{"do", "stop"}});
      progress_.clear();
      print_aside("stopping after the exchange in flight; Ctrl-C again leaves at once");
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
  if (tool == kNobody) refuse("nothing is to be captured");
  if (settings_must_fail()) refuse("PTB_HOST_FAIL_SETTINGS is set");
  lms_->visit_settings(tool, course_id, content_id, sink);
}

std::optional<std::string> Session::load_secret(const Locator& tool) {
  if (const auto installed = lms_->tool(tool); !installed || installed->wire != kLtiNotice) return lms_->secret(tool);
  auto key = lms_->lti_key();
  return key.empty() ? std::nullopt : std::optional<std::string>(std::move(key));
}

void Session::log(int level, std::string_view text) {
  if (level >= PTB_LOG_ERROR || options_.verbose) print_aside(text);
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

/// Also kept in the state directory, since it is told once only and nobody may be looking.
void Session::watch(const ptb_watch& watch) {
  const auto line = fmt::format("{}: {}{}", watch.raised == 1 ? "warning" : "over", as_view(watch.text),
                                watch.raised == 1 ? ": `ptb-host lanes` shows what waits" : "");
  progress_.clear();
  print_aside(line);
  std::ofstream log(state_.path() / "host.log", std::ios::app);
  log << time_text(now_ms()) << ' ' << line << '\n';
}

void Session::progress(const ptb_progress& progress) {
  progress_.update(std::string(as_view(progress.lane)), progress.done, progress.total);
}

}  // namespace host
