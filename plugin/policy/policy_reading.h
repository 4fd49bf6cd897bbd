// From the elements of a policy document to a Policy, and all that a policy must not say. Knows what the elements mean;
// where they stand is known to DocumentReading.
#pragma once

#include "core/policy.h"
#include "policy/document_reading.h"

namespace ptb {

/// Where something is wrong the document's problem() says so, and what is returned is of no use.
Policy read_policy_elements(DocumentReading& document);

}  // namespace ptb
