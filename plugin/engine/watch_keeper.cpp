#include "engine/watch_keeper.h"

#include <string>

namespace ptb {

namespace {

/// The age of what waits is looked up lane by lane, so no more often than this.
constexpr std::int64_t kLookIntervalMs = 1'000;

}  // namespace

void WatchKeeper::set_due(const Locator& tool, Watched& watched, std::int64_t at_ms) {
  if (watched.due_ms != 0) due_.erase({watched.due_ms, tool});
  watched.due_ms = at_ms;
  if (at_ms != 0) due_.emplace(at_ms, tool);
}

void WatchKeeper::note(const Locator& tool, std::int64_t lane, bool suspended) {
  if (suspended)
    tools_[tool].suspended.insert(lane);
  else if (const auto at = tools_.find(tool); at != tools_.end())
    at->second.suspended.erase(lane);
}

void WatchKeeper::look_at_due(const Moment& now) {
  while (!due_.empty() && due_.begin()->first <= now.wall_ms) {
    const Locator tool = due_.begin()->second;
    set_due(tool, tools_[tool], 0);
    tools_[tool].looked_at_ms = 0;
    look(tool, now);
  }
}

void WatchKeeper::look_at_all(const Moment& now) {
  std::set<Locator> all;
  for (const auto& [tool, watched] : tools_) all.insert(tool);
  for (const Locator& tool : all) look(tool, now);
}

void WatchKeeper::look(const Locator& tool, const Moment& now) {
  const auto policy = context_.tools.policy(tool);
  const bool has_limits = policy->watch_waiting != 0 || policy->watch_age_ms != 0;
  const auto at = tools_.find(tool);
  if (!has_limits && at == tools_.end()) return;
  Watched& watched = at == tools_.end() ? tools_[tool] : at->second;
  if (!watched.known) {
    const auto raised = context_.store.watch_raised(tool);
    if (!raised) return;
    watched.known = true;
    watched.raised = *raised;
  }
  if (policy->watch_age_ms != 0 && watched.looked_at_ms != 0 && now.wall_ms >= watched.looked_at_ms &&
      now.wall_ms - watched.looked_at_ms < kLookIntervalMs) {
    const std::int64_t next_ms = watched.looked_at_ms + kLookIntervalMs;
    if (watched.due_ms == 0 || watched.due_ms > next_ms) set_due(tool, watched, next_ms);
    return;
  }
  watched.looked_at_ms = now.wall_ms;
  const auto backlog = context_.store.backlog(tool);
  if (!backlog) return;
  const std::int64_t too_old_at =
      policy->watch_age_ms != 0 && backlog->oldest_at != 0 ? backlog->oldest_at + policy->watch_age_ms : 0;
  const bool too_many = policy->watch_waiting != 0 && backlog->waiting > policy->watch_waiting;
  const bool too_old = too_old_at != 0 && now.wall_ms > too_old_at;
  const bool stopped = !watched.suspended.empty() && backlog->waiting > 0;
  set_due(tool, watched, too_old_at != 0 && !too_old ? too_old_at + 1 : 0);
  const bool raised = too_many || too_old || stopped;
  if (raised == watched.raised) return;
  if (!context_.store.put_watch(tool, raised)) return;  // told again rather than never
  watched.raised = raised;
  std::string text = std::to_string(backlog->waiting) + " events wait for " + to_text(tool);
  if (backlog->oldest_at != 0) text += ", the oldest since " + rfc3339(backlog->oldest_at);
  if (stopped)
    text += "; nothing more is sent there until somebody acts: see the lanes";
  else if (raised)
    text += "; that is beyond the limit of its policy: see the lanes";
  else
    text += "; that is within its limits again";
  context_.host.watch({&tool, raised, backlog->waiting, backlog->oldest_at, text});
}

}  // namespace ptb
