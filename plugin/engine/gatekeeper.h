// Asks a policy about one waiting event, with what the store knows: may it go out, is it too old. Changes nothing.
#pragma once

#include <memory>
#include <optional>

#include "core/policy.h"
#include "core/store.h"

namespace ptb {

class Gatekeeper {
 public:
  /// For a lane whose tool stands so; empty: it is not installed.
  Gatekeeper(Store& store, const Policy& policy, const Lane& lane, std::optional<ToolState> condition)
      : store_(store), policy_(policy), lane_(lane), condition_(condition) {}
  Gatekeeper(Store& store, const Policy& policy, const Lane& lane, const std::optional<Tool>& tool)
      : store_(store), policy_(policy), lane_(lane) {
    if (tool) condition_ = tool->state;
  }

  /// `stored` with its settings.
  [[nodiscard]] Gate gate(const StoredEvent& stored, std::int64_t now_ms) const;
  /// When the event is given up for its age; 0: never.
  [[nodiscard]] std::int64_t given_up_at(const StoredEvent& stored) const;

 private:
  [[nodiscard]] std::string known(const StoredEvent& stored, const Delay& delay) const;

  Store& store_;
  const Policy& policy_;
  const Lane& lane_;
  std::optional<ToolState> condition_;
};

/// True where waiting under that policy can end, or go on, for reasons of time or of values: its events are looked at
/// before a walk.
bool looks_at_events(const Policy& policy);
/// True where the policy gives events up for their age.
bool gives_up_by_age(const Policy& policy);

/// The state and the reason of an event that its policy gives up. A tool that is given up keeps its events.
struct GivenUp {
  EventState state = EventState::pending;
  bool suspend_tool = false;
};
GivenUp given_up(GiveUp::Then then);

}  // namespace ptb
