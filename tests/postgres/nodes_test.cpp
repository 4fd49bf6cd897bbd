// Several application servers on one PostgreSQL: some of them die, sleep, or lose the server, and what they had
// accepted is delivered all the same, in order.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "postgres/recording_tool.h"
#include "postgres/server_of_suite.h"
#include "support/processes.h"

namespace ptb::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kEnough = 1'000'000;  ///< events: more than are captured before the node is ended

class Nodes : public testing::Test {
 protected:
  /// Number `number` starts, again if it has been there, and installs the tools where it is told to.
  void start(int number, int tools, int events, bool installs = false) {
    const std::string name = "node" + std::to_string(number) + "-" + std::to_string(++started_);
    const std::string log = scratch_.path("captured-" + name);
    logs_.push_back(log);
    nodes_[number] = std::make_unique<Process>(std::vector<std::string>{
        PTB_TEST_NODE, PTB_TEST_PLUGIN, uri_, name, installs ? "http://127.0.0.1:" + std::to_string(tool_.port()) : "-",
        std::to_string(tools), std::to_string(events), log});
    names_[number] = name;
    const auto deadline = steady_clock::now() + seconds(30);
    while (lines("open", {log}).empty() && steady_clock::now() < deadline && nodes_[number]->running())
      std::this_thread::sleep_for(milliseconds(5));
    ASSERT_FALSE(lines("open", {log}).empty()) << nodes_[number]->wait().err;
  }

  /// What follows that word, of each line that begins with it.
  static std::vector<std::string> lines(const std::string& word, const std::vector<std::string>& logs) {
    std::vector<std::string> found;
    for (const std::string& log : logs) {
      std::ifstream file(log);
      for (std::string line; std::getline(file, line) && !file.eof();)
        if (line.starts_with(word)) found.push_back(line.substr(std::min(line.size(), word.size() + 1)));
    }
    return found;
  }

  /// Waits until nothing waits in any lane; how long that took.
  milliseconds drain(seconds at_most) {
    const auto start = steady_clock::now();
    const char* const left =
        "SELECT count(*) FROM ptbridge.event JOIN ptbridge.lane ON lane.id = place >> 40 "
        "WHERE state = 0 AND (place & 1099511627775) > mark";
    while (ask(left) != "0" && steady_clock::now() - start < at_most) std::this_thread::sleep_for(milliseconds(100));
    EXPECT_EQ(ask(left), "0") << ask("SELECT string_agg(DISTINCT error, chr(10)) FROM ptbridge.walk");
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  }

  std::string ask(const std::string& sql) const { return server_of_suite().ask(database_, sql); }

  /// Every event that was accepted has been heard; the first time in the order of capture, lane by lane; and each more
  /// often at most than walks have included it. Returns how many were heard again.
  std::size_t judge() {
    struct Event {
      std::int64_t lane;
      std::int64_t sequence;
      int walks;
    };
    std::map<std::string, Event> events;
    std::istringstream rows(ask(
        "SELECT coalesce(string_agg(encode(event_id, 'hex') || ' ' || (place >> 40) || ' ' || (place & 1099511627775) "
        "|| ' ' || "
        "(SELECT count(*) FROM ptbridge.walk WHERE lane = place >> 40 AND (place & 1099511627775) BETWEEN first AND "
        "last), ' '), '') FROM ptbridge.event"));
    Event event{};
    for (std::string id; rows >> id >> event.lane >> event.sequence >> event.walks;) {
      for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, "-");
      events.emplace(id, event);
    }
    std::map<std::string, int> heard;
    std::map<std::int64_t, std::int64_t> last;
    for (const auto& one : tool_.heard()) {
      const auto found = events.find(one.event);
      if (found == events.end()) {
        ADD_FAILURE() << one.event << " was never captured";
        continue;
      }
      if (++heard[one.event] > 1) continue;
      std::int64_t& before = last[found->second.lane];
      EXPECT_EQ(found->second.sequence, before + 1) << "lane " << found->second.lane << " is out of order";
      before = found->second.sequence;
    }
    std::size_t again = 0;
    for (const auto& [id, times] : heard) {
      again += static_cast<std::size_t>(times - 1);
      EXPECT_LE(times, events.at(id).walks) << id << " was heard more often than walks explain";
    }
    const auto accepted = lines("captured", logs_);
    for (const std::string& line : accepted) {
      const std::string id = line.substr(line.find(' ') + 1);
      EXPECT_TRUE(heard.contains(id)) << id << " was accepted and never heard";
    }
    EXPECT_EQ(heard.size(), events.size());
    std::printf("%zu events accepted, %zu stored, %zu heard again, in %zu lanes\n", accepted.size(), events.size(),
                again, last.size());
    return again;
  }

  Scratch scratch_;
  std::string database_ = server_of_suite().new_database();
  std::string uri_ = server_of_suite().uri(database_);
  RecordingTool tool_;
  std::map<int, std::unique_ptr<Process>> nodes_;
  std::map<int, std::string> names_;
  std::vector<std::string> logs_;
  int started_ = 0;
};

int kills() {
  const char* const asked = std::getenv("PTB_NODE_KILLS");
  return asked == nullptr ? 60 : std::atoi(asked);
}

}  // namespace

