// The pages of one tool beside its first one; see pages.h.
#pragma once

#include "serve/api.h"
#include "serve/router.h"

namespace host {

/// Ping, reregister, remove, claim, and what is queued for pull.
void add_tool_order_pages(Router& router, Serving& serving);
void add_tool_event_pages(Router& router, Serving& serving);
void add_tool_setting_pages(Router& router, Serving& serving);
void add_tool_policy_pages(Router& router, Serving& serving);
void add_tool_replay_pages(Router& router, Serving& serving);

}  // namespace host
