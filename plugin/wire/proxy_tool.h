// The proxy-tool wire: one event becomes one form-encoded POST with a MAC, one short body becomes an outcome. Sends
// nothing itself.
#pragma once

#include <string>
#include <string_view>

#include "core/wire.h"
#include "wire/mac.h"

namespace ptb {

/// proxy-tool-protocol §1 to §4. Callable from any thread.
///
/// Parameters, where several have one name the first wins: the protocol's generic ones; the bridge's own (event_id,
/// event_sequence, event_time, deferred, attempt), left out in strict mode and for state-change; the event's arguments;
/// the action's fixed ones; the settings. `mac` comes from nowhere else. event_time is when it happened, in
/// milliseconds since the epoch like `timestamp`.
class ProxyToolWire final : public Wire {
 public:
  Result<void> check(const Tool& tool, const Descriptor& descriptor) const override;
  bool can_say(EventKind kind) const override;
  /// Takes the first event only. A path that is an absolute URL says itself where it goes and has no fallback.
  Result<WireRequest> build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                            std::string_view secret, int fallback) const override;
  Outcome judge(const ExchangeResult& result) const override;
  bool may_fall_back(const ExchangeResult& result) const override;

 private:
  Mac mac_;
};

/// Appends application/x-www-form-urlencoded text: [A-Za-z0-9*-._] as they are, a space as '+', every other byte as
/// %XX.
void append_form_encoded(std::string& out, std::string_view text);

}  // namespace ptb
