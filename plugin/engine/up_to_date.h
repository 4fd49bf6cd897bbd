// What of an event goes out as it is at that moment and not as it was captured, because its policy says so.
#pragma once

#include "engine/active_walk.h"

namespace ptb {

/// Puts the settings of now into `stored.settings` where the policy wants these, and into its arguments the tool's own
/// id of its item where a delay has waited for that. Called right before each sending: either may change between the
/// reading of an event and its turn. Errors: those of the host's settings callback.
Result<void> bring_up_to_date(StoredEvent& stored, const Policy& policy, const Locator& tool, SendContext& context);

}  // namespace ptb
