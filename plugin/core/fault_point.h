// Named points of capture and walk at which the crash tests kill the process. The shipped plugin leaves the hook empty.
#pragma once

namespace ptb {

using FaultPointHook = void (*)(const char* name);
inline constinit FaultPointHook fault_point_hook = nullptr;

inline void fault_point(const char* name) {
  if (fault_point_hook != nullptr) fault_point_hook(name);
}

}  // namespace ptb
