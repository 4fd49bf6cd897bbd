// A tool registers itself: who is let in, and what it is registered as. Knows no SOAP; what is stored is done by
// tool_registration.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "session.h"

namespace host {

/// What a tool says of itself.
struct SelfRegistration {
  std::string vendor;
  std::string program;
  std::string password;     ///< registration password
  std::string description;  ///< a registration document, or plain text: a tool without actions and placements
  std::string secret;
};

/// What is known when a tool asks to be registered.
struct Asked {
  bool password_set = false;      ///< the administrator wants a registration password …
  bool password_right = false;    ///< … and this is it
  bool is_known = false;          ///< a tool is registered under these codes
  bool is_own_secret = false;     ///< … and has that secret
  bool is_reregistering = false;  ///< it has been asked to register again, with the password that it names
};

enum class Admission { fresh, again, wrong_password, already_there };

/// Whoever knows the locator of a tool must not be able to take its place: registering again takes the answer to a
/// reregister call, or, where no registration password is set, the secret that the tool has.
Admission admit(const Asked& asked);

struct SelfRegistered {
  std::string guid;   ///< empty: not registered
  std::string state;  ///< wire word
  std::vector<std::string> failures = {};
};

/// The text that clients compare with, where a tool is registered already.
inline constexpr const char* kAlreadyRegistered = "Cannot reregister an activated client";

/// All of it, or nothing. What is wrong with the registration is in `failures`; throws what is no fault of the tool's.
SelfRegistered register_self(Session& session, const SelfRegistration& registration);

/// The registration document for these codes: the one given, with its codes replaced, or one made from plain text. What
/// is no such document is returned as it is, for its reader to say what is wrong.
std::string descriptor_for(const Locator& locator, std::string_view description);

/// The tool wants to be called no more, until an administrator saves it. It is not told, since it waits for the answer.
void deactivate(Session& session, const Locator& locator);

}  // namespace host
