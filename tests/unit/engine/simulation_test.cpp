// The whole engine under a seed: captures, saves, tools that come and go, refusals, and crashes at any fault point. At
// the end everything is brought up, and what the tools got is held against P1 to P5. A failure names its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/fault_point.h"
#include "small_world.h"

namespace ptb::test {
namespace {

long crash_in = 0;

void crash_hook(const char*) {
  if (crash_in > 0 && --crash_in == 0) throw Crash{};
}

struct Captured {
  std::string operation;
  Locator tool;
  std::int64_t sequence = 0;
  std::string colour;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : seed_(seed), world_(seed), chance_(seed) {
    world_.model = [this](const Received& got) { return answer(got); };
    world_.install(kQuiz, ToolState::available);
    world_.install(kWiki, ToolState::unavailable);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    crash_in = 0;
    world_.reopen();
    healthy_ = true;
    for (const auto& tool : {kQuiz, kWiki}) EXPECT_TRUE(world_.save(tool, ToolState::available).ok) << "seed " << seed_;
    world_.run();
    check();
  }

 private:
  std::uint64_t roll(std::uint64_t below) { return chance_() % below; }

  std::string answer(const Received& got) {
    if (healthy_ || !got.parameters.contains("event_id")) return "ok";
    if (down_.contains(got.host)) return "drop";
    const auto dice = roll(12);
    return dice == 0 ? "drop" : dice == 1 ? "error" : "ok";
  }

  void step() {
    crash_in = roll(6) == 0 ? static_cast<long>(1 + roll(25)) : 0;
    try {
      act();
      world_.clock.advance(static_cast<std::int64_t>(roll(4'000)));
      world_.engine->run_once(static_cast<std::uint32_t>(roll(50)));
    } catch (const Crash&) {
      ++crashes_;
      crash_in = 0;
      world_.reopen();
      // The LMS reports again what it cannot prove to have captured.
      if (unproved_) capture(std::move(*unproved_));
    }
    unproved_.reset();
    crash_in = 0;
  }

  void act() {
    const Locator tool = roll(2) == 0 ? kQuiz : kWiki;
    switch (roll(8)) {
      case 0: down_.insert(tool.vendor + ".example"); break;
      case 1: down_.erase(tool.vendor + ".example"); break;
      case 2: {
        const auto states = {ToolState::available, ToolState::inactive};
        ++saves_;
        (void)world_.engine->tool_saved(tool, *(states.begin() + static_cast<int>(roll(2))));
        break;
      }
      default: {
        unproved_ = Captured{"op" + std::to_string(++operations_), tool, 0, "c" + std::to_string(roll(5))};
        capture(*unproved_);
        if (roll(4) == 0) capture(*unproved_);
      }
    }
  }

  void capture(Captured captured) {
    world_.host.settings = {{Scope::course, "colour", captured.colour}};
    const auto answers = world_.capture({world_.event(captured.tool, EventKind::course_imported, captured.operation)});
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_NE(answers[0].kind, CaptureAnswer::Kind::ignored);
    captured.sequence = answers[0].place.sequence;
    const auto [at, is_new] = accepted_.try_emplace(to_text(answers[0].id), captured);
    if (!is_new) {
      EXPECT_EQ(at->second.sequence, captured.sequence) << "P4, seed " << seed_;
    }
    world_.host.settings = {{Scope::course, "colour", "changed since"}};
  }

  void check() {
    std::map<std::string, int> heard;
    std::map<std::string, std::int64_t> last_first;
    std::set<std::string> nonces;
    for (const auto& one : world_.received) {
      EXPECT_TRUE(nonces.insert(one.parameters.at("nonce")).second) << "P5, seed " << seed_;
      if (!one.parameters.contains("event_id") || one.answer == "drop") continue;
      const std::string& id = one.parameters.at("event_id");
      ASSERT_TRUE(accepted_.contains(id)) << "an event nobody captured, seed " << seed_;
      const Captured& captured = accepted_.at(id);
      EXPECT_EQ(one.parameters.at("colour"), captured.colour) << "P5, seed " << seed_;
      if (heard[id]++ == 0) {
        EXPECT_GT(captured.sequence, last_first[one.host]) << "P2, seed " << seed_;
        last_first[one.host] = captured.sequence;
      }
    }
    for (const auto& [id, captured] : accepted_) {
      EXPECT_GE(heard[id], 1) << "P1: " << captured.operation << " was lost, seed " << seed_;
      const auto state = world_.stored(*event_id_from(id)).state;
      EXPECT_TRUE(state == EventState::delivered || state == EventState::refused) << "P1, seed " << seed_;
    }
    const auto drops = std::count_if(world_.received.begin(), world_.received.end(),
                                     [](const auto& one) { return one.answer == "drop"; });
    const auto interruptions = static_cast<int>(drops) + crashes_ + saves_;
    for (const auto& [id, count] : heard) EXPECT_LE(count, 1 + interruptions) << "P3, seed " << seed_;
    EXPECT_EQ(world_.lane(kQuiz).waiting + world_.lane(kWiki).waiting, 0) << "seed " << seed_;
  }

  std::uint64_t seed_;
  SmallWorld world_;
  std::mt19937_64 chance_;
  bool healthy_ = false;
  std::set<std::string> down_;
  std::map<std::string, Captured> accepted_;
  std::optional<Captured> unproved_;
  int operations_ = 0;
  int crashes_ = 0;
  int saves_ = 0;
};

TEST(Simulation, PromisesHoldUnderEverySeed) {
  fault_point_hook = crash_hook;
  const char* const only = std::getenv("PTB_SIMULATION_SEED");
  const char* const many = std::getenv("PTB_SIMULATION_SEEDS");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t count = only != nullptr ? 1 : many != nullptr ? std::strtoull(many, nullptr, 10) : 60;
  for (std::uint64_t seed = first; seed < first + count && !HasFailure(); ++seed) Simulation(seed).run(60);
  fault_point_hook = nullptr;
}

}  // namespace
}  // namespace ptb::test
