// See house.h.
#include "house.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "fault_switches.h"
#include "lti_platform.h"
#include "output.h"

namespace host {

namespace {

std::string_view as_view(ptb_text text) { return text.bytes == nullptr ? "" : std::string_view(text.bytes, text.size); }

}  // namespace

House::House(const GlobalOptions& options, Opening opening)
    : options_(options), opening_(opening), state_(state_path(options)) {
  lms_ = std::make_unique<Lms>(state_.path() / "lms.db");
  if (opening != Opening::none) open_bridge(opening);
}

House::~House() = default;

BridgeOptions House::bridge_options(Opening opening) {
  BridgeOptions open;
  open.store = store_uri(options_);
  open.tcbaseurl = options_.tcbaseurl;
  open.generation = lms_->generation();
  told_high_water_ = lms_->high_water();
  open.high_water = static_cast<std::uint64_t>(told_high_water_) + 1;  // 0 would say that it is not used
  open.exchange_timeout_ms = options_.exchange_timeout_ms;
  open.connect_timeout_ms = options_.connect_timeout_ms;
  open.contact_interval_ms = options_.contact_interval_ms;
  open.capture_only = opening == Opening::look;
  // Without a thread, and never pumped, a bridge sends nothing.
  open.own_thread = !options_.pumped && opening == Opening::full;
  return open;
}

void House::open_bridge(Opening opening) {
  HostFace& face = *this;  // a private base: make_unique could not see it
  const auto open_as = [&](Opening as) {
    bridge_ = std::make_unique<Bridge>(Plugin::load(options_.plugin), bridge_options(as), face);
  };
  if (opening != Opening::look) return open_as(opening);
  try {
    open_as(Opening::look);
  } catch (const Refusal&) {
    open_as(Opening::quiet);  // the store of an earlier version is brought up to date, which who only looks may not
  }
}

void House::reopen_bridge() { bridge_->reopen(bridge_options(opening_)); }

void House::tell_high_water() {
  if (bridge_ == nullptr || lms_->high_water() == told_high_water_) return;
  bridge_.reset();
  open_bridge(Opening::quiet);
}

void House::add(Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(&listener);
}

void House::remove(Listener& listener) {
  const std::lock_guard lock(mutex_);
  std::erase(listeners_, &listener);
}

void House::leave_over(std::int64_t operation) {
  const std::lock_guard lock(mutex_);
  left_over_.insert(operation);
}

std::set<std::int64_t> House::take_left_over() {
  const std::lock_guard lock(mutex_);
  return std::exchange(left_over_, {});
}

std::string House::take_callback_problem() {
  const std::lock_guard lock(mutex_);
  return std::exchange(callback_problem_, {});
}

void House::load_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                          const std::function<bool(const Setting&)>& sink) {
  if (tool == kNobody) refuse("nothing is to be captured");
  if (settings_must_fail()) refuse("PTB_HOST_FAIL_SETTINGS is set");
  lms_->visit_settings(tool, course_id, content_id, sink);
}

std::optional<std::string> House::load_secret(const Locator& tool) {
  if (const auto installed = lms_->tool(tool); !installed || installed->wire != kLtiNotice) return lms_->secret(tool);
  auto key = lms_->lti_key();
  return key.empty() ? std::nullopt : std::optional<std::string>(std::move(key));
}

void House::log(int level, std::string_view text) {
  if (level >= PTB_LOG_ERROR || options_.verbose) print_aside(text);
}

void House::callback_failed(const std::string& text) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    callback_problem_ = text;
  } catch (...) {
    std::fputs("ptb-host: a callback failed, and so did noting it\n", stderr);
  }
}

void House::outcome(const ptb_outcome& outcome) {
  const std::lock_guard lock(mutex_);
  for (auto* listener : listeners_) listener->outcome(outcome);
}

void House::progress(const ptb_progress& progress) {
  const std::lock_guard lock(mutex_);
  for (auto* listener : listeners_) listener->progress(progress);
}

/// Also kept in the state directory, since it is told once only and nobody may be looking.
void House::watch(const ptb_watch& watch) {
  const auto line = fmt::format("{}: {}{}", watch.raised == 1 ? "warning" : "over", as_view(watch.text),
                                watch.raised == 1 ? ": `ptb-host lanes` shows what waits" : "");
  {
    const std::lock_guard lock(mutex_);
    for (auto* listener : listeners_) listener->watch(watch);
  }
  print_aside(line);
  std::ofstream log(state_.path() / "host.log", std::ios::app);
  log << time_text(now_ms()) << ' ' << line << '\n';
}

}  // namespace host
