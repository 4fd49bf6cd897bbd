// Port: how events become an HTTP request, and how an answer becomes an outcome. A wire is the only place that knows a
// format. It does no I/O, reads no clock and keeps no state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/event.h"
#include "core/outcome.h"
#include "core/result.h"
#include "core/snapshot.h"
#include "core/tool.h"
#include "core/transport.h"

namespace ptb {

/// How the LMS presents itself to tools.
struct HostIdentity {
  std::string tcbaseurl;  ///< scheme://host:port
  std::string locale;
  std::string direction;
  std::string lti_issuer;  ///< `iss` of LTI messages
};

/// A tool, made ready for sending.
struct ToolAtSend {
  Tool tool;
  Descriptor descriptor;
  HostIdentity host;
  std::shared_ptr<const Destination> destination;
};

/// One event on its way out.
struct Outgoing {
  const StoredEvent* stored = nullptr;
  const PairViews* settings = nullptr;  ///< effective_settings of its snapshot
  std::int64_t attempt = 1;             ///< from 1
  bool deferred = false;                ///< this is not the attempt of the moment it was captured
};

/// What makes one attempt unlike the one before.
struct Stamp {
  std::int64_t now_ms = 0;
  std::string nonce;  ///< 32 lower-case hex digits
};

/// A request for the first `taken` of the events it was asked for; with taken == 0 the first event cannot be sent and
/// `unsendable` says what becomes of it.
struct WireRequest {
  std::size_t taken = 0;
  HttpRequest request;
  Outcome unsendable;
};

class Wire {
 public:
  virtual ~Wire() = default;

  /// Errors: Status::argument, one line, where the tool lacks what this wire needs (an endpoint, a client id …).
  virtual Result<void> check(const Tool& tool, const Descriptor& descriptor) const = 0;

  /// False where this wire has no words for such an event: then nothing is sent, and the host is told.
  virtual bool can_say(EventKind kind) const = 0;

  /// `events`: neighbours of one lane, at least one. `secret`: of the tool, in the wire's own form. `fallback`: 0, or
  /// how many times this attempt has fallen back to another base URL; Status::not_found where there is none left.
  virtual Result<WireRequest> build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                                    std::string_view secret, int fallback) const = 0;

  /// Reads an answer. Fault::none or not, every result has an outcome.
  virtual Outcome judge(const ExchangeResult& result) const = 0;

  /// True where the attempt may be repeated at once with `fallback` + 1 (proxy-tool-protocol §1: a failed TLS
  /// handshake).
  virtual bool may_fall_back(const ExchangeResult& result) const = 0;
};

}  // namespace ptb
