// What Util.WS does: the settings of the tool that has logged in.
#pragma once

#include <string>

#include "session.h"
#include "soap/caller.h"

namespace host::soap {

class SettingOperations {
 public:
  explicit SettingOperations(const GlobalOptions& options) : options_(options) {}
  /// What the operation returns, as XML. It is one of the contract's. Throws Fault.
  std::string run(const Call& call, const Caller& caller);

 private:
  const GlobalOptions& options_;
};

}  // namespace host::soap
