// What happens to a store in these tests: each story prepares a store in peace and then goes on while the disk is
// watched. Values and calls of a player; knows nothing of crashes.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "disk/player.h"

namespace ptb::test {

struct Story {
  std::string name;
  int schema = 0;            ///< it begins with a file of that schema; 0: as the preparation leaves it
  int checkpoint_pages = 0;  ///< the log is put into the file after so many pages; 0: the store's own choice
  std::function<void(Player&)> prepare;
  std::function<void(Player&)> play;
};

/// Equal seeds give equal stories; `seed` 0: as they are told usually.
std::vector<Story> stories_of_the_disk(unsigned seed);

}  // namespace ptb::test
