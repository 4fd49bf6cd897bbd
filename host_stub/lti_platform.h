// The small LMS as an LTI platform: its key, and the notice that greets a new handler. What happened in courses the
// bridge tells; this does not.
#pragma once

#include <stop_token>
#include <string>
#include <tl/expected.hpp>

#include "lms.h"
#include "lti/rsa_key.h"

namespace host {

inline constexpr const char* kLtiNotice = "lti-notice";
inline constexpr const char* kHelloNotice = "LtiHelloWorldNotice";
inline constexpr const char* kCopyNotice = "LtiContextCopyNotice";

/// The platform's key pair; made, and stored, when it is asked for the first time.
RsaKey platform_key(Lms& lms);

/// The body of a request with one LtiHelloWorldNotice, signed now.
std::string hello_notice(const Tool& tool, const std::string& issuer, const RsaKey& key);

/// Sends it to `handler` under what the administrator allows the tool. Returns one line that says what came of it.
std::string send_hello(const Tool& tool, const std::string& handler, const std::string& body,
                       const std::stop_token& stop);

}  // namespace host
