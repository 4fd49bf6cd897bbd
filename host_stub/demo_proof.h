// Proves P1 to P5 from the tool's own log: what was accepted against what was received. Knows values only; it sends
// nothing and asks nobody.
#pragma once

#include <string>
#include <vector>

#include "receive/log_line.h"

namespace host {

/// An event that capture accepted, and what must have come of it.
struct AcceptedEvent {
  std::string id;
  std::string letter;  ///< how the story calls it
  std::string content_id;
  std::vector<std::pair<std::string, std::string>> settings;  ///< effective, as of the capture
};

/// Everything that happened, as those who saw it tell it.
struct Evidence {
  std::vector<AcceptedEvent> accepted;       ///< in capture order
  std::vector<LogLine> received;             ///< the tool's log: events only
  std::size_t requests_of_first_save = 0;    ///< events that reached the tool before it died
  std::size_t duplicates_answered = 0;       ///< to the operation captured again
  std::size_t received_after_duplicate = 0;  ///< events that reached the tool because of that
  std::size_t still_waiting = 0;             ///< in the bridge, at the end
};

struct Proof {
  std::string promise;  ///< "P1"
  std::string title;
  std::string found;  ///< what was checked and seen, one line
  bool holds = false;
};

std::vector<Proof> prove(const Evidence& evidence);

}  // namespace host
