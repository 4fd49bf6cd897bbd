// One event for a person: its life as a timeline, its settings then and now, and what could be done. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "plugin.h"

namespace host {

/// For the timeline: [{look, title, text, when}], in order. `event` and `why`: the reports event and explain.
Json timeline_of(const Json& event, const Json& why, std::int64_t now_ms);

/// What has become of it and what it waits for, in a few sentences.
std::string in_short(const Json& event, const Json& why);

/// [{scope, key, was, now, is_changed}]. `changes`: settings_changed of the replay report; null: it is not known what
/// they are now.
Json settings_then_and_now(const Json& settings, const Json& changes);

/// What `explain` suggests, each with the link that leads there: [{text, url}].
Json suggestions_of(const Json& event, const Json& why);

/// What may be ordered in its state: {can_retry, can_park, can_unpark, can_discard, can_replay}; those that cannot are
/// false.
Json orders_of(const Json& event);

}  // namespace host
