// The reregister calls that this process is just making: for as long as one lasts, its tool may register again with the
// password that the call sent. Ends with the process, so that a crash leaves no door open.
#pragma once

#include <string>
#include <string_view>

#include "lms.h"

namespace host {

/// Alive while the tool is being called.
class ReregisterCall {
 public:
  ReregisterCall(const Locator& tool, std::string password);
  ~ReregisterCall();
  ReregisterCall(const ReregisterCall&) = delete;
  ReregisterCall& operator=(const ReregisterCall&) = delete;
};

/// Is the tool being called with that password?
bool is_reregistering(const Locator& tool, std::string_view password);

}  // namespace host
