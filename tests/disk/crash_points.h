// Every moment at which a story can end, and what the judge says of the store afterwards.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "disk/stage.h"

namespace ptb::test {

struct Verdicts {
  std::size_t moments = 0;          ///< at which the story ended
  std::set<std::size_t> disks;      ///< fingerprints of what was left
  std::vector<std::string> broken;  ///< at most one moment's worth
};

/// What a disk keeps for itself: true, and the order is not carried out as far as stable storage is concerned.
using Liar = std::function<bool(const DiskStep& step)>;

/// Orders first … end - 1 of a performance.
struct Span {
  std::size_t first = 0;
  std::size_t end = kNever;
};

/// The power goes at each order of that span; of what was not synced survives nothing, everything, and `surprises`
/// times what chance wants.
Verdicts lose_power_everywhere(const Stage& stage, const Performance& performance, int surprises, unsigned seed,
                               const Liar& lies = {}, Span span = {});

/// A child process plays the story and ends itself at the n-th order, for every n.
Verdicts kill_everywhere(Stage& stage, const Performance& performance);

}  // namespace ptb::test
