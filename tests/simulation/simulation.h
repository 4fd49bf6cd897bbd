// One simulated world from its seed: an LMS, people and tools that do anything at any time, crashes anywhere, and an
// oracle that watches. The same seed plays the same story.
#pragma once

#include <string>
#include <vector>

#include "chance.h"
#include "oracle.h"

namespace ptb::test {

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, SmallWorld::StoreKind store = SmallWorld::StoreKind::memory);
  /// From here on the wall clock steps by a year, forward or back, every now and then.
  void let_the_clock_step() { clock_steps_ = true; }
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// False: the oracle objects; `objection` and `trace` say to what, and after which steps.
  bool run(int steps);
  [[nodiscard]] const std::string& objection() const { return oracle_.objection(); }
  [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }

  struct Counts {
    std::int64_t events = 0;
    std::int64_t requests = 0;
    std::int64_t crashes = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  /// How a tool is at the moment.
  enum class Mood : std::uint8_t { healthy, slow, down, hanging, erratic, refusing, broken };

  std::string answer(const Received& request);
  void step();
  /// Runs it; a crash ends it, and the bridge is opened again.
  template <typename What>
  void dare(What what);
  void come_back();
  void say(std::string what) { trace_.push_back(std::move(what)); }

  // -- the LMS
  void lms_captures();
  void capture(std::vector<Reported> all);
  Reported something_new();
  void lms_learns_a_value();
  Settings settings_of(const Locator& tool, std::string_view course) const;

  // -- administrators and tools
  void tool_changes_mood();
  void tool_is_installed(const Locator& tool);
  void tool_is_removed(const Locator& tool);
  void tool_is_saved(const Locator& tool, ToolState state);
  void tool_gets_policy(const Locator& tool);
  void tool_is_claimed();
  void tool_is_contacted();

  // -- people and events
  void person_acts();
  void person_on_event();
  void person_on_lanes();
  void person_redelivers();
  void person_replays();
  void person_pulls();
  bool order(const Json& order, std::string* answer = nullptr);
  Accepted* some_event();

  void time_passes(std::int64_t ms);
  void the_clock_steps();
  void nobody_sleeps();
  void everything_is_brought_up();

  Chance chance_;
  SmallWorld world_;
  std::vector<Locator> tools_;
  Oracle oracle_;
  std::map<std::string, Mood> moods_;  ///< by host name
  std::map<Locator, std::string> colours_;
  std::map<std::pair<Locator, std::string>, std::string> licences_;  ///< by tool and course
  std::vector<Reported> reported_;
  std::vector<Reported> unproved_;  ///< the LMS cannot tell whether it captured these
  bool was_unproved_ = false;
  bool clock_steps_ = false;
  std::int64_t clock_step_ms_ = 0;  ///< how far it steps in this world
  std::int64_t clock_off_ms_ = 0;   ///< how far it is off now
  int operations_ = 0;
  std::int64_t crashes_ = 0;
  std::vector<std::string> trace_;
};

}  // namespace ptb::test
