// What Context.WS does: sessions, registration, login.
#pragma once

#include <mutex>
#include <string>

#include "session.h"
#include "soap/caller.h"

namespace host::soap {

class ContextOperations {
 public:
  ContextOperations(const GlobalOptions& options, Sessions& sessions) : options_(options), sessions_(sessions) {}
  /// What the operation returns, as XML. It is one of the contract's. Throws Fault.
  std::string run(const Call& call, const Caller& caller);

 private:
  std::string register_tool(const Call& call);
  std::string login_tool(const Call& call, const Caller& caller);
  std::string deactivate_tool(const Caller& caller);

  const GlobalOptions& options_;
  Sessions& sessions_;
  std::mutex registering_;  ///< of two that register one tool at once, the second finds the first
};

}  // namespace host::soap
