// A store that is killed at every order it gives to its disk, and one that loses its power there: nothing that it had
// accepted is lost, doubled or out of its turn. PTB_DISK_SEEDS=N tells the stories in N ways, PTB_DISK_SEED=S begins
// with that one.
#include "disk/crash_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "disk/workers.h"

namespace ptb::test {
namespace {

constexpr std::size_t kEnough = 2000;
constexpr int kSurprises = 1;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

unsigned ways() { return std::max(1U, number_from("PTB_DISK_SEEDS", 1)); }
unsigned first_way() { return number_from("PTB_DISK_SEED", 0); }

struct Sum {
  std::size_t moments = 0;
  std::size_t disks = 0;
  std::vector<std::string> broken;
};

std::vector<std::string> lines_of(const Verdicts& verdicts, unsigned seed) {
  std::vector<std::string> lines;
  for (const std::string& broken : verdicts.broken)
    lines.push_back("PTB_DISK_SEED=" + std::to_string(seed) + ": " + broken);
  lines.push_back("# " + std::to_string(verdicts.moments) + " " + std::to_string(verdicts.disks.size()));
  return lines;
}

Sum sum_of(const std::vector<std::string>& lines) {
  Sum sum;
  for (const std::string& line : lines) {
    std::size_t moments = 0;
    std::size_t disks = 0;
    if (std::sscanf(line.c_str(), "# %zu %zu", &moments, &disks) == 2) {
      sum.moments += moments;
      sum.disks += disks;
    } else {
      sum.broken.push_back(line);
    }
  }
  return sum;
}

Sum everywhere(unsigned seeds, const std::function<Verdicts(Stage& stage, unsigned seed)>& end) {
  const std::size_t stories = stories_of_the_disk(0).size();
  return sum_of(in_workers(stories * seeds, [&](std::size_t job) {
    const auto seed = first_way() + static_cast<unsigned>(job / stories);
    Stage stage(stories_of_the_disk(seed)[job % stories], seed);
    return lines_of(end(stage, seed), seed);
  }));
}

TEST(CrashPoints, NothingIsLostWhereThePowerGoes) {
  const Sum sum = everywhere(ways(), [](Stage& stage, unsigned seed) {
    const Performance performance = stage.perform();
    EXPECT_TRUE(performance.errors.empty());
    return lose_power_everywhere(stage, performance, kSurprises, seed);
  });
  std::printf("power lost at %zu distinct crash points, which left %zu different disks\n", sum.moments, sum.disks);
  EXPECT_THAT(sum.broken, testing::IsEmpty());
  EXPECT_GE(sum.moments, kEnough);
  EXPECT_GE(sum.disks, sum.moments);
}

TEST(CrashPoints, NothingIsLostWhereTheProcessIsKilled) {
  const Sum sum = everywhere(1, [](Stage& stage, unsigned) { return kill_everywhere(stage, stage.perform()); });
  std::printf("killed at %zu distinct crash points, which left %zu different disks\n", sum.moments, sum.disks);
  EXPECT_THAT(sum.broken, testing::IsEmpty());
  EXPECT_GE(sum.moments, kEnough);
}

}  // namespace
}  // namespace ptb::test
