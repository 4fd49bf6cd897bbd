// Answers of wires on which the HTTP status is all of the answer. Knows no format.
#pragma once

#include "core/outcome.h"
#include "core/transport.h"

namespace ptb {

/// 2xx: acknowledged. 410, and a destination that the guard forbids: suspended. All else: failed, with what
/// Retry-After asked for where the status is 429, 502, 503 or 504. Nothing is `refused`: a receiver that answers 4xx is
/// more often wrongly set up than of another opinion, so the event must stay.
Outcome outcome_of_status(const ExchangeResult& result);

}  // namespace ptb
