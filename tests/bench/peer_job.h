// The job as another queue does it: its program, on the Node.js that ./dev has fetched.
#pragma once

#include <filesystem>
#include <string>

#include "groups.h"
#include "measure.h"
#include "peer_servers.h"

namespace bench {

/// What ./dev bench --peers has prepared.
struct Prepared {
  std::filesystem::path directory;
  std::string node;
  ServerPrograms servers;
};
/// Throws where there is no Node.js.
Prepared look_at_prepared(const std::filesystem::path& directory);

struct PeerJob {
  std::string program;
  std::string connection;  ///< of the server that it keeps its jobs in
  int endpoints = 1;
  int events = 0;
  std::filesystem::path body;
};

/// The body that the bridge sends of an event, in a file.
std::filesystem::path body_of_bridge(Run& run);

/// The rate at which the queue delivers, from the word to start until all is delivered or time is up. Throws where an
/// event comes out of order.
Sample delivered_by(Run& run, const Prepared& prepared, const PeerJob& job);

}  // namespace bench
