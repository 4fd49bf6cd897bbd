// Captures that share commits: who commits for whom, and that nobody is left behind whatever a commit does.
#include "engine/commit_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ptb::test {
namespace {

using namespace std::chrono_literals;

/// A queue whose commits wait until they are let go, and do what they are told then.
class CommitQueueTest : public testing::Test {
 protected:
  ~CommitQueueTest() override { join(); }

  Result<void> commit(std::span<CaptureBatch* const> batches) {
    std::unique_lock lock(mutex_);
    groups_.emplace_back(batches.size());
    changed_.notify_all();
    changed_.wait(lock, [&] { return may_end_ >= groups_.size(); });
    if (throws_) throw std::runtime_error("a fault");
    if (!says_.empty()) return fail(Status::store, says_);
    return {};
  }

  void submit_in_background(std::size_t events = 1) {
    callers_.emplace_back([this, events] {
      CaptureBatch batch;
      batch.items.resize(events);
      std::string said = "committed";
      try {
        const auto result = queue_.submit(batch);
        if (!result) said = result.error().text;
      } catch (const std::exception& thrown) {
        said = std::string("threw ") + thrown.what();
      }
      const std::lock_guard lock(mutex_);
      said_.push_back(said);
      changed_.notify_all();
    });
  }

  /// Once so many commits have begun.
  void wait_for_commits(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 20s, [&] { return groups_.size() >= count; }));
  }
  /// Time for those behind a commit that does not end to have come.
  static void let_them_come() { std::this_thread::sleep_for(100ms); }

  void let_end(std::size_t count) {
    const std::lock_guard lock(mutex_);
    may_end_ = count;
    changed_.notify_all();
  }
  void join() {
    let_end(1000);
    for (std::thread& caller : callers_)
      if (caller.joinable()) caller.join();
  }
  std::size_t count_said(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(said_.begin(), said_.end(), text));
  }

  CommitQueue queue_{[this](std::span<CaptureBatch* const> batches) { return commit(batches); }};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> groups_;  ///< how many captures each commit had
  std::size_t may_end_ = 0;          ///< so many commits
  bool throws_ = false;
  std::string says_;
  std::vector<std::string> said_;
  std::vector<std::thread> callers_;
};

TEST_F(CommitQueueTest, ALoneCallerCommitsAtOnce) {
  let_end(1000);
  CaptureBatch batch;
  EXPECT_TRUE(queue_.submit(batch).has_value());
  EXPECT_TRUE(queue_.submit(batch).has_value());
  EXPECT_EQ(groups_, (std::vector<std::size_t>{1, 1}));
}

TEST_F(CommitQueueTest, WhoeverComesWhileOneCommitsGoesTogetherInTheNext) {
  submit_in_background();
  wait_for_commits(1);
  for (int caller = 0; caller < 20; ++caller) submit_in_background();
  let_them_come();
  let_end(1);
  wait_for_commits(2);
  let_them_come();
  EXPECT_LE(count_said("committed"), 1U) << "who is in a commit that goes on has not been told";
  join();
  EXPECT_EQ(groups_.front(), 1U);
  EXPECT_LT(groups_.size(), 10U) << "though there were 21 captures";
  EXPECT_EQ(count_said("committed"), 21U);
}

TEST_F(CommitQueueTest, OneCommitIsNotEnormous) {
  submit_in_background();
  wait_for_commits(1);
  for (int caller = 0; caller < 5; ++caller) submit_in_background(2000);
  let_them_come();
  join();
  EXPECT_LE(*std::max_element(groups_.begin(), groups_.end()), 2U);
  EXPECT_EQ(count_said("committed"), 6U);
}

TEST_F(CommitQueueTest, ACommitThatFailsIsToldToAllWhoWereInIt) {
  says_ = "the disk is full";
  submit_in_background();
  wait_for_commits(1);
  for (int caller = 0; caller < 4; ++caller) submit_in_background();
  let_them_come();
  join();
  EXPECT_EQ(count_said("the disk is full"), 5U);
}

TEST_F(CommitQueueTest, ACommitThatThrowsLeavesNobodyWaiting) {
  throws_ = true;
  submit_in_background();
  wait_for_commits(1);
  for (int caller = 0; caller < 4; ++caller) submit_in_background();
  let_them_come();
  join();
  const std::size_t threw = count_said("threw a fault");
  EXPECT_EQ(threw, groups_.size()) << "to those who committed";
  EXPECT_EQ(count_said("the commit that this capture was part of met a fault: capture again"), 5 - threw);
}

TEST_F(CommitQueueTest, ManyCallersAgainAndAgain) {
  let_end(1'000'000);
  constexpr int kCallers = 16;
  constexpr int kTimes = 500;
  for (int caller = 0; caller < kCallers; ++caller)
    callers_.emplace_back([this] {
      for (int time = 0; time < kTimes; ++time) {
        CaptureBatch batch;
        EXPECT_TRUE(queue_.submit(batch).has_value());
      }
    });
  for (std::thread& caller : callers_) caller.join();
  std::size_t committed = 0;
  for (const std::size_t group : groups_) committed += group;
  EXPECT_EQ(committed, static_cast<std::size_t>(kCallers * kTimes));
}

}  // namespace
}  // namespace ptb::test
