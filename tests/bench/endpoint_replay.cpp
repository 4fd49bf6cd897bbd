// See endpoint_replay.h.
#include "endpoint_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace bench {

EndpointReplay::EndpointReplay(Run& run, const StoreUri& store, int endpoints, const std::string& policy)
    : server_(*run.server), bridge_(*run.plugin, store, run.replay_pump), endpoints_(endpoints) {
  Installation installation;
  installation.policy = policy;
  installation.asks_state_change = false;
  for (int endpoint = 0; endpoint < endpoints; ++endpoint) {
    installation.url = fmt::format("{}/e{}", server_.url(), endpoint);
    bridge_.install(endpoint, installation);
  }
}

Sample EndpointReplay::deliver(int events) {
  const int each = events / endpoints_;
  for (int endpoint = 0; endpoint < endpoints_; ++endpoint) {
    EventArray array(static_cast<std::size_t>(each));
    array.renew(endpoint);
    bridge_.capture(array);
  }
  // A loop of one request and one answer never has use for two processors, and with one on each it mostly waits for the
  // other to wake; which of the two the system chooses is not to decide.
  std::optional<Pinned> together;
  if (endpoints_ == 1) together.emplace(server_.cpu());
  server_.watch_order();
  const std::uint64_t requests_before = server_.requests();
  const std::int64_t start = monotonic_ns();
  std::vector<std::uint64_t> saves;
  for (int endpoint = 0; endpoint < endpoints_; ++endpoint) saves.push_back(bridge_.save(endpoint, PTB_TOOL_AVAILABLE));
  for (const std::uint64_t save : saves) bridge_.wait(save);
  const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  server_.watch_no_order();
  const auto sent = static_cast<double>(server_.requests() - requests_before);
  if (sent != each * endpoints_ || server_.out_of_order() != 0)
    throw std::runtime_error(
        fmt::format("{} of {} events came, {} out of order", sent, each * endpoints_, server_.out_of_order()));
  for (int endpoint = 0; endpoint < endpoints_; ++endpoint) bridge_.wait(bridge_.save(endpoint, PTB_TOOL_UNAVAILABLE));
  return {sent, seconds};
}

}  // namespace bench
