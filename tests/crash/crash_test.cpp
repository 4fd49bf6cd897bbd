// kill -9 of ptb-host at every named point of capture and walk, at random moments, and again and again within one
// story; after each the promises P1 to P5 are checked from outside. PTB_CRASH_ROUNDS=N kills N times as often,
// PTB_CRASH_SEED=S repeats a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "crash/oracle.h"
#include "crash/playhouse.h"

namespace ptb::test {
namespace {

using testing::IsEmpty;

/// Points that a process passes once for each event, page or walk: killed at the first, second … passing.
constexpr int kMostPassings = 4;
const std::set<std::string> kPassedOften = {"walk.before_send",
                                            "walk.after_answer",
                                            "store.capture.event_written",
                                            "store.capture.after_commit",
                                            "store.begin_walk.walk_written",
                                            "store.end_walk.after_commit",
                                            "host.capture.before",
                                            "store.settle.after_commit"};
/// In how many commands of stories each point is killed, in one round.
constexpr int kPlacesAPoint = 4;
constexpr int kRandomKills = 30;
/// Each halves what is left, so that the last ones are no time at all.
constexpr int kMostMoments = 40;
constexpr int kStorms = 15;
constexpr int kKillsInAStorm = 3;

long number_from(const char* variable, long otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::atol(text);
}

int rounds() { return static_cast<int>(std::max(1L, number_from("PTB_CRASH_ROUNDS", 1))); }

unsigned seed() {
  static const auto chosen = static_cast<unsigned>(number_from("PTB_CRASH_SEED", std::random_device{}() & 0xFFFFFFU));
  return chosen;
}

struct Rehearsed {
  Story story;
  Chronicle chronicle;
  std::vector<Scene> scenes;
};

/// One playhouse for all tests of this process, and the stories as they go when nobody dies.
struct Season {
  Playhouse house;
  std::vector<Rehearsed> stories;

  Season() {
    for (auto& story : all_stories()) {
      Rehearsed one{story, {}, {}};
      one.chronicle = house.rehearse(story, one.scenes);
      stories.push_back(std::move(one));
    }
  }
};

class Crash : public testing::Test {
 public:
  static void SetUpTestSuite() { season_ = std::make_unique<Season>(); }
  static void TearDownTestSuite() { season_.reset(); }
  static Season& season() { return *season_; }
  static Playhouse& house() { return season_->house; }

  static std::string told(const Story& story, const Chronicle& chronicle) {
    std::string text = "story \"" + story.name + "\"\n";
    for (std::size_t i = 0; i < chronicle.turns.size(); ++i) {
      const Turn& turn = chronicle.turns[i];
      text += "  " + std::to_string(i) + " " + turn.command + ": " + std::to_string(turn.status) +
              (turn.killed_at.empty() ? "" : " killed at " + turn.killed_at) + "\n" +
              (turn.err.empty() ? "" : "      " + turn.err);
      for (const Arrival& arrival : chronicle.arrivals)
        if (arrival.turn == i)
          text += "      tool: " + Receiver::parameter(arrival.request, "action") + " " + arrival.event_id +
                  " sequence " + Receiver::parameter(arrival.request, "event_sequence") + " attempt " +
                  Receiver::parameter(arrival.request, "attempt") + ": " + arrival.answer + "\n";
    }
    return text;
  }

  /// Plays with kills, judges, and says whether anybody was killed at all.
  static bool killed_and_kept(const Rehearsed& one, const Scene& scene, const Plan& plan) {
    const int before = house().kills();
    const Chronicle chronicle = house().play(one.story, scene, plan);
    EXPECT_THAT(broken_promises(chronicle), IsEmpty()) << told(one.story, chronicle);
    return house().kills() > before;
  }

 protected:
  void SetUp() override {
    std::printf("seed %u (PTB_CRASH_SEED), rounds %d (PTB_CRASH_ROUNDS)\n", seed(), rounds());
    kills_before_ = house().kills();
    plays_before_ = house().plays();
  }
  [[nodiscard]] int kills() const { return house().kills() - kills_before_; }
  [[nodiscard]] int plays() const { return house().plays() - plays_before_; }

