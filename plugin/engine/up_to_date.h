// What a policy wants to be sent as it is at the moment of sending, and not as it was at capture: settings, and the
// tool's own id of an item that was not known then.
#pragma once

#include "engine/active_walk.h"

namespace ptb {

/// Changes the event's arguments and `settings` (encode_settings) where the policy asks for that; true where the
/// settings may differ. Errors: Status::host where they cannot be loaded.
Result<bool> bring_up_to_date(const SendContext& context, const Policy& policy, const Locator& tool,
                              StoredEvent& stored, std::string& settings);

}  // namespace ptb
