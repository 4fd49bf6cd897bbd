// What others than ptb-host know of a story: which processes ran and how each ended, what the witness heard, what the
// tool received, and what ptb-host shows at the end. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crash/witness.h"
#include "support/processes.h"

namespace ptb::test {

/// One process of ptb-host from its start to its end.
struct Turn {
  std::string command;
  int status = 0;                ///< exit status; -9: it was killed
  std::string killed_at;         ///< the point, or the moment
  bool walks_were_over = false;  ///< killed where every walk of this process had been recorded as ended
  bool waited = false;           ///< it ended by itself, and only when its walks had ended
  bool orders_a_repeat = false;  ///< a person's order to send an event again
  std::string colour;            ///< the value of the system setting `colour` meanwhile
  std::string err;
};

/// A request that the tool has logged.
struct Arrival {
  std::size_t turn = 0;
  std::string event_id;  ///< empty: no event
  std::string answer;
  Json request;
};

/// An event of an operation that the small LMS has committed.
struct Owed {
  std::int64_t operation = 0;
  std::string kind;
  std::map<std::string, std::string> arguments;
  bool captured = false;
};

struct Chronicle {
  std::vector<Turn> turns;
  std::vector<Said> said;
  std::vector<Arrival> arrivals;
  std::vector<Json> events;          ///< at the end, as `events list` shows them
  std::vector<Owed> owed;            ///< at the end, in the database of the small LMS
  std::vector<std::string> unsound;  ///< what a database's own check complained about
};

}  // namespace ptb::test
