// The story that the project exists for, played in a directory of its own with the reference tool in a process of its
// own, and proved from that tool's log.
#pragma once

#include "session.h"

namespace host {

struct DemoOptions {
  bool keep = false;  ///< keep the directory, and say where it is
};

/// Exit status 1 where anything differs from what is promised.
int run_demo(const GlobalOptions& global, const DemoOptions& options);

}  // namespace host
