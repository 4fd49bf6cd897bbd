// What the recorder of the reference tool keeps, and for how long.
#include "receive/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/utf8.h"

namespace host {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

LogLine call(std::string problem = "", bool repeat = false) {
  LogLine line;
  line.method = "POST";
  line.answer = problem.empty() ? "ok" : "error";
  line.problem = std::move(problem);
  line.repeat = repeat;
  return line;
}

TEST(Recorder, CountsAndForgetsWhenTold) {
  Recorder recorder;
  recorder.add(call());
  recorder.add(call("", true));
  recorder.add(call("wrong mac"));
  EXPECT_EQ(recorder.counts().requests, 3U);
  EXPECT_EQ(recorder.counts().received, 2U);
  EXPECT_EQ(recorder.counts().repeats, 1U);
  EXPECT_EQ(recorder.counts().refused, 1U);
  recorder.clear();
  EXPECT_EQ(recorder.counts().requests, 0U);
  EXPECT_TRUE(recorder.latest(kAll, 10).empty());
  EXPECT_EQ(recorder.find(3), nullptr);
  EXPECT_EQ(recorder.add(call()).number, 4U) << "an old link never shows another request";
}

TEST(Recorder, KeepsTheLatestOnly) {
  Recorder recorder;
  for (std::size_t i = 0; i < Recorder::kMaxRequests + 5; ++i) recorder.add(call());
  EXPECT_EQ(recorder.latest(kAll, 5000).size(), Recorder::kMaxRequests);
  EXPECT_EQ(recorder.find(5), nullptr);
  ASSERT_NE(recorder.find(6), nullptr);
  EXPECT_EQ(recorder.find(6)->number, 6U);
  EXPECT_EQ(recorder.find(Recorder::kMaxRequests + 6), nullptr);
  const auto page = recorder.latest(100, 2);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0]->number, 99U);
  EXPECT_EQ(page[1]->number, 98U);
}

TEST(Recorder, BoundsItsMemory) {
  Recorder recorder;
  auto large = call();
  for (int i = 0; i < 100; ++i) large.params.emplace_back(std::to_string(i), std::string(100'000, 'x'));
  for (int i = 0; i < 100; ++i) recorder.add(large);
  std::size_t bytes = 0;
  for (const auto* one : recorder.latest(kAll, 1000))
    for (const auto& [name, value] : one->line.params) bytes += value.size();
  EXPECT_LE(bytes, Recorder::kMaxBytes);
  EXPECT_GE(recorder.latest(kAll, 1000).size(), 10U);
  EXPECT_THAT(recorder.find(100)->line.param("7"), testing::EndsWith("(100000 bytes in all)"));
}

TEST(Recorder, KeepsTextThatCanBeShown) {
  Recorder recorder;
  auto line = call();
  line.path = "/\xff\xfe";
  std::string umlauts;
  for (int i = 0; i < 20'000; ++i) umlauts += "ä";
  line.headers["x"] = "x" + umlauts;
  const auto& kept = recorder.add(line).line;
  EXPECT_EQ(kept.path, "/??");
  EXPECT_TRUE(is_utf8(kept.headers.at("x")));
}

}  // namespace
}  // namespace host
