// The lti-notice wire: LTI 1.3 Platform Notification Service 1.0. A copied or imported course becomes a signed
// LtiContextCopyNotice, an HTTP status becomes an outcome. Sends nothing itself.
#pragma once

#include "core/wire.h"
#include "wire/rsa_key.h"

namespace ptb {

/// What tools receive is described in docs/protocol.md. Callable from any thread. Keeps the platform's parsed keys of
/// late (RsaKeys) and nothing else.
class LtiNoticeWire final : public Wire {
 public:
  LtiNoticeWire();
  /// Needs the endpoint, the client id and the deployment id.
  Result<void> check(const Tool& tool, const Descriptor& descriptor) const override;
  /// A course that came to be by copy or import. The notification service has no notice about groups, content items,
  /// exports, or a tool's state.
  bool can_say(EventKind kind) const override;
  /// Takes up to max_batch events. `secret`: the platform's private RSA key, see RsaKey::from_pem; a bad one is
  /// unsendable, suspended.
  Result<WireRequest> build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                            std::string_view secret, int fallback) const override;
  Outcome judge(const ExchangeResult& result) const override;
  bool may_fall_back(const ExchangeResult& result) const override;

 private:
  RsaKeys keys_;
};

}  // namespace ptb
