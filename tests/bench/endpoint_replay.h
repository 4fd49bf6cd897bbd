// The bridge doing the job that other queues are given: so many events for one or more endpoints captured beforehand,
// then delivered in order, with shipped defaults.
#pragma once

#include "groups.h"
#include "measure.h"

namespace bench {

class EndpointReplay {
 public:
  /// `policy`: of all its tools; empty: the default.
  EndpointReplay(Run& run, const StoreUri& store, int endpoints, const std::string& policy = {});

  /// Captures `events` in all and delivers them; the time is that from the first save to the end of the last walk.
  /// Throws where not all of them came, once and in order.
  Sample deliver(int events);

 private:
  ToolServer& server_;
  Bridge bridge_;
  int endpoints_;
};

}  // namespace bench
