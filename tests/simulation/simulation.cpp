#include "simulation.h"

#include "core/fault_point.h"
#include "random_policy.h"

namespace ptb::test {

namespace {

long crash_in = 0;

void crash_hook(const char*) {
  if (crash_in > 0 && --crash_in == 0) throw Crash{};
}

constexpr std::int64_t kHourMs = 3'600'000;

}  // namespace

Simulation::Simulation(std::uint64_t seed, SmallWorld::StoreKind store)
    : chance_(seed), world_(seed, store), tools_{kQuiz, kWiki, {"initech", "lab"}}, oracle_(world_, tools_) {
  fault_point_hook = crash_hook;
  crash_in = 0;
  world_.witness = &oracle_;
  world_.reopen();
  world_.model = [this](const Received& request) { return answer(request); };
  world_.host.settings_of = [this](const Locator& tool, std::string_view course) { return settings_of(tool, course); };
  for (const Locator& tool : tools_) {
    moods_[tool.vendor + ".example"] = Mood::healthy;
    colours_[tool] = "c0";
  }
  for (const Locator& tool : {kQuiz, kWiki}) {
    tool_is_installed(tool);
    if (!chance_.one_in(3)) tool_gets_policy(tool);
    tool_is_saved(tool, ToolState::available);
    world_.run();
  }
}

Simulation::~Simulation() { fault_point_hook = nullptr; }

Simulation::Counts Simulation::counts() const {
  return {static_cast<std::int64_t>(const_cast<Oracle&>(oracle_).events().size()),
          static_cast<std::int64_t>(world_.received.size()), crashes_};
}

bool Simulation::run(int steps) {
  for (int i = 0; i < steps && objection().empty(); ++i) step();
  if (objection().empty() && clock_steps_) nobody_sleeps();
  if (objection().empty()) everything_is_brought_up();
  return objection().empty();
}

std::string Simulation::answer(const Received& request) {
  const bool is_event = request.parameters.contains("event_id");
  switch (moods_[request.host]) {
    case Mood::healthy: return "ok";
    case Mood::slow: return "after " + std::to_string(chance_.between(200, 20'000)) + " ok";
    case Mood::down: return is_event || chance_.one_in(2) ? "drop" : "ok";
    case Mood::hanging: return "after 60000 timeout";
    case Mood::refusing: return is_event && chance_.one_in(2) ? "error" : "ok";
    case Mood::broken: {
      static constexpr std::array<const char*, 6> kAnswers = {"404", "503", "garbage", "429", "204", "later"};
      return chance_.of(kAnswers);
    }
    case Mood::erratic: break;
  }
  static constexpr std::array<const char*, 8> kAnswers = {"ok", "ok", "ok", "ok", "ok", "error", "drop", "503"};
  return chance_.of(kAnswers);
}

template <typename What>
void Simulation::dare(What what) {
  try {
    what();
  } catch (const Crash&) {
    come_back();
  }
}

void Simulation::come_back() {
  say("  crash");
  ++crashes_;
  oracle_.crashed();
  for (bool open = false; !open;) {
    crash_in = chance_.one_in(8) ? static_cast<long>(chance_.between(1, 6)) : 0;
    try {
      world_.reopen();
      open = true;
    } catch (const Crash&) {
      say("  crash while it opens");
      oracle_.crashed();
    }
  }
  crash_in = 0;
  oracle_.reopened();
  // The LMS reports again what it cannot prove to have captured.
  if (const std::vector<Reported> again = std::move(unproved_); !again.empty()) {
    unproved_.clear();
    was_unproved_ = true;
    say("  captures again");
    capture(again);
    was_unproved_ = false;
  }
}

/// There and back again: to a year ahead in some worlds, to a year behind in others.
void Simulation::the_clock_steps() {
  constexpr std::int64_t kYearMs = 365 * 24 * kHourMs;
  if (clock_off_ms_ != 0) {
    world_.clock.wall_ms -= std::exchange(clock_off_ms_, 0);
  } else {
    if (clock_step_ms_ == 0) clock_step_ms_ = chance_.one_in(2) ? kYearMs : -kYearMs;
    clock_off_ms_ = clock_step_ms_;
    world_.clock.wall_ms += clock_off_ms_;
  }
  say("the clock steps to " + rfc3339(world_.clock.wall_ms));
  oracle_.clock_stepped();
}

/// Whatever the clock says by now: once the tools are well and have been heard of, a day is enough for all that may go.
void Simulation::nobody_sleeps() {
  say("nobody sleeps");
  crash_in = 0;
  for (auto& [host, mood] : moods_) mood = Mood::healthy;
  for (int round = 0; round < 3; ++round) {
    for (const Locator& tool : tools_) (void)world_.engine->tool_contacted(tool);
    time_passes(12 * kHourMs);
  }
  oracle_.check_nobody_sleeps();
}

void Simulation::step() {
  if (clock_steps_ && chance_.one_in(6)) the_clock_steps();
  oracle_.step_begins();
  crash_in = chance_.one_in(6) ? static_cast<long>(chance_.between(1, 40)) : 0;
  dare([&] {
    switch (chance_.below(16)) {
      case 0:
      case 1: tool_changes_mood(); break;
      case 2: {
        static constexpr std::array<ToolState, 5> kStates = {ToolState::available, ToolState::available,
                                                             ToolState::available, ToolState::inactive,
                                                             ToolState::unavailable};
        tool_is_saved(chance_.of(tools_), chance_.of(kStates));
        break;
      }
      case 3: {
        const Locator& tool = chance_.of(tools_);
        const auto known = world_.store->tool(tool);
        if (*known && !chance_.one_in(3))
          tool_is_removed(tool);
        else
          tool_is_installed(tool);
        break;
      }
      case 4: tool_gets_policy(chance_.of(tools_)); break;
      case 5: chance_.one_in(2) ? tool_is_claimed() : tool_is_contacted(); break;
      case 6: lms_learns_a_value(); break;
      case 7:
      case 8:
      case 9: person_acts(); break;
      default: lms_captures();
    }
    world_.engine->run_once(static_cast<std::uint32_t>(chance_.below(50)));
  });
  bool passed = false;
  if (!chance_.one_in(3)) {
    const std::int64_t how_long = chance_.below(40);
    const std::int64_t ms = how_long == 0   ? chance_.below(6 * kHourMs)
                            : how_long < 4  ? chance_.below(kHourMs)
                            : how_long < 16 ? chance_.below(90'000)
                                            : chance_.below(4'000);
    dare([&] {
      time_passes(ms);
      passed = true;
    });
  }
  crash_in = 0;
  oracle_.check_step(chance_);
  if (passed)
    oracle_.check_nothing_due([&](const Locator& tool) { return moods_[tool.vendor + ".example"] == Mood::healthy; });
}

/// With everything done that becomes due meanwhile.
void Simulation::time_passes(std::int64_t ms) {
  say("+" + std::to_string(ms) + " ms");
  const std::int64_t until_ms = world_.clock.monotonic_ms + ms;
  for (;;) {
    const std::int64_t left_ms = until_ms - world_.clock.monotonic_ms;
    const std::uint32_t due_ms =
        world_.engine->run_once(static_cast<std::uint32_t>(std::max<std::int64_t>(left_ms, 0)));
    const std::int64_t still_ms = until_ms - world_.clock.monotonic_ms;
    if (still_ms <= 0) break;
    world_.clock.advance(std::clamp<std::int64_t>(due_ms, 0, still_ms));
  }
  world_.engine->run_once(0);
}

void Simulation::everything_is_brought_up() {
  say("everything is brought up");
  crash_in = 0;
  oracle_.step_begins();
  for (auto& [host, mood] : moods_) mood = Mood::healthy;
  oracle_.crashed();
  world_.reopen();
  oracle_.reopened();
  for (const Locator& tool : tools_) {
    std::vector<KnownValue> values = {{tool, "setting:system", "", "licence", "L"}};
    for (const char* const course : {"_1_1", "_2_1", "_3_1"})
      values.push_back({tool, "setting:course", course, "licence", "L"});
    for (const char* const item : {"_7_1", "_8_1"}) values.push_back({tool, "item", item, "", "x" + std::string(item)});
    for (const KnownValue& value : values) {
      oracle_.value_known(value);
      (void)world_.engine->value_known(value);
    }
    if (!*world_.store->tool(tool)) tool_is_installed(tool);
  }
  order({{"do", "release"}, {"all", true}});
  // As often as it takes a tool that is suspended again and again.
  for (int round = 0; round < 12 && objection().empty(); ++round) {
    std::int64_t waiting = 0;
    const auto lanes = world_.store->lanes();
    for (const Lane& lane : *lanes) waiting += lane.waiting;
    if (waiting == 0 && round > 0) break;
    for (const Locator& tool : tools_) tool_is_saved(tool, ToolState::available);
    time_passes(round < 2 ? 60'000 : 3 * kHourMs);
    oracle_.check_step(chance_);
    oracle_.check_nothing_due([](const Locator&) { return true; });
    oracle_.step_begins();
  }
  oracle_.check_end();
}

}  // namespace ptb::test
