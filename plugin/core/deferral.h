// The deferral table (proxy-tool-protocol §4): what happens to an event of each kind under each condition of its tool,
// and what a failure of communication then does. Data, and pure functions over it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/event.h"
#include "core/outcome.h"
#include "core/tool.h"

namespace ptb {

/// What capture does with an event.
struct CaptureDecision {
  enum class Verdict : std::uint8_t {
    deliver,  ///< store, and make the first attempt now
    defer,    ///< store, and wait for the reason in `deferral`
    ignore,   ///< store nothing
  };
  Verdict verdict{};
  Deferral deferral{};          ///< of deliver: first_attempt
  std::string_view ignored_as;  ///< of ignore: tool_not_installed, tool_not_available, no_handler,
                                ///< wire_cannot_say; of actions that never wait also lane_held, lane_suspended,
                                ///< lane_queued, lane_waits_for_save
};

/// How the tool and the lane stand at the moment of capture.
struct ToolCondition {
  std::optional<ToolState> installed_as;  ///< empty: not installed
  bool has_handler = true;                ///< the descriptor names the action; true while not installed
  bool wire_can_say = true;               ///< the tool's wire has words for the event; true while not installed
  bool lane_has_backlog = false;
  bool lane_released = true;  ///< false: events from before the installation wait for an administrator's save
  bool lane_held = false;
  bool lane_suspended = false;  ///< or the whole tool is
  bool lane_queued = false;
  std::optional<Deferral> gate;  ///< delayed or maintenance: its policy lets the event not go out now
};

CaptureDecision decide_capture(EventKind kind, const ToolCondition& condition);

/// False for the actions that are never queued (course-deleted, …-exported): where the walk that should have delivered
/// them stops, they end as discarded.
bool waits_after_failure(EventKind kind);

/// What came of an act on a tool, by its row of proxy-tool-protocol §4: state_change, remove, reregister or ping.
struct ActResult {
  bool done = false;  ///< false: the act itself failed
  std::string text;   ///< what an administrator reads; empty: nothing to say
};

/// `state`: of state_change, the state asked for. No handler in the descriptor counts as heard.
ActResult judge_act(EventKind act, const Locator& tool, ToolState state, const Outcome& outcome);

/// Why a pending event waits now. `is_head`: it is the first pending event of its lane. `last_walk_failed`: the lane's
/// last walk was stopped by a failure of communication.
Deferral deferral_now(const ToolCondition& condition, Deferral captured_as, bool is_head, bool last_walk_failed);

}  // namespace ptb
