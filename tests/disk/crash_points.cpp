#include "disk/crash_points.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string_view>

#include "disk/judge.h"

namespace ptb::test {

namespace {

constexpr int kKilled = 9;

std::size_t fingerprint(const Files& files) {
  std::size_t sum = 0;
  for (const auto& [name, bytes] : files)
    for (const std::string_view text : {std::string_view(name), std::string_view(bytes)})
      sum = sum * 1'099'511'628'211U + std::hash<std::string_view>()(text);
  return sum;
}

std::string told(const Stage& stage, const DiskStep& step, std::size_t number, const std::string& how,
                 const std::string& complaint) {
  return "story \"" + stage.story().name + "\", order " + std::to_string(number) + " (" + to_text(step.kind) + " " +
         step.name + "), " + how + ": " + complaint;
}

/// How many acts were done, told by a process that has no time to say more.
class SharedCount {
 public:
  SharedCount()
      : at_(static_cast<std::size_t*>(
            ::mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (at_ == MAP_FAILED) throw std::runtime_error("no memory to share with a child");
  }
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  ~SharedCount() { ::munmap(at_, sizeof(std::size_t)); }
  volatile std::size_t& operator*() { return *at_; }

 private:
  std::size_t* at_;
};

/// True: it was killed; false: the story came to its end before.
bool play_until(Stage& stage, std::size_t end, SharedCount& acts) {
  *acts = 0;
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process for a story");
  if (child == 0) {
    Mishaps mishaps;
    mishaps.disk = [&](const DiskOrder& order, std::size_t number) {
      if (order.changes() && number == end) ::_exit(kKilled);
      return 0;
    };
    mishaps.when_done = [&] { *acts = *acts + 1; };
    mishaps.before_end = [] { ::_exit(0); };
    static_cast<void>(stage.perform(mishaps));
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != kKilled && WEXITSTATUS(status) != 0))
    throw std::runtime_error("a story that was to be killed ended with status " + std::to_string(status));
  return WEXITSTATUS(status) == kKilled;
}

}  // namespace

Verdicts lose_power_everywhere(const Stage& stage, const Performance& performance, int surprises, unsigned seed,
                               const Liar& lies, Span span) {
  Verdicts verdicts;
  std::mt19937 chance(seed);
  const Floor floor;
  Platter platter(stage.before());
  for (std::size_t number = 0; number < std::min(span.end, performance.steps.size()); ++number) {
    const DiskStep& step = performance.steps[number];
    if (number >= span.first) ++verdicts.moments;
    for (int turn = 0; turn < 2 + surprises && number >= span.first; ++turn) {
      const auto survival = turn == 0 ? Survival::nothing : turn == 1 ? Survival::everything : Survival::some;
      const Files left = platter.after_power_loss(step, survival, chance);
      if (!verdicts.disks.insert(fingerprint(left)).second && number != 0) continue;
      floor.put(left);
      for (const std::string& complaint : broken_invariants(floor.store(), performance.ledger.at(number)))
        verdicts.broken.push_back(told(stage, step, number, "power loss", complaint));
      if (!verdicts.broken.empty()) return verdicts;
    }
    if (!lies || !lies(step)) platter.take(step);
  }
  return verdicts;
}

Verdicts kill_everywhere(Stage& stage, const Performance& performance) {
  Verdicts verdicts;
  SharedCount acts;
  for (std::size_t number = 0; play_until(stage, number, acts); ++number) {
    if (number >= performance.steps.size()) throw std::runtime_error("a story went on for longer than it did before");
    const DiskStep& step = performance.steps[number];
    ++verdicts.moments;
    // Answers of tools are no calls of the store.
    if (const std::size_t promised = performance.ledger.calls_done_by(number); *acts != promised)
      verdicts.broken.push_back(
          told(stage, step, number, "kill",
               std::to_string(*acts) + " calls were answered and not " + std::to_string(promised)));
    verdicts.disks.insert(fingerprint(stage.floor().take()));
    for (const std::string& complaint : broken_invariants(stage.floor().store(), performance.ledger.at(number)))
      verdicts.broken.push_back(told(stage, step, number, "kill", complaint));
    if (!verdicts.broken.empty()) return verdicts;
  }
  return verdicts;
}

}  // namespace ptb::test
