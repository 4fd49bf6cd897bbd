// How the reference tool reads a call on each wire: is it well formed, does it really come from the LMS, was it heard
// before? Behind one interface, so that the desk knows no wire. Reads no clock and knows no sockets.
#pragma once

#include <memory>

#include "http/message.h"
#include "lti/jwks.h"
#include "receive/fault_script.h"
#include "receive/log_line.h"
#include "receive/verifier.h"

namespace host {

struct Inspection {
  Params params;                // in the words of the classic wire (action, event_id, …), event after event
  std::optional<bool> mac_ok;   // signature or MAC; none: there is nothing to check it with
  bool repeat = false;          // every event of the call was received before
  std::string problem;          // empty: the call is taken; else nothing of it was remembered
  Step refusal{Act::error, 0};  // what is answered where there is a problem
};

class WireInspector {
 public:
  virtual ~WireInspector() = default;
  /// Judges a call that came at `now_ms` and, where there is no problem, remembers it.
  virtual Inspection inspect(const Request& request, std::int64_t now_ms) = 0;
  /// Remembers a call that was taken in an earlier life.
  virtual void recall(const LogLine& line) = 0;
  /// What the script's word `error` means on this wire.
  [[nodiscard]] virtual Step says_error() const = 0;
};

/// Event ids that were received, over calls that carry one event or many.
class HeardEvents {
 public:
  HeardEvents();
  /// Remembers every event_id in `params`; true where there are some and all were remembered already.
  bool add(const Params& params);

 private:
  RecentTexts ids_;
};

/// The content type of a request without its parameters, in lower case.
std::string media_type(const Request& request);

std::unique_ptr<WireInspector> proxy_tool_inspector(Verifier verifier);

/// `secret`: keys between white space, any of which may have signed: whsec_ (HMAC-SHA256), whpk_ or whsk_ (Ed25519,
/// public or private half). Without one the signature is not checked. The error is one line.
tl::expected<std::unique_ptr<WireInspector>, std::string> standard_webhooks_inspector(
    const std::optional<std::string>& secret, std::int64_t window_ms);

/// Without `jwks` the signature is not checked.
std::unique_ptr<WireInspector> lti_notice_inspector(std::optional<JwksSource> jwks, std::int64_t window_ms);

}  // namespace host
