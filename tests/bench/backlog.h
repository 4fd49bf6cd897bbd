// A store in which many events wait for one tool, as the measurements of a backlog need it.
#pragma once

#include <filesystem>

#include "groups.h"

namespace bench {

struct Backlog {
  std::filesystem::path store;
  int events = 0;
  double payload_bytes = 0;  ///< of arguments and settings handed over
  double stored_bytes = 0;   ///< all that lies in the store's directory
};

/// Captures so many events for tool number 0, which is unavailable, and closes the store.
Backlog make_backlog(Run& run, int events);

/// The rate and the memory of walks over it.
void measure_long_walk(Run& run, const Backlog& backlog);
/// How soon a save of its tool reaches the tool.
void measure_save(Run& run, const Backlog& backlog);

}  // namespace bench
