// Plays simulated worlds until one breaks a promise. PTB_SIMULATION_SEED plays that one seed and tells its story;
// PTB_SIMULATION_SEEDS so many instead of the usual number. Several processes share the seeds: argument K/N is the
// K-th.
#include "simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/planted_bug.h"

namespace ptb::test {

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr int kSteps = 60;

std::string story(const Simulation& simulation) {
  std::string text;
  for (const std::string& line : simulation.trace()) text += line + "\n";
  return text;
}

/// Of this process.
struct Share {
  std::uint64_t first = 0;
  std::uint64_t of = 1;
};
Share share() {
  Share mine;
  if (const char* const text = std::getenv("PTB_SIMULATION_SHARE"); text != nullptr)
    std::sscanf(text, "%lu/%lu", &mine.first, &mine.of);
  return mine;
}

void play(std::uint64_t seeds, SmallWorld::StoreKind store, bool clock_steps = false) {
  const std::uint64_t only = number_from("PTB_SIMULATION_SEED", 0);
  const Share mine = share();
  Simulation::Counts all;
  const std::uint64_t first = only != 0 ? only : 1 + mine.first;
  const std::uint64_t last = only != 0 ? only : seeds;
  std::uint64_t played = 0;
  for (std::uint64_t seed = first; seed <= last; seed += mine.of) {
    Simulation simulation(seed, store);
    if (clock_steps) simulation.let_the_clock_step();
    const bool fine = simulation.run(kSteps);
    const auto counts = simulation.counts();
    all = {all.events + counts.events, all.requests + counts.requests, all.crashes + counts.crashes};
    ++played;
    ASSERT_TRUE(fine) << simulation.objection() << "\nseed " << seed << " (again: PTB_SIMULATION_SEED=" << seed
                      << "), whose story is\n"
                      << story(simulation);
  }
  std::printf("%lu seeds: %ld events, %ld requests, %ld crashes\n", played, all.events, all.requests, all.crashes);
}

TEST(Simulation, KeepsItsPromisesUnderEverySeed) {
  play(number_from("PTB_SIMULATION_SEEDS", 10'000), SmallWorld::StoreKind::memory);
}

TEST(Simulation, KeepsItsPromisesWithTheEmbeddedStore) {
  play(number_from("PTB_SIMULATION_SEEDS", 10'000) / 50, SmallWorld::StoreKind::sqlite);
}

TEST(Simulation, LosesNothingAndSleepsForNoYearWhenTheClockSteps) {
  play(number_from("PTB_SIMULATION_SEEDS", 10'000) / 10, SmallWorld::StoreKind::memory, true);
}

TEST(Simulation, LosesNothingAndSleepsForNoYearWithAStoreInAFile) {
  play(number_from("PTB_SIMULATION_SEEDS", 10'000) / 100, SmallWorld::StoreKind::sqlite, true);
}

class Planted : public testing::TestWithParam<std::pair<PlantedBug, const char*>> {
 protected:
  void TearDown() override { planted_bug = PlantedBug::none; }
};

TEST_P(Planted, IsFound) {
  constexpr std::uint64_t kAtMost = 2'000;
  planted_bug = GetParam().first;
  for (std::uint64_t seed = 1; seed <= kAtMost; ++seed) {
    Simulation simulation(seed);
    if (simulation.run(kSteps)) continue;
    std::printf("%s: seed %lu, %s\n", GetParam().second, seed, simulation.objection().c_str());
    return;
  }
  FAIL() << GetParam().second << " was not found with " << kAtMost << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Bugs, Planted,
                         testing::Values(std::pair{PlantedBug::settle_before_answer, "settle_before_answer"},
                                         std::pair{PlantedBug::skip_head_on_restart, "skip_head_on_restart"},
                                         std::pair{PlantedBug::mark_past_gap, "mark_past_gap"},
                                         std::pair{PlantedBug::id_without_tool, "id_without_tool"},
                                         std::pair{PlantedBug::snapshot_at_send, "snapshot_at_send"},
                                         std::pair{PlantedBug::two_walkers, "two_walkers"},
                                         std::pair{PlantedBug::live_event_overtakes, "live_event_overtakes"},
                                         std::pair{PlantedBug::budget_spent_uninstalled, "budget_spent_uninstalled"}),
                         [](const auto& bug) { return std::string(bug.param.second); });

}  // namespace
}  // namespace ptb::test
