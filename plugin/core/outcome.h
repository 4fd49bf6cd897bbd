// What came of an attempt, whatever the wire.
#pragma once

#include <cstdint>
#include <string>

namespace ptb {

struct Outcome {
  enum class Kind : std::uint8_t {
    acknowledged,     ///< the tool said SUCCESS
    refused,          ///< the tool said ERROR: an answer, never queued
    failed,           ///< could not be talked to: the walk stops
    suspended,        ///< the address, the secret or the tool's own word forbids sending until an administrator acts
    no_handler,       ///< the descriptor names no action for this event (any more): nothing was sent
    not_expressible,  ///< the tool's wire has no words for this event: nothing was sent
  };
  Kind kind = Kind::failed;
  std::string text;                 ///< for people; at most 200 printable bytes of an answer
  std::int64_t retry_after_ms = 0;  ///< of failed: the tool asked not to be tried before; 0: it did not
};

}  // namespace ptb
