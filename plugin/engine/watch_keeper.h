// Tells the host once when too much waits for a tool, or for too long, and once when that is over. Belongs to the
// thread that pumps.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "engine/active_walk.h"

namespace ptb {

class WatchKeeper {
 public:
  explicit WatchKeeper(SendContext& context) : context_(context) {}

  /// Something about the tool's waiting events has changed, or its time has come.
  void look(const Locator& tool, const Moment& now);
  /// A failure has stopped the lane until somebody acts, or somebody has acted.
  void note(const Locator& tool, std::int64_t lane, bool suspended);
  /// All of which something is known.
  void look_at_all(const Moment& now);
  /// Tools whose time has come.
  void look_at_due(const Moment& now);
  /// When look_at_due has something to do, wall clock; 0: never.
  [[nodiscard]] std::int64_t next_due_ms() const { return due_.empty() ? 0 : due_.begin()->first; }

 private:
  struct Watched {
    bool known = false;   ///< `raised` is what the store says
    bool raised = false;  ///< the host was told, and not yet that it is over
    std::int64_t due_ms = 0;
    std::int64_t looked_at_ms = 0;
    std::set<std::int64_t> suspended;
  };

  void set_due(const Locator& tool, Watched& watched, std::int64_t at_ms);

  SendContext& context_;
  std::map<Locator, Watched> tools_;
  std::set<std::pair<std::int64_t, Locator>> due_;
};

}  // namespace ptb
