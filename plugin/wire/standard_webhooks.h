// The standard-webhooks wire: Standard Webhooks 1.0.0 around CloudEvents 1.0. Events become signed JSON, an HTTP status
// becomes an outcome. Sends nothing itself and keeps no secret.
#pragma once

#include "core/wire.h"

namespace ptb {

/// What tools receive is described in docs/protocol.md. Callable from any thread.
///
/// The bytes of an event are the same at every attempt; what an attempt has of its own (webhook-timestamp, signatures)
/// stands in headers. The event's context is never sent, but for its returnurl.
class StandardWebhooksWire final : public Wire {
 public:
  StandardWebhooksWire();
  Result<void> check(const Tool& tool, const Descriptor& descriptor) const override;
  bool can_say(EventKind kind) const override;
  /// Takes up to max_batch events that go to one URL and are 1 MiB together at most; an event that cannot be said ends
  /// the request before it. `secret`: see webhook_signatures; a bad one is unsendable, suspended.
  Result<WireRequest> build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                            std::string_view secret, int fallback) const override;
  Outcome judge(const ExchangeResult& result) const override;
  bool may_fall_back(const ExchangeResult& result) const override;
};

}  // namespace ptb
