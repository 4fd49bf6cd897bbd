// Who makes a call: nobody yet, a session, or the tool that has logged in with it.
#pragma once

#include <optional>
#include <string>

#include "soap/envelope.h"
#include "soap/sessions.h"

namespace host::soap {

struct Caller {
  std::string session;          ///< empty: none has been begun
  std::optional<Locator> tool;  ///< logged in

  /// The tool, or a Fault that says how to log in.
  const Locator& need_tool() const {
    if (!tool)
      throw Fault(Fault::Side::sender, kNeedsTool, "only a tool may do that: call loginTool with this session");
    return *tool;
  }
  [[nodiscard]] const std::string& need_session() const {
    if (session.empty())
      throw Fault(Fault::Side::sender, kInvalidSession, "Invalid session: call initialize and send what it returns");
    return session;
  }
};

/// Throws Fault: no UsernameToken, another user than `session`, or a session that is not (any more).
inline Caller caller_of(const Call& call, Sessions& sessions) {
  if (!call.token)
    throw sender_fault("there is no WS-Security UsernameToken: send user session and password nosession");
  if (call.token->user != "session" && call.token->user != "SESSION" && call.token->user != "Session")
    throw sender_fault("the user of the UsernameToken must be session");
  const auto& id = call.token->password;
  // A client whose session has ended begins a new one, and may still send the old one with that.
  if (id == "nosession" || call.operation.starts_with("initialize")) return {};
  const auto open = sessions.find(id);
  if (!open)
    throw Fault(Fault::Side::sender, kInvalidSession, "Invalid session: it has ended or never began; call initialize");
  return {open->id, open->tool};
}

}  // namespace host::soap
