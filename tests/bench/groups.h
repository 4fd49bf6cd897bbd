// The groups of measurements. Each fills the report with the rounds of the figures that are wanted, and measures
// nothing where none of its own are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bridge.h"
#include "report.h"
#include "tool_server.h"
#include "workspace.h"

namespace bench {

struct Run {
  int rounds = 5;
  bool small = false;  ///< only to see that everything runs: the figures mean nothing
  Pump replay_pump = Pump::caller;
  std::filesystem::path plugin_file;
  std::filesystem::path peers;  ///< what ./dev bench --peers has prepared; empty: no peers
  const Plugin* plugin = nullptr;
  ToolServer* server = nullptr;
  Workspace* workspace = nullptr;
  Report* report = nullptr;

  /// How many of something to use.
  [[nodiscard]] int size(int full, int in_small) const { return small ? in_small : full; }
};

void measure_captures(Run& run);
void measure_replays(Run& run);
void measure_backlog(Run& run);
void measure_lanes(Run& run);
void measure_batches(Run& run);
void measure_php(Run& run);
void measure_peers(Run& run);
void measure_postgres(Run& run);
void measure_serving(Run& run);

/// The part of measure_backlog that is done in a fresh process: `arguments` are the plugin, the store and how many
/// events wait in it. Prints one line of JSON.
int walk_and_tell_memory(const std::vector<std::string>& arguments);
/// Likewise of measure_lanes.
int rest_and_tell(const std::vector<std::string>& arguments);

}  // namespace bench
