// Plays a story in a directory of its own, as often as is wanted, always from the same beginning, on a disk that is
// watched. Knows how to play, not what must come of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "disk/ledger.h"
#include "disk/recorder.h"
#include "disk/stories.h"

struct sqlite3;

namespace ptb::test {

/// A directory in memory where the machine has one; it goes with whoever made it.
class Floor {
 public:
  Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;
  ~Floor();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string store() const { return path_ + "/bridge.db"; }

  [[nodiscard]] Files take() const;
  /// These files and no others.
  void put(const Files& files) const;

 private:
  std::string path_;
};

/// The connection that was opened last, by whomever, so that a test can give it settings that the plugin never would.
sqlite3* newest_connection();
void run_on_newest_connection(const std::string& sql);

struct Performance {
  Ledger ledger;
  std::vector<DiskStep> steps;
  std::vector<Error> errors;  ///< what the store has said
};

/// What a test has go wrong.
struct Mishaps {
  std::function<int(const DiskOrder& order, std::size_t number)> disk = {};
  std::string sql = {};  ///< run on each connection once the store is open
  Slip slip = Slip::none;
  std::function<void()> when_done = {};  ///< after each act
  std::function<void(Player&)> before_close = {};
  std::function<void()> before_end = {};  ///< the story is told; the store is as it left it
  int tries = 1;                          ///< to open the store
};

class Stage {
 public:
  Stage(Story story, unsigned seed);
  Performance perform(const Mishaps& mishaps = {});
  [[nodiscard]] const Files& before() const { return before_; }
  [[nodiscard]] const Story& story() const { return story_; }
  [[nodiscard]] const Floor& floor() const { return floor_; }

 private:
  Story story_;
  Floor floor_;
  Files before_;
  Ledger prepared_;
  Player::Memory memory_;
};

}  // namespace ptb::test
