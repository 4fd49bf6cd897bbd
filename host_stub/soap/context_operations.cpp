#include "soap/context_operations.h"

#include <fmt/format.h>

#include <charconv>

#include "output.h"
#include "registration_password.h"
#include "self_registration.h"
#include "soap/answers.h"

namespace host::soap {

namespace {

constexpr int kVersion = 1;

/// 0 where it is no number.
std::int64_t seconds_in(const std::string& text) {
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

}  // namespace

std::string ContextOperations::run(const Call& call, const Caller& caller) {
  const auto& what = call.operation;
  if (what == "initialize" || what == "initializeVersion2") return returned(sessions_.begin());
  if (what == "registerTool") return register_tool(call);
  if (what == "loginTool") return login_tool(call, caller);
  if (what == "deactivateTool") return deactivate_tool(caller);
  if (what == "getServerVersion") return returned_version(kVersion);
  if (what == "getRequiredEntitlements") return {};  // here everybody may do everything: a list of none
  if (what == "logout") return returned(sessions_.end(caller.need_session()));
  if (what == "extendSessionLife") {
    caller.need_tool();
    return returned(sessions_.extend(caller.session, seconds_in(call.argument("additionalSeconds"))));
  }
  if (what == "getSystemInstallationId") return returned(Session(options_, Session::Use::lms).lms().generation());
  throw sender_fault(fmt::format("{} is not offered here: this LMS has no users", what), kNotOffered);
}

std::string ContextOperations::register_tool(const Call& call) {
  const SelfRegistration registration{call.argument("clientVendorId"), call.argument("clientProgramId"),
                                      call.argument("registrationPassword"), call.argument("description"),
                                      call.argument("initialSharedSecret")};
  const std::lock_guard lock(registering_);
  Session session(options_, Session::Use::note);
  const auto registered = register_self(session, registration);
  const auto name = cut(registration.vendor + "/" + registration.program, 120);
  print_line(registered.failures.empty()
                 ? fmt::format("{} registered itself, {}", name, registered.state)
                 : fmt::format("{} was not registered: {}", name, cut(registered.failures.back(), 300)));
  flush_output();
  return returned_result(context_contract(), registered.failures, registered.guid);
}

std::string ContextOperations::login_tool(const Call& call, const Caller& caller) {
  const auto& id = caller.need_session();
  const Locator locator{call.argument("clientVendorId"), call.argument("clientProgramId")};
  Session session(options_, Session::Use::lms);
  const auto tool = session.lms().tool(locator);
  if (!tool) throw sender_fault("no such tool is registered: call registerTool", kUnknownTool);
  const auto secret = session.lms().secret(locator);
  if (!secret || !is_same_secret(*secret, call.argument("password")))
    throw sender_fault("Invalid password for a client program: it is the tool's shared secret", kWrongSecret);
  if (tool->state == "unavailable")
    throw sender_fault("Proxy Tool is not currently available: an administrator must save it", kToolUnavailable);
  return returned(sessions_.log_in(id, locator, seconds_in(call.argument("expectedLifeSeconds"))));
}

std::string ContextOperations::deactivate_tool(const Caller& caller) {
  const auto& locator = caller.need_tool();
  Session session(options_, Session::Use::note);
  if (!session.lms().tool(locator)) throw sender_fault("the tool has been removed", kUnknownTool);
  deactivate(session, locator);
  return returned_result(context_contract(), {}, {});
}

}  // namespace host::soap
