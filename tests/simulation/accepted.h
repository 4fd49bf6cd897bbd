// An event as the oracle remembers it: what was captured, what its tool has heard of it, and what people did to it.
#pragma once

#include <memory>
#include <string>

#include "core/policy.h"
#include "core/store.h"

namespace ptb::test {

/// What the LMS reported, and how it got it into the bridge.
struct Reported {
  EventKind kind{};
  Locator locator;
  std::string operation;
  std::string course;
  std::string other_course;  ///< of a copy
  std::string item;
  std::int64_t not_before_ms = 0;
};

struct Accepted {
  Reported reported;
  std::int64_t number = 0;  ///< in the order of capture
  EventId id{};
  Place place;
  Pairs arguments;
  std::string settings;  ///< encode_settings, as of capture
  std::int64_t captured_at_ms = 0;
  std::int64_t epoch = 0;
  LanePart part;
  std::int64_t must_be_saved_after = 0;  ///< number of a person's act; 0: it may go out

  EventState state = EventState::pending;  ///< as last seen
  bool acknowledged = false;               ///< by the tool
  bool refused = false;                    ///< by the tool
  bool pulled = false;                     ///< by whoever took it
  bool parked_by_person = false;
  bool discarded_by_person = false;
  int alone = 0;  ///< sendings outside any walk that a person has asked for
  int heard = 0;
  std::int64_t reasons_at_last = 0;  ///< to hear it again, as counted when it was heard last
  int failed = 0;                    ///< attempts in walks
  int failed_lately = 0;             ///< the same, since its limit was last set anew
  FailureKind last_failure{};
  std::shared_ptr<const Policy> last_policy;  ///< under which it was sent when it failed last
  std::string token;                          ///< of the lease that holds it
  std::int64_t leased_until_ms = 0;
};

}  // namespace ptb::test
