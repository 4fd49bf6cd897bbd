// Named points of capture and walk at which the crash tests kill the process. The shipped plugin leaves the hook empty.
#pragma once

namespace ptb {

inline constinit void (*fault_point_hook)(const char* name) = nullptr;

inline void fault_point(const char* name) {
  if (fault_point_hook != nullptr) fault_point_hook(name);
}

}  // namespace ptb
