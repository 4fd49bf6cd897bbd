// Bugs that the simulation plants, one at a time, to prove that it would find them. Nothing but that test sets the
// number; the shipped plugin reads a zero.
#pragma once

#include <cstdint>

namespace ptb {

enum class PlantedBug : std::uint8_t {
  none,
  settle_before_answer,     ///< an event counts as delivered as soon as its request goes out
  skip_head_on_restart,     ///< a walk after one that stopped begins with the second event
  mark_past_gap,            ///< the mark moves over what was read and not over what was answered
  id_without_tool,          ///< one operation for two tools makes one event
  snapshot_at_send,         ///< the settings of now, whatever the policy says
  two_walkers,              ///< a contact begins another walk of a lane that is walked
  live_event_overtakes,     ///< what was captured behind a backlog goes first
  budget_spent_uninstalled  ///< the time before the installation counts towards the age of a tool that is down
};

inline constinit PlantedBug planted_bug = PlantedBug::none;

inline bool planted(PlantedBug bug) { return planted_bug == bug; }

}  // namespace ptb
