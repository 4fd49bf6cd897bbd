// What the page of an operation shows: what was done to the small LMS, and what tools hear of it. Pure.
#pragma once

#include <string>
#include <vector>

#include "plugin.h"
#include "serve/jobs.h"

namespace host {

/// Events of a result whose state the page shows as it is now; of the rest it says only how many there are.
inline constexpr std::size_t kMostEventsShown = 100;

/// For operation.mustache. `now`: events by id as the bridge reports them now, for some of the result's or none.
/// `package_url`: where what was exported can be downloaded; may be empty.
Json operation_model(const JobView& job, const Json& now, const std::string& package_url);

/// Why an event waits, in a few words, of the word that stands in reports.
std::string deferral_words(const std::string& deferral);

}  // namespace host
