// Plays stories with the real ptb-host, a real tool and a witness, kills ptb-host where a plan says so, and writes down
// what was seen. Knows how to play, not what is right.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crash/chronicle.h"
#include "crash/story.h"
#include "crash/witness.h"
#include "support/processes.h"

namespace ptb::test {

/// Where a process dies: at the N-th passing of a named point or, where that is empty, some time after its start.
struct Kill {
  std::string point;
  int nth = 1;
  std::int64_t after_us = 0;
};

/// Which turns of a story are killed: asked before each attempt (from 0) of each step that may die.
struct Plan {
  std::function<std::optional<Kill>(std::size_t step, int attempt)> kill;
  bool again = true;  ///< the person gives a killed command again; else goes on with the next
};

/// The world just before a step, so that a story need not be told from its beginning each time.
struct Scene {
  std::size_t step = 0;
  std::string state;  ///< a copy of the state directory
  std::string tool;   ///< what the tool does
  std::string colour;
  Chronicle before;
  std::set<std::string> points;  ///< passed by the step
  std::int64_t duration_us = 0;  ///< of the step
};

class Playhouse {
 public:
  Playhouse();
  ~Playhouse();

  /// Plays it without a kill; the scenes are those of the steps that may die.
  Chronicle rehearse(const Story& story, std::vector<Scene>& scenes);
  /// Plays it from a scene to its end, then has the tool saved as available, well.
  Chronicle play(const Story& story, const Scene& from, const Plan& plan);

  [[nodiscard]] int kills() const { return kills_; }
  [[nodiscard]] int plays() const { return plays_; }

 private:
  Chronicle go_on(const Story& story, const Scene& from, const Plan& plan, std::vector<Scene>* scenes);
  /// True where it was killed.
  bool take_turn(const Step& step, const std::optional<Kill>& kill, const std::string& points_file);
  void set_tool(const std::string& script);
  void note_arrivals();
  void wait_until_tool_is_quiet() const;
  void check_databases();
  void read_the_end();
  std::string word(const std::string& text) const;

  Scratch scratch_;
  Witness witness_;
  Receiver tool_;
  PtbHost lms_;
  std::string descriptor_;
  std::string package_;
  int port_keeper_ = -1;
  std::string script_ = "down";
  std::streamoff log_read_ = 0;
  std::string colour_;
  Chronicle now_;
  int kills_ = 0;
  int plays_ = 0;
};

}  // namespace ptb::test