/// A node that was killed held lanes; for each the time from its death to the next event heard of it.
TEST_F(Nodes, OneOfThreeIsKilledEverySecondWithFiftyLanesBusy) {
  constexpr int kTools = 50;
  tool_.slow_down(3);
  for (int number = 0; number < 3; ++number) start(number, kTools, kEnough, number == 0);
  struct Death {
    steady_clock::time_point at;
    std::set<std::string> tools;
  };
  std::vector<Death> deaths;
  auto next = steady_clock::now() + seconds(1);
  for (int kill = 0; kill < kills(); ++kill, next += seconds(1)) {
    std::this_thread::sleep_until(next);
    const int number = kill % 3;
    const std::string pid = std::to_string(nodes_[number]->pid());
    nodes_[number]->signal(SIGKILL);
    Death death{steady_clock::now(), {}};
    std::istringstream held(
        ask("SELECT coalesce(string_agg(split_part(own, '/', 2), ' '), '') FROM ptbridge.lane_standing JOIN "
            "ptbridge.node ON "
            "node.number = holder WHERE name LIKE '%:" +
            pid + "'"));
    for (std::string tool; held >> tool;) death.tools.insert(tool);
    deaths.push_back(std::move(death));
    nodes_[number]->wait();
    start(number, kTools, kEnough);
  }
  for (auto& [number, node] : nodes_) node->signal(SIGSTOP);  // nothing more is captured
  for (auto& [number, node] : nodes_) node->signal(SIGKILL);
  tool_.slow_down(0);
  for (int number = 0; number < 2; ++number) start(number, kTools, 0);
  const auto drained = drain(seconds(60));
  const std::size_t again = judge();

  std::vector<double> taken_over;
  const auto heard = tool_.heard();
  for (const Death& death : deaths)
    for (const std::string& tool : death.tools)
      for (const auto& one : heard)
        if (one.tool == tool && one.at > death.at + milliseconds(20)) {
          taken_over.push_back(std::chrono::duration<double>(one.at - death.at).count());
          break;
        }
  std::sort(taken_over.begin(), taken_over.end());
  ASSERT_FALSE(taken_over.empty()) << "no node that was killed held a lane";
  std::printf(
      "%zu kills; %zu lanes were held: taken over after %.2f s (least), %.2f s (median), %.2f s (most); drained "
      "in %.1f s; %zu events heard again\n",
      deaths.size(), taken_over.size(), taken_over.front(), taken_over[taken_over.size() / 2], taken_over.back(),
      static_cast<double>(drained.count()) / 1000, again);
}

/// It finishes the one exchange that it was in, and what it says of that is refused.
TEST_F(Nodes, ANodeThatSleepsLongerThanItsLeaseHasLostItsLanes) {
  constexpr int kTools = 4;
  tool_.slow_down(20);
  start(0, kTools, 400, true);
  const auto deadline = steady_clock::now() + seconds(30);
  while (tool_.count() < 40 && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
  nodes_[0]->signal(SIGSTOP);
  start(1, kTools, 0);
  const std::string sleeper = names_[0];
  std::size_t by_other = 0;
  const auto taken = steady_clock::now() + seconds(40);
  while (by_other < 4 && steady_clock::now() < taken) {
    std::this_thread::sleep_for(milliseconds(100));
    by_other = 0;
    for (const auto& one : tool_.heard()) by_other += one.from.find(names_[1]) != std::string::npos ? 1 : 0;
  }
  ASSERT_GE(by_other, 4U) << "nobody took over";
  const std::size_t before = tool_.count();
  nodes_[0]->signal(SIGCONT);
  std::this_thread::sleep_for(seconds(2));
  std::map<std::string, int> stale;
  const auto heard = tool_.heard();
  for (std::size_t at = before; at < heard.size(); ++at)
    if (heard[at].from.find(sleeper) != std::string::npos && at < before + kTools) ++stale[heard[at].tool];
  for (const auto& [tool, times] : stale) EXPECT_LE(times, 1) << "more than one exchange of a lease that was over";
  drain(seconds(60));
  judge();
}

TEST_F(Nodes, TheServerDiesAndComesBack) {
  constexpr int kTools = 10;
  tool_.slow_down(2);
  for (int number = 0; number < 2; ++number) start(number, kTools, kEnough, number == 0);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(seconds(2));
    server_of_suite().kill();
    std::this_thread::sleep_for(milliseconds(1500));
    server_of_suite().start();
  }
  std::this_thread::sleep_for(seconds(2));
  const auto failed = lines("failed", logs_).size();
  for (auto& [number, node] : nodes_) node->signal(SIGTERM);
  for (auto& [number, node] : nodes_) EXPECT_EQ(node->wait().status, 0);
  start(0, kTools, 0);
  drain(seconds(60));
  judge();
  std::printf("%zu captures were refused while the server was away\n", failed);
}

/// A save on one node has the tool walked within a second, also where another node is the one that sends.
TEST_F(Nodes, WhatANodeThatDoesNotSendCapturesIsWalkedByOthersAtOnce) {
  start(0, 1, 0, true);
  start(1, 1, 50);
  const auto deadline = steady_clock::now() + seconds(20);
  while (tool_.count() < 50 && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(10));
  drain(seconds(20));
  judge();
}

}  // namespace ptb::test
