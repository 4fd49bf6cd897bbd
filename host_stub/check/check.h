// `ptb-host check`: does this tool cope with what the bridge will send it? Named cases, a finding for each, reports.
#pragma once

#include "check/subject.h"

namespace host {

/// Returns the exit status: 0 no case failed, 1 one did, or nothing could be asked. Throws Refusal: wrong usage, a file
/// that cannot be read or written.
int run_check(const GlobalOptions& global, const CheckOptions& options);

}  // namespace host