 private:
  static inline std::unique_ptr<Season> season_;
  int kills_before_ = 0;
  int plays_before_ = 0;
};

TEST_F(Crash, TheStoriesKeepAllPromisesWhenNobodyDies) {
  std::size_t victims = 0;
  for (const Rehearsed& one : season().stories) {
    victims += one.scenes.size();
    EXPECT_THAT(broken_promises(one.chronicle), IsEmpty()) << told(one.story, one.chronicle);
    EXPECT_FALSE(one.chronicle.arrivals.empty()) << one.story.name;
  }
  std::printf("%zu stories, %zu commands that may die\n", season().stories.size(), victims);
}

/// A point of one command of one story.
struct Target {
  const Rehearsed* story = nullptr;
  const Scene* scene = nullptr;
  std::string point;
};

std::vector<Target> all_targets(const Season& season) {
  std::vector<Target> targets;
  for (const Rehearsed& one : season.stories)
    for (const Scene& scene : one.scenes)
      for (const std::string& point : scene.points) targets.push_back({&one, &scene, point});
  return targets;
}

/// Kills at the first, second … passing, until nobody dies. The number of kills.
int kill_at(const Target& target, int passings, bool again) {
  int nth = 1;
  for (; nth <= passings; ++nth) {
    Plan plan;
    plan.again = again;
    plan.kill = [&](std::size_t step, int attempt) {
      const bool now = step == target.scene->step && attempt == 0;
      return now ? std::optional<Kill>(Kill{target.point, nth, 0}) : std::nullopt;
    };
    if (!Crash::killed_and_kept(*target.story, *target.scene, plan)) break;
  }
  return nth - 1;
}

TEST_F(Crash, AtEveryNamedPoint) {
  auto targets = all_targets(season());
  std::mt19937 chance(seed());
  std::shuffle(targets.begin(), targets.end(), chance);
  std::map<std::string, int> places;
  std::map<std::string, int> killed_at;
  for (const Target& target : targets) {
    int& done = places[target.point];
    if (done >= kPlacesAPoint * rounds()) continue;
    const int passings = kPassedOften.contains(target.point) || rounds() > 1 ? kMostPassings : 1;
    const int kills_here = kill_at(target, passings, (chance() & 1U) != 0);
    // Work of the bridge's own thread may not have come so far this time: then another place is taken.
    if (kills_here > 0) ++done;
    killed_at[target.point] += kills_here;
  }
  const auto never = std::count_if(killed_at.begin(), killed_at.end(), [](const auto& one) { return one.second == 0; });
  const auto distinct = static_cast<long>(killed_at.size()) - never;
  std::printf("%d kills at %ld distinct points, %d plays, of %zu places to die\n", kills(), distinct, plays(),
              targets.size());
  for (const auto& [point, count] : killed_at) std::printf("  %4d %s\n", count, point.c_str());
  EXPECT_GE(distinct, 30);
  EXPECT_LE(never, 3) << "points that were passed when nobody died, and never again";
  EXPECT_GE(kills(), 200);
}

/// Kills some time after the start. A process that was over before that says how long it runs on this machine now: the
/// next moment is an earlier one. False: it was never quick enough.
bool kill_somewhere(const Rehearsed& one, const Scene& scene, std::mt19937& chance) {
  std::int64_t after_us = scene.duration_us;
  for (int attempts = 0; attempts < kMostMoments; ++attempts) {
    after_us = std::uniform_int_distribution<std::int64_t>(0, after_us)(chance);
    Plan plan;
    plan.again = (chance() & 1U) != 0;
    plan.kill = [&](std::size_t step, int attempt) {
      return step == scene.step && attempt == 0 ? std::optional<Kill>(Kill{"", 1, after_us}) : std::nullopt;
    };
    if (Crash::killed_and_kept(one, scene, plan)) return true;
  }
  return false;
}

TEST_F(Crash, AtRandomMoments) {
  std::mt19937 chance(seed() + 1);
  const auto& stories = season().stories;
  for (int i = 0; i < kRandomKills * rounds(); ++i) {
    const Rehearsed& one = stories[chance() % stories.size()];
    const Scene& scene = one.scenes[chance() % one.scenes.size()];
    EXPECT_TRUE(kill_somewhere(one, scene, chance)) << one.story.name << ", step " << scene.step;
  }
  std::printf("%d kills at random moments, %d plays\n", kills(), plays());
}

/// Whoever comes to the rescue dies, too.
TEST_F(Crash, AgainAndAgainInOneStory) {
  std::mt19937 chance(seed() + 2);
  const auto& stories = season().stories;
  for (int i = 0; i < kStorms * rounds(); ++i) {
    const Rehearsed& one = stories[chance() % stories.size()];
    Plan plan;
    plan.again = true;
    plan.kill = [&](std::size_t step, int attempt) -> std::optional<Kill> {
      if (attempt >= kKillsInAStorm) return std::nullopt;
      for (const Scene& scene : one.scenes) {
        if (scene.step != step) continue;
        auto point = scene.points.begin();
        std::advance(point, static_cast<std::ptrdiff_t>(chance() % scene.points.size()));
        return Kill{*point, 1, 0};
      }
      return std::nullopt;
    };
    killed_and_kept(one, one.scenes.front(), plan);
  }
  std::printf("%d kills in %d stories\n", kills(), plays());
  EXPECT_GE(kills(), kStorms * rounds() / 2);
}

}  // namespace
}  // namespace ptb::test
